//! How far a replay has come, as one word of the database.

use record::MapRoot;
use tlog::{CompactRange, Hash, LeafIndex, TreeSize};

use super::ReplayedEpoch;

/// How far a replay has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Position {
    /// The leaves of all entries taken in.
    pub(super) range: CompactRange,
    /// How many epochs are among them: the number that the next one has to have.
    pub(super) epochs: u64,
    /// Entries whose rows are in the pages and whose epochs were checked.
    pub(super) settled: TreeSize,
    /// Root of the map over the settled entries.
    pub(super) map: MapRoot,
    /// The newest epoch among them.
    pub(super) newest: Option<ReplayedEpoch>,
}

impl Position {
    /// Before the first entry.
    pub(super) const START: Position = Position {
        range: CompactRange::new(),
        epochs: 0,
        settled: TreeSize::ZERO,
        map: MapRoot::EMPTY,
        newest: None,
    };

    /// Size, roots of its compact range, epochs, settled size, map root; number, position and map root of
    /// the newest epoch, if there is one.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.range.size().get().to_be_bytes().to_vec();
        self.range.roots().iter().for_each(|root| bytes.extend(root.as_bytes()));
        bytes.extend(self.epochs.to_be_bytes());
        bytes.extend(self.settled.get().to_be_bytes());
        bytes.extend(self.map.as_bytes());
        if let Some(newest) = &self.newest {
            bytes.extend(newest.number.to_be_bytes());
            bytes.extend(newest.index.get().to_be_bytes());
            bytes.extend(newest.map.as_bytes());
        }
        bytes
    }

    /// The inverse of [`to_bytes`](Position::to_bytes); `None` for what that never writes.
    pub(super) fn parse(mut bytes: &[u8]) -> Option<Position> {
        let size = TreeSize::new(number(&mut bytes)?).ok()?;
        let roots = (0..size.get().count_ones()).map(|_| word(&mut bytes).map(Hash::new));
        let range = CompactRange::from_roots(size, roots.collect::<Option<Vec<Hash>>>()?)?;
        let epochs = number(&mut bytes)?;
        let settled = TreeSize::new(number(&mut bytes)?).ok()?;
        let map = MapRoot::from(word(&mut bytes)?);
        let newest = match bytes {
            [] => None,
            _ => Some(ReplayedEpoch {
                number: number(&mut bytes)?,
                index: LeafIndex::new(number(&mut bytes)?).ok()?,
                map: MapRoot::from(word(&mut bytes)?),
            }),
        };
        bytes.is_empty().then_some(Position { range, epochs, settled, map, newest })
    }
}

fn number(bytes: &mut &[u8]) -> Option<u64> {
    let (number, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(u64::from_be_bytes(*number))
}

fn word(bytes: &mut &[u8]) -> Option<[u8; 32]> {
    let (word, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*word)
}

#[cfg(test)]
mod tests {
    use tlog::leaf_hash;

    use super::*;

    #[test]
    fn positions_come_back() {
        let mut position = Position::START;
        for count in 0..5_u64 {
            let bytes = position.to_bytes();
            assert_eq!(Position::parse(&bytes), Some(position.clone()));
            assert_eq!(Position::parse(&bytes[1..]), None);
            assert_eq!(Position::parse(&[&bytes[..], &[0]].concat()), None);
            position.settled = position.range.size();
            position.range.append(leaf_hash(&count.to_be_bytes())).unwrap();
            position.epochs = count;
            position.map = MapRoot::from([7; 32]);
            let index = LeafIndex::new(count).unwrap();
            position.newest = Some(ReplayedEpoch { index, number: 3, map: position.map });
        }
    }
}
