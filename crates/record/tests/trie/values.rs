//! What a key stands for.

use record::{Digest, MapKey, MapValue, PositionsError, map_value};
use tlog::LeafIndex;

fn positions(numbers: &[u64]) -> Vec<LeafIndex> {
    numbers.iter().map(|n| LeafIndex::new(*n).unwrap()).collect()
}

#[test]
fn values_are_hashes_of_ascending_positions() {
    let cases: [&[u64]; 4] = [&[0], &[1, 2], &[0, 255, 256, 1 << 40], &[(1 << 63) - 1]];
    for numbers in cases {
        let bytes: Vec<u8> = numbers.iter().flat_map(|n| n.to_be_bytes()).collect();
        let expected = MapValue::from(*Digest::sha256(&bytes).as_bytes());
        let positions = positions(numbers);
        assert_eq!(map_value(&positions), Ok(expected));
        assert_eq!(map_value(positions), Ok(expected), "owned");
    }
}

#[test]
fn other_positions_are_refused() {
    assert_eq!(map_value(positions(&[])), Err(PositionsError::Empty));
    for (numbers, wrong) in [(vec![5, 5], [5, 5]), (vec![5, 4], [5, 4]), (vec![1, 7, 3, 9], [7, 3])]
    {
        let [last, next] = wrong.map(|n| LeafIndex::new(n).unwrap());
        let error = PositionsError::NotAscending { last, next };
        assert_eq!(map_value(positions(&numbers)), Err(error), "{numbers:?}");
    }
}

#[test]
fn words_have_32_bytes() {
    for length in 0..70 {
        let bytes = vec![7; length];
        assert_eq!(MapKey::try_from(bytes.as_slice()).is_ok(), length == 32);
        assert_eq!(MapValue::try_from(bytes.as_slice()).is_ok(), length == 32);
    }
}
