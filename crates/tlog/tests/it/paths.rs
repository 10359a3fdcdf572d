//! Paths of tiles and bundles.

use proptest::prelude::*;
use tlog::{TileKind, TilePath, TreeSize};

#[test]
fn an_index_is_written_in_groups_of_three_digits() {
    let cases = [
        (0, "000"),
        (5, "005"),
        (999, "999"),
        (1000, "x001/000"),
        (999_999, "x999/999"),
        (1_000_000, "x001/x000/000"),
        (1_234_067, "x001/x234/067"),
        (u64::MAX, "x018/x446/x744/x073/x709/x551/615"),
    ];
    for (index, text) in cases {
        let path = TilePath::new(TileKind::Hashes(0), index, 256).unwrap();
        assert_eq!(path.to_string(), format!("tile/0/{text}"));
        assert_eq!(format!("tile/0/{text}").parse(), Ok(path));
        let partial = TilePath::new(TileKind::Entries, index, 255).unwrap();
        assert_eq!(partial.to_string(), format!("tile/entries/{text}.p/255"));
        assert_eq!(partial.to_string().parse(), Ok(partial));
    }
}

#[test]
fn anything_else_is_not_a_path() {
    let wrong = [
        "",
        "/tile/0/000",
        "tile/0/000/",
        "tile/0/",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/0/1000",
        "tile/0/x000/001",
        "tile/0/x001/x000",
        "tile/0/001/000",
        "tile/0/xx01/000",
        "tile/0/x1/000",
        "tile/0/x001/0",
        "tile/0/+01",
        "tile/0/-01",
        "tile/00/000",
        "tile/+0/000",
        "tile/64/000",
        "tile/256/000",
        "tile//000",
        "tile/x/000",
        "tile/0/000.p",
        "tile/0/000.p/",
        "tile/0/000.p/0",
        "tile/0/000.p/01",
        "tile/0/000.p/+1",
        "tile/0/000.p/256",
        "tile/0/000.p/257",
        "tile/0/000.p/65537",
        "tile/0/000.p/1.p/1",
        "tile/data/000",
        "tile/8/0/000",
        "tile/Entries/000",
        "tile/0/000 ",
        "tile/0/\u{0661}\u{0662}\u{0663}",
        "tile/0/x018/x446/x744/x073/x709/x551/616",
        "checkpoint",
    ];
    for text in wrong {
        assert!(text.parse::<TilePath>().is_err(), "{text:?}");
    }
}

#[test]
fn levels_and_widths_have_limits() {
    assert!(TilePath::new(TileKind::Hashes(63), 0, 1).is_ok());
    for (kind, width) in
        [(TileKind::Hashes(64), 1), (TileKind::Hashes(0), 0), (TileKind::Entries, 257)]
    {
        assert!(TilePath::new(kind, 0, width).is_err(), "{kind:?} {width}");
    }
}

#[test]
fn the_size_of_a_tree_says_how_wide_its_tiles_are() {
    let cases: [(u64, &str, u64, Option<&str>); 14] = [
        (0, "0", 0, None),
        (255, "0", 0, Some("tile/0/000.p/255")),
        (255, "1", 0, None),
        (256, "0", 0, Some("tile/0/000")),
        (256, "0", 1, None),
        (256, "1", 0, Some("tile/1/000.p/1")),
        (70_000, "0", 272, Some("tile/0/272")),
        (70_000, "0", 273, Some("tile/0/273.p/112")),
        (70_000, "0", 274, None),
        (70_000, "1", 1, Some("tile/1/001.p/17")),
        (70_000, "2", 0, Some("tile/2/000.p/1")),
        (70_000, "3", 0, None),
        (70_000, "entries", 273, Some("tile/entries/273.p/112")),
        (i64::MAX as u64, "0", u64::MAX, None),
    ];
    for (size, kind, index, expected) in cases {
        let kind = kind.parse().map_or(TileKind::Entries, TileKind::Hashes);
        let path = TilePath::at_size(kind, index, TreeSize::new(size).unwrap());
        assert_eq!(path.map(|path| path.to_string()).as_deref(), expected, "{size} {kind:?}");
    }
}

proptest! {
    #[test]
    fn every_path_comes_back(
        kind in prop_oneof![Just(TileKind::Entries), (0..=63_u8).prop_map(TileKind::Hashes)],
        index in any::<u64>(),
        width in 1..=256_u16,
    ) {
        let path = TilePath::new(kind, index, width).unwrap();
        prop_assert_eq!(path.to_string().parse(), Ok(path));
    }

    #[test]
    fn what_parses_is_written_back(text in "tile/(entries|[0-9+]{1,3})/[x0-9/]{1,12}(\\.p/[0-9+]{0,4})?") {
        if let Ok(path) = text.parse::<TilePath>() {
            prop_assert_eq!(path.to_string(), text);
        }
    }

    #[test]
    fn the_partial_tile_is_the_last_one(size in 0..i64::MAX as u64, level in 0..=63_u8) {
        let kind = TileKind::Hashes(level);
        let hashes = size.checked_shr(8 * u32::from(level)).unwrap_or(0);
        let partial = TilePath::partial_at_size(kind, TreeSize::new(size).unwrap());
        let expected = (hashes % 256 != 0).then_some((hashes / 256, hashes % 256));
        prop_assert_eq!(partial.map(|path| (path.index(), u64::from(path.width()))), expected);
    }
}
