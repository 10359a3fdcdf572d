//! From files to pieces of work.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context as _, bail};
use observer::DirectorySource;
use observer::dataset::Layout;
use record::{ProjectName, Timestamp};

use super::input;
use crate::clock::Clock;

/// Bytes of records in one piece.
const PIECE_BYTES: usize = 256 << 10;
/// Longest record, in bytes: the page of a project may be long.
const MAX_RECORD: usize = 256 << 20;

/// Some records, or the pages of one project.
pub(super) struct Piece {
    pub(super) file: Arc<PathBuf>,
    pub(super) content: Content,
    /// The log's clock when it was read.
    pub(super) observed: Timestamp,
}

pub(super) enum Content {
    Records { layout: Arc<Layout>, first_line: u64, block: Vec<u8> },
    Project { tree: Arc<DirectorySource>, name: ProjectName },
}

/// Reads all files and hands over their pieces in order, for as long as they are taken. What can not be read
/// is the last that is handed over.
pub(super) fn read_all(
    files: &[PathBuf],
    clock: &Clock,
    read: &Arc<AtomicU64>,
    mut take: impl FnMut(anyhow::Result<Piece>) -> bool,
) {
    for path in files {
        let file = Arc::new(path.clone());
        let mut hand_over =
            |content| take(Ok(Piece { file: Arc::clone(&file), content, observed: clock() }));
        let done = if path.is_dir() {
            read_tree(path, read, &mut hand_over)
        } else {
            read_file(path, read, &mut hand_over)
        };
        match done {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => {
                take(Err(error));
                return;
            }
        }
    }
}

/// The projects of a tree, in the order of its list; whether all were taken.
fn read_tree(
    path: &Path,
    read: &AtomicU64,
    take: &mut dyn FnMut(Content) -> bool,
) -> anyhow::Result<bool> {
    let tree = Arc::new(DirectorySource::open(path, &observer::Settings::default())?);
    let list = tree.read_list().with_context(|| format!("{}", path.display()))?;
    let count = list.projects.len().max(1) as u64;
    for (done, project) in (1..).zip(list.projects) {
        if !take(Content::Project { tree: Arc::clone(&tree), name: project.name }) {
            return Ok(false);
        }
        // A tree counts as much as a file of one mebibyte.
        let share = |done| done * super::progress::TREE_BYTES / count;
        read.fetch_add(share(done) - share(done - 1), Ordering::Relaxed);
    }
    Ok(true)
}

/// The records of a file; whether all were taken.
fn read_file(
    path: &Path,
    read: &Arc<AtomicU64>,
    take: &mut dyn FnMut(Content) -> bool,
) -> anyhow::Result<bool> {
    let mut records = Records {
        input: input::open(path, read)?,
        rest: Vec::new(),
        line: 1,
        layout: None,
        is_over: false,
    };
    while let Some(content) = records.next().with_context(|| path.display().to_string())? {
        if !take(content) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Cuts a file into pieces of whole records.
struct Records {
    input: Box<dyn Read + Send>,
    rest: Vec<u8>,
    /// Line at which `rest` begins.
    line: u64,
    layout: Option<Arc<Layout>>,
    is_over: bool,
}

impl Records {
    /// The next piece; `None` at the end of the file.
    fn next(&mut self) -> anyhow::Result<Option<Content>> {
        loop {
            self.fill()?;
            if self.rest.is_empty() {
                return Ok(None);
            }
            let layout = self.layout()?;
            let end = match layout.whole_records(&self.rest) {
                _ if self.is_over => self.rest.len(),
                end => end,
            };
            if end > 0 {
                let rest = self.rest.split_off(end);
                let block = std::mem::replace(&mut self.rest, rest);
                let first_line = self.line;
                self.line += lines(&block);
                return Ok(Some(Content::Records { layout, first_line, block }));
            }
            if self.rest.len() > MAX_RECORD {
                bail!("line {}: a record of more than {MAX_RECORD} bytes", self.line);
            }
        }
    }

    fn fill(&mut self) -> anyhow::Result<()> {
        // As much again as a record that goes on has already, so that it is not looked through too often.
        let wanted = PIECE_BYTES.max(self.rest.len());
        self.rest.reserve(wanted);
        let wanted = wanted as u64;
        let got = self.input.by_ref().take(wanted).read_to_end(&mut self.rest);
        let got = got.with_context(|| format!("damaged or cut off after line {}", self.line))?;
        self.is_over = (got as u64) < wanted;
        Ok(())
    }

    /// How the file is written, from its beginning; a header is taken off.
    fn layout(&mut self) -> anyhow::Result<Arc<Layout>> {
        if let Some(layout) = &self.layout {
            return Ok(Arc::clone(layout));
        }
        let layout = Arc::new(Layout::detect(&self.rest)?);
        if layout.has_header() {
            let header = self.rest.iter().position(|byte| *byte == b'\n');
            self.rest.drain(..header.map_or(self.rest.len(), |end| end + 1));
            self.line += 1;
        }
        Ok(Arc::clone(self.layout.insert(layout)))
    }
}

fn lines(block: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', block).count() as u64
}
