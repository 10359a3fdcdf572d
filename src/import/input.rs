//! Files of records, unpacked.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context as _;
use flate2::bufread::MultiGzDecoder;

const GZIP: &[u8] = b"\x1f\x8b";
const ZSTD: &[u8] = b"\x28\xb5\x2f\xfd";
/// Bytes that are read from a file at a time.
const BUFFER: usize = 256 << 10;

/// Opens a file of records; its first bytes tell whether it is compressed. `read` is told how many of the
/// file's own bytes were read.
pub(super) fn open(path: &Path, read: &Arc<AtomicU64>) -> anyhow::Result<Box<dyn Read + Send>> {
    let file = File::open(path).with_context(|| format!("{} can not be read", path.display()))?;
    let counted = Counted { file, read: Arc::clone(read) };
    let mut file = BufReader::with_capacity(BUFFER, counted);
    let beginning =
        file.fill_buf().with_context(|| format!("{} can not be read", path.display()))?;
    Ok(if beginning.starts_with(GZIP) {
        Box::new(MultiGzDecoder::new(file))
    } else if beginning.starts_with(ZSTD) {
        Box::new(zstd::Decoder::with_buffer(file)?)
    } else {
        Box::new(file)
    })
}

/// Counts what is read.
struct Counted {
    file: File,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}
