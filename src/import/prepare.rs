//! From records to candidates, on whatever processor is free.

use std::path::PathBuf;
use std::sync::Arc;

use observer::RefusedFile;
use observer::dataset::{Recorded, facts_of_pages};
use record::Fact;

use super::work::{Content, Piece};
use super::{Place, Refusal};
use crate::sequencer::{Candidate, Candidates, KnownNames, Origin};

/// Bytes of a record, about.
const USUAL_RECORD: usize = 512;

/// What a piece holds, in its order.
#[derive(Default)]
pub(super) struct Prepared {
    pub(super) candidates: Vec<(Place, Candidate)>,
    pub(super) refusals: Vec<Refusal>,
}

/// Reads a piece.
pub(super) fn prepare(piece: Piece, via: &Arc<str>, names: &KnownNames) -> Prepared {
    let Piece { file, content, observed } = piece;
    let origin = Origin { via: Arc::clone(via), observed };
    let candidates = Candidates::new(origin, names.clone());
    let mut preparing = Preparing { file, candidates, prepared: Prepared::default() };
    match content {
        Content::Records { layout, first_line, block } => {
            preparing.candidates.expect(block.len() / USUAL_RECORD);
            layout.read(&block, first_line, |line, record| match record {
                Ok(Recorded::File(file)) => preparing.fact(Some(line), Fact::Listed(file)),
                Ok(Recorded::Page(project, page)) => {
                    preparing.facts(Some(line), facts_of_pages(&project, [page]));
                }
                Err(problem) => preparing.refuse(Some(line), problem.to_string()),
            });
        }
        Content::Project { tree, name } => match tree.history(&name) {
            Ok(pages) => preparing.facts(None, facts_of_pages(&name, pages)),
            Err(problem) => preparing.refuse(None, format!("{name}: {problem}")),
        },
    }
    preparing.prepared
}

struct Preparing {
    file: Arc<PathBuf>,
    candidates: Candidates,
    prepared: Prepared,
}

impl Preparing {
    fn facts(&mut self, line: Option<u64>, (facts, refused): (Vec<Fact>, Vec<RefusedFile>)) {
        self.candidates.expect(facts.len());
        for fact in facts {
            self.fact(line, fact);
        }
        for RefusedFile { filename, problem } in refused {
            let filename = filename.unwrap_or_else(|| "a file".to_owned());
            self.refuse(line, format!("{}: {problem}", filename.escape_debug()));
        }
    }

    fn fact(&mut self, line: Option<u64>, fact: Fact) {
        let candidate = match fact {
            Fact::Listed(file) => self.candidates.listed(file),
            fact => Ok(self.candidates.fact(fact)),
        };
        match candidate {
            Ok(candidate) => self.prepared.candidates.push((self.place(line), candidate)),
            Err(problem) => self.refuse(line, problem.to_string()),
        }
    }

    fn refuse(&mut self, line: Option<u64>, why: String) {
        let place = self.place(line);
        self.prepared.refusals.push(Refusal { place, why });
    }

    fn place(&self, line: Option<u64>) -> Place {
        Place { file: Arc::clone(&self.file), line }
    }
}
