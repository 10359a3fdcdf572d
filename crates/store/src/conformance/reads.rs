//! Old widths for ever, and nothing that is not there.

use std::ops::Range;

use tlog::{FULL_WIDTH, MAX_LEVEL, TileKind, TilePath};

use super::Backend;
use super::script::{assert_reads, assert_reads_part, grow, objects};

/// A log grown in small steps still answers for every width each object ever had, and every one
/// between.
pub(super) async fn every_width_stays_readable(backend: &dyn Backend) {
    let store = backend.create("every-width-stays").await.expect("the place is free");
    let sizes = [0, 1, 100, 255, 256, 400, 512, 600, 66_000];
    for (from, to) in sizes.into_iter().zip(sizes.into_iter().skip(1)) {
        grow(&*store, from, to).await.expect("no other writer");
        for widest in objects(to).into_iter().filter(|path| path.index() < 3) {
            for width in (1..=widest.width()).filter(|width| width % 51 == 1 || width % 64 < 2) {
                let path = TilePath::new(widest.kind(), widest.index(), width)
                    .expect("narrower than a valid width");
                assert_reads(&*store, &path).await;
            }
        }
    }
}

/// Every part of an object is what the whole has there.
pub(super) async fn parts_are_those_of_the_whole(backend: &dyn Backend) {
    let store = backend.create("parts").await.expect("the place is free");
    grow(&*store, 0, 300).await.expect("no other writer");
    grow(&*store, 300, 500).await.expect("no other writer");
    for path in objects(500) {
        let width = path.width();
        let ends = [0, 1, 7, 8, 15, 16, 17, 31, 32, 100, width.max(1) - 1, width];
        for start in ends.into_iter().filter(|start| *start <= width) {
            for end in ends.into_iter().filter(|end| (start + 1..=width).contains(end)) {
                assert_reads_part(&*store, &path, start..end).await;
            }
        }
    }
}

pub(super) async fn nothing_beyond_what_is_committed(backend: &dyn Backend) {
    let store = backend.create("nothing-beyond").await.expect("the place is free");
    grow(&*store, 0, 300).await.expect("no other writer");
    let absent = [
        (TileKind::Hashes(0), 1, 45),
        (TileKind::Hashes(0), 1, FULL_WIDTH),
        (TileKind::Hashes(0), 2, 1),
        (TileKind::Hashes(0), u64::MAX, 1),
        (TileKind::Hashes(1), 0, 2),
        (TileKind::Hashes(2), 0, 1),
        (TileKind::Hashes(MAX_LEVEL), 0, 1),
        (TileKind::Entries, 1, 45),
        (TileKind::Entries, 1, FULL_WIDTH),
        (TileKind::Entries, 2, 1),
        (TileKind::Entries, u64::MAX, FULL_WIDTH),
    ];
    for (kind, index, width) in absent {
        let path = TilePath::new(kind, index, width).expect("a valid path");
        assert_eq!(store.get(&path).await.expect("the store answers"), None, "{path}");
        let last = store.get_part(kind, index, width - 1..width).await;
        assert_eq!(last.expect("the store answers"), None, "the last of {path}");
    }
    for places in [0..0, 7..7, 300..301, 250..257, Range { start: 5, end: 4 }] {
        for kind in [TileKind::Entries, TileKind::Hashes(0)] {
            let part = store.get_part(kind, 0, places.clone()).await;
            assert_eq!(part.expect("the store answers"), None, "{kind:?} {places:?}");
        }
    }
}
