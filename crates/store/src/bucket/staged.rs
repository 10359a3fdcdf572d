//! A batch in one object: for each tile or bundle a line with its path and length, and its bytes.

use bytes::{Buf as _, Bytes};
use tlog::TilePath;

use crate::error::StoreError;
use crate::store::Batch;

pub(super) fn to_bytes(batch: &Batch) -> Bytes {
    let mut bytes = Vec::new();
    for (path, object) in &batch.objects {
        bytes.extend_from_slice(format!("{path} {}\n", object.len()).as_bytes());
        bytes.extend_from_slice(object);
    }
    bytes.into()
}

/// # Errors
/// [`StoreError::Corrupt`] unless `bytes` is what [`to_bytes`] gives for some batch.
pub(super) fn parse(bytes: &Bytes) -> Result<Batch, StoreError> {
    let (mut rest, mut objects) = (bytes.clone(), Vec::new());
    while !rest.is_empty() {
        let object = next(&mut rest);
        objects.push(object.ok_or_else(|| StoreError::Corrupt("a staged batch".to_owned()))?);
    }
    Ok(Batch { objects })
}

fn next(rest: &mut Bytes) -> Option<(TilePath, Bytes)> {
    let end = rest.iter().position(|byte| *byte == b'\n')?;
    let line = rest.split_to(end);
    rest.advance(1);
    let (path, length) = std::str::from_utf8(&line).ok()?.split_once(' ')?;
    let (path, length): (TilePath, usize) = (path.parse().ok()?, length.parse().ok()?);
    (length <= rest.len()).then(|| (path, rest.split_to(length)))
}

#[cfg(test)]
mod tests {
    use tlog::TileKind;

    use super::{Batch, Bytes, TilePath, parse, to_bytes};

    #[test]
    fn a_batch_is_read_back_and_a_damaged_one_refused() {
        let path = |width| TilePath::new(TileKind::Entries, 3, width).unwrap();
        let objects = vec![(path(2), Bytes::from("a\nb")), (path(256), Bytes::new())];
        let bytes = to_bytes(&Batch { objects: objects.clone() });
        assert_eq!(parse(&bytes).unwrap().objects, objects);
        for length in 0..bytes.len() {
            let whole = [0, bytes.len() - "tile/entries/003 0\n".len()];
            assert_eq!(parse(&bytes.slice(..length)).is_ok(), whole.contains(&length), "{length}");
        }
    }
}
