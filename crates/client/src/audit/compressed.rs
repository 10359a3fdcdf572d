//! Sources that are kept compressed, as indexes of distributions are.

use std::borrow::Cow;
use std::io::{self, Read};

use flate2::read::MultiGzDecoder;
use lz4_flex::frame::FrameDecoder;
use lzma_rust2::XzReader;
use record::Distribution;

use super::pin::InvalidSource;
use super::source::MAX_SOURCE_LEN;

/// Most memory that unpacking may take, in KiB: what the highest level of xz asks for, and as much again.
const XZ_MEMORY: u32 = 128 << 10;

const GZIP: &[u8] = b"\x1f\x8b";
const LZ4: &[u8] = b"\x04\x22\x4d\x18";
const XZ: &[u8] = b"\xfd7zXZ\0";

/// Extensions of what is unpacked here.
const EXTENSIONS: [&str; 3] = [".gz", ".lz4", ".xz"];

/// Name and content of a source without its compression. The content tells whether it has one;
/// archives of distributions are left as they are.
///
/// # Errors
/// [`InvalidSource`] if it is damaged, or more than [`MAX_SOURCE_LEN`] bytes when unpacked.
pub(super) fn unpack<'a>(
    name: &'a str,
    bytes: &'a [u8],
) -> Result<(&'a str, Cow<'a, [u8]>), InvalidSource> {
    if Distribution::of(name).is_some() {
        return Ok((name, Cow::Borrowed(bytes)));
    }
    let unpacked = match bytes {
        _ if bytes.starts_with(GZIP) => read(MultiGzDecoder::new(bytes)),
        _ if bytes.starts_with(LZ4) => read(FrameDecoder::new(bytes)),
        _ if bytes.starts_with(XZ) => read(XzReader::new_mem_limit(bytes, true, XZ_MEMORY)),
        _ => return Ok((name, Cow::Borrowed(bytes))),
    };
    let unpacked = unpacked
        .map_err(|problem| InvalidSource::whole(format!("cannot be unpacked: {problem}")))?;
    if unpacked.len() > MAX_SOURCE_LEN {
        return Err(InvalidSource::whole(format!("more than {MAX_SOURCE_LEN} bytes unpacked")));
    }
    let bare = EXTENSIONS.iter().find_map(|extension| name.strip_suffix(extension));
    Ok((bare.unwrap_or(name), Cow::Owned(unpacked)))
}

/// All that is unpacked, up to one byte more than may be.
fn read(unpacker: impl Read) -> io::Result<Vec<u8>> {
    let mut unpacked = Vec::new();
    unpacker.take(MAX_SOURCE_LEN as u64 + 1).read_to_end(&mut unpacked)?;
    Ok(unpacked)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use lz4_flex::frame::FrameEncoder;

    use super::*;

    const TEXT: &[u8] = b"Package: a\n";

    /// `TEXT` as the program `xz` packs it.
    const XZ_TEXT: &str = "fd377a585a000004e6d6b4460200210116000000742fe5a301000a5061636b6167653a20610a00007dbb61e20eb0ceee0001230bc21bfd091fb6f37d010000000004595a";

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
        packer.write_all(bytes).unwrap();
        packer.finish().unwrap()
    }

    fn lz4(bytes: &[u8]) -> Vec<u8> {
        let mut packer = FrameEncoder::new(Vec::new());
        packer.write_all(bytes).unwrap();
        packer.finish().unwrap()
    }

    fn xz() -> Vec<u8> {
        let (pairs, _) = XZ_TEXT.as_bytes().as_chunks::<2>();
        let byte = |pair: &[u8; 2]| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap();
        pairs.iter().map(byte).collect()
    }

    #[test]
    fn the_content_tells_how_it_is_packed() {
        for (name, bytes, bare) in [
            ("Sources.gz", gzip(TEXT), "Sources"),
            ("Sources.lz4", lz4(TEXT), "Sources"),
            ("Sources.xz", xz(), "Sources"),
            ("Sources", gzip(TEXT), "Sources"),
            ("Sources", TEXT.to_vec(), "Sources"),
            ("Sources.gz", TEXT.to_vec(), "Sources.gz"),
            ("Sources.gz", [gzip(&TEXT[..4]), gzip(&TEXT[4..])].concat(), "Sources"),
        ] {
            let (read, content) = unpack(name, &bytes).unwrap();
            assert_eq!((read, &*content), (bare, TEXT), "{name}");
        }
        let archive = gzip(TEXT);
        assert_eq!(*unpack("a-1.0.tar.gz", &archive).unwrap().1, archive);
    }

    #[test]
    fn damaged_packages_are_refused() {
        for bytes in [gzip(TEXT), lz4(TEXT), xz()] {
            let refused = unpack("Sources", &bytes[..bytes.len() - 5]).unwrap_err();
            assert!(refused.reason.starts_with("cannot be unpacked: "), "{refused}");
        }
    }

    #[test]
    fn a_bomb_is_refused() {
        let refused = unpack("Sources", &gzip(&vec![0; MAX_SOURCE_LEN + 1])).unwrap_err();
        assert_eq!(refused.reason, "more than 268435456 bytes unpacked");
    }
}
