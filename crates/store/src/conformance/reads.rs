//! Old widths for ever, and nothing that is not there.

use tlog::{FULL_WIDTH, MAX_LEVEL, TileKind, TilePath};

use super::Backend;
use super::script::{assert_reads, grow, objects};

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
    }
}
