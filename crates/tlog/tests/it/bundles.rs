//! Entry bundles.

use proptest::prelude::*;
use tlog::{Bundle, EntryTooLong, InvalidBundle, MAX_ENTRY_LEN, append_entry, bundle_prefix};

fn bundle(entries: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in entries {
        append_entry(&mut bytes, entry).unwrap();
    }
    bytes
}

#[test]
fn an_entry_is_its_length_and_its_bytes() {
    assert_eq!(bundle(&[b"ab".to_vec(), vec![]]), [0, 2, b'a', b'b', 0, 0]);
    let longest = bundle(&[vec![7; MAX_ENTRY_LEN]]);
    assert_eq!(longest[..2], [0xff, 0xff]);
    assert_eq!(longest.len(), 2 + MAX_ENTRY_LEN);
}

#[test]
fn an_entry_that_is_too_long_changes_nothing() {
    let mut bytes = bundle(&[b"ab".to_vec()]);
    let before = bytes.clone();
    let refused = append_entry(&mut bytes, &vec![0; MAX_ENTRY_LEN + 1]);
    assert_eq!(refused, Err(EntryTooLong(MAX_ENTRY_LEN + 1)));
    assert_eq!(bytes, before);
}

#[test]
fn only_the_exact_number_of_entries_parses() {
    let cases: [(&[u8], u16, bool); 9] = [
        (&[], 0, true),
        (&[], 1, false),
        (&[0], 0, false),
        (&[0], 1, false),
        (&[0, 0], 1, true),
        (&[0, 1], 1, false),
        (&[0, 1, 9], 1, true),
        (&[0, 1, 9, 9], 1, false),
        (&[0, 1, 9, 0, 0], 1, false),
    ];
    for (bytes, width, ok) in cases {
        let parsed = Bundle::parse(bytes, width).map(|_| ());
        assert_eq!(parsed, if ok { Ok(()) } else { Err(InvalidBundle { width }) }, "{bytes:?}");
    }
    assert!(Bundle::parse(&[0; 8], u16::MAX).is_err());
}

proptest! {
    #[test]
    fn entries_come_back_and_every_prefix_is_a_bundle(
        entries in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..20),
    ) {
        let bytes = bundle(&entries);
        for width in 0..=entries.len() {
            let narrow = u16::try_from(width).unwrap();
            let len = bundle_prefix(&bytes, narrow).unwrap();
            prop_assert_eq!(&bytes[..len], bundle(&entries[..width]));
            let parsed = Bundle::parse(&bytes[..len], narrow).unwrap();
            prop_assert_eq!(parsed.entries().collect::<Vec<_>>(), &entries[..width]);
            prop_assert_eq!(parsed.get(width), None);
        }
        let beyond = u16::try_from(entries.len() + 1).unwrap();
        prop_assert_eq!(bundle_prefix(&bytes, beyond), None);
    }

    #[test]
    fn what_parses_is_written_back(bytes in prop::collection::vec(0..4_u8, 0..24), width in 0..9_u16) {
        if let Ok(parsed) = Bundle::parse(&bytes, width) {
            let entries: Vec<Vec<u8>> = parsed.entries().map(<[u8]>::to_vec).collect();
            prop_assert_eq!(bundle(&entries), bytes);
        }
    }
}
