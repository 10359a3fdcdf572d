//! Settling: from rows to pages, and to the map roots of the epochs among them.

use record::{BucketTree, MapBucket, Subtree};
use tlog::{LeafIndex, TreeSize};

use super::lie::{Falsehood, Found};
use super::tables::Tables;
use super::{BITS, DAMAGED, Fault, ReplayedEpoch, Row};

/// What settling came to.
pub(super) enum Settled {
    /// Every epoch is right, and this is the map over all entries taken in.
    True(BucketTree),
    /// The map root of an epoch is not that of the entries before it.
    False(Found),
}

/// Puts rows into their pages and checks the epochs that lie among them.
///
/// `tree` is the map over the entries before them; the newest epoch there was right about the first
/// `since` of these. Nothing of it counts unless the transaction is committed.
pub(super) fn settle(
    tables: &mut Tables<'_>,
    tree: &BucketTree,
    since: TreeSize,
    mut rows: Vec<Row>,
    epochs: &[ReplayedEpoch],
) -> Result<Settled, Fault> {
    rows.sort_unstable();
    let mut changes = vec![Vec::new(); epochs.len() + 1];
    for rows in rows.chunk_by_mut(|one, next| bucket(one) == bucket(next)) {
        settle_bucket(tables, tree, rows, epochs, &mut changes)?;
    }
    tables.clear_runs()?;
    check(tree.clone(), since, epochs, &changes)
}

fn bucket(row: &Row) -> MapBucket {
    MapBucket::of(&row.key, BITS)
}

/// Adds rows to their page, and to `changes` its hash as of each epoch that they lie before.
fn settle_bucket(
    tables: &mut Tables<'_>,
    tree: &BucketTree,
    rows: &mut [Row],
    epochs: &[ReplayedEpoch],
    changes: &mut [Vec<Subtree>],
) -> Result<(), Fault> {
    let Some(first) = rows.first() else { return Ok(()) };
    let bucket = bucket(first);
    let mut page = tables.page(bucket, tree.get(&first.key))?;
    rows.sort_unstable_by_key(|row| row.position);
    let interval = |row: &Row| epochs_before(epochs, row.position);
    let mut newest = None;
    for rows in rows.chunk_by(|one, next| interval(one) == interval(next)) {
        rows.iter().try_for_each(|row| page.add(row))?;
        let subtree = page.subtree()?.ok_or(DAMAGED)?;
        changes[interval(&rows[0])].push(subtree);
        newest = Some(subtree);
    }
    newest.map_or(Ok(()), |subtree| tables.set_page(bucket, &page, &subtree))
}

/// How many epochs come before a position.
fn epochs_before(epochs: &[ReplayedEpoch], position: LeafIndex) -> usize {
    epochs.partition_point(|epoch| epoch.index < position)
}

/// Follows the map from epoch to epoch.
fn check(
    mut tree: BucketTree,
    mut since: TreeSize,
    epochs: &[ReplayedEpoch],
    changes: &[Vec<Subtree>],
) -> Result<Settled, Fault> {
    for (changed, epoch) in changes.iter().zip(epochs.iter().map(Some).chain([None])) {
        tree = tree.with(changed).map_err(|_| DAMAGED)?;
        let Some(epoch) = epoch else { break };
        if tree.root() != epoch.map {
            let (number, stated, computed) = (epoch.number, epoch.map, tree.root());
            let falsehood = Falsehood::MapRoot { number, stated, computed, since };
            return Ok(Settled::False(Found { index: epoch.index, falsehood }));
        }
        since = TreeSize::new(epoch.index.get())?;
    }
    Ok(Settled::True(tree))
}
