//! Trees in memory: ours and those of two other crates, and the hashing that none can do without.

use std::collections::HashMap;
use std::time::Instant;

use anyhow::{Context as _, ensure};
use ct_merkle::mem_backed_tree::MemoryBackedTree;
use sha2::Sha256;
use tlog::{
    Hash, InclusionProof, LeafIndex, RightEdge, TileKind, TilePath, TreeHead, TreeSize, Verified,
    leaf_hash, node_hash,
};
use tlog_tiles::{HashReader, Tile, TileHashReader, TileReader};

use crate::table::{self, Figure, Row};

/// Entries of the trees.
const SIZE: u32 = 1_000_000;
/// Entries that are added to a tree at once.
const BATCH: u32 = 4096;
/// Bytes of an entry, about those of a real one.
const ENTRY_LEN: usize = 150;
/// Proofs that are made and checked.
const PROOFS: u32 = 20_000;
/// Proofs from checked hashes are about the first entries only: these are what one reader has checked.
const CHECKED: u32 = 65_536;

fn entry(number: u32) -> Vec<u8> {
    let mut entry = vec![b'x'; ENTRY_LEN];
    entry[..4].copy_from_slice(&number.to_be_bytes());
    entry
}

/// Entries all over the tree of `size`.
fn spread(size: u32) -> impl Iterator<Item = u32> {
    (0..PROOFS).map(move |number| number.wrapping_mul(0x9e37_79b1) % size)
}

/// How often a second `work` is done for each of `items`.
fn rate<T>(
    items: impl Iterator<Item = T>,
    mut work: impl FnMut(T) -> anyhow::Result<()>,
) -> anyhow::Result<f64> {
    let (start, mut count) = (Instant::now(), 0_u32);
    for item in items {
        work(item)?;
        count += 1;
    }
    Ok(f64::from(count) / start.elapsed().as_secs_f64())
}

/// What one implementation does, each a second.
#[derive(Clone, Copy, Debug)]
struct Rates {
    append: f64,
    prove: f64,
    /// Proofs from tiles that are checked for each of them; not everybody has tiles.
    through_tiles: Option<f64>,
    verify: f64,
}

/// Prints the lines about trees.
///
/// # Errors
/// Standard output is closed.
pub(crate) fn measure() -> std::io::Result<()> {
    match rates() {
        Ok(rows) => rows.iter().try_for_each(table::row),
        Err(error) => table::row_or_why("trees in memory", Err(error)),
    }
}

fn rates() -> anyhow::Result<Vec<Row>> {
    let entries: Vec<Vec<u8>> = (0..SIZE).map(entry).collect();
    // The first to be built pays for the memory that the others are given again.
    Ours::build(&entries)?;
    let (append, tree) = Ours::build(&entries)?;
    let (ours, proofs) = tree.rates(append, &entries)?;
    let tiles = tlog_tiles_rates(&entries, &tree)?;
    let merkle = ct_merkle_rates(&entries)?;
    let hashing = hashing_rate(&proofs, &entries)?;
    let row = |what: &str, goal, of: fn(&Rates) -> f64| {
        Row::new(what, goal)
            .ours(Figure::rate(of(&ours)))
            .beside("tlog_tiles", Figure::rate(of(&tiles)))
            .beside("ct-merkle", Figure::rate(of(&merkle)))
    };
    let mut rows = vec![
        row("append to a tree of a million in memory, tiles made", "peers", |rates| rates.append),
        row("prove inclusion from hashes in memory", "peers", |rates| rates.prove),
        row("verify inclusion", "peers", |rates| rates.verify),
        Row::new("verify inclusion, against its hashes alone", "0.80")
            .ours(Figure::rate(ours.verify))
            .beside("as many hashes", Figure::rate(hashing)),
    ];
    if let (Some(ours), Some(theirs)) = (ours.through_tiles, tiles.through_tiles) {
        let row = Row::new("prove inclusion through tiles, each checked", "peers");
        rows.push(row.ours(Figure::rate(ours)).beside("tlog_tiles", Figure::rate(theirs)));
    }
    Ok(rows)
}

/// Our tree, with its tiles in memory.
struct Ours {
    head: TreeHead,
    tiles: HashMap<TilePath, Vec<u8>>,
}

impl Ours {
    /// Builds it in batches and says how many entries a second that was.
    fn build(entries: &[Vec<u8>]) -> anyhow::Result<(f64, Ours)> {
        let (mut edge, mut tiles) = (RightEdge::empty(), HashMap::new());
        let batches = rate(entries.chunks(BATCH as usize), |batch| {
            let integrated = edge.append(batch)?;
            edge = integrated.edge;
            tiles.extend(integrated.objects);
            Ok(())
        })?;
        tiles.retain(|path, _| path.kind() != TileKind::Entries);
        Ok((batches * f64::from(BATCH), Ours { head: edge.head(), tiles }))
    }

    fn load<'a>(&'a self, paths: &'a [TilePath]) -> anyhow::Result<Verified> {
        let mut tiles = Vec::with_capacity(paths.len());
        for path in paths {
            tiles.push((*path, self.tiles.get(path).with_context(|| format!("no tile {path}"))?));
        }
        Ok(Verified::new(self.head, tiles)?)
    }

    /// Rates, and the proofs that were verified.
    fn rates(
        &self,
        append: f64,
        entries: &[Vec<u8>],
    ) -> anyhow::Result<(Rates, Vec<(LeafIndex, InclusionProof)>)> {
        let mut proofs = Vec::with_capacity(PROOFS as usize);
        let through_tiles = rate(spread(SIZE), |number| {
            let index = LeafIndex::new(number.into())?;
            let plan = self.head.plan_inclusion(index)?;
            proofs.push((index, self.load(plan.tiles())?.inclusion(index)?));
            Ok(())
        })?;
        let first = LeafIndex::new(0)?;
        let checked = self.head.plan_leaves(first, TreeSize::new(CHECKED.into())?)?;
        let checked = checked.merge(self.head.plan_inclusion(first)?);
        let checked = self.load(checked.tiles())?;
        let prove = rate(spread(CHECKED), |number| {
            checked.inclusion(LeafIndex::new(number.into())?)?;
            Ok(())
        })?;
        let verify = rate(proofs.iter(), |(index, proof)| {
            let leaf = leaf_hash(&entries[usize::try_from(index.get())?]);
            Ok(self.head.verify_inclusion(*index, &leaf, proof)?)
        })?;
        Ok((Rates { append, prove, through_tiles: Some(through_tiles), verify }, proofs))
    }
}

/// The hashes of each proof and its entry, without looking at what they are.
fn hashing_rate(
    proofs: &[(LeafIndex, InclusionProof)],
    entries: &[Vec<u8>],
) -> anyhow::Result<f64> {
    let mut last = Hash::new([0; 32]);
    let hashed = rate(proofs.iter(), |(index, proof)| {
        let leaf = leaf_hash(&entries[usize::try_from(index.get())?]);
        last = proof.hashes().iter().fold(leaf, |below, hash| node_hash(&below, hash));
        Ok(())
    });
    ensure!(std::hint::black_box(last) != Hash::new([0; 32]), "hashes are not zero");
    hashed
}

/// All hashes in the order in which they are stored.
struct Stored(Vec<tlog_tiles::Hash>);

impl HashReader for Stored {
    fn read_hashes(&self, places: &[u64]) -> Result<Vec<tlog_tiles::Hash>, tlog_tiles::Error> {
        let hash = |place: &u64| usize::try_from(*place).ok().and_then(|place| self.0.get(place));
        let hashes = places.iter().map(|place| hash(place).copied());
        let missing = || tlog_tiles::Error::InvalidInput("no such hash".to_owned());
        hashes.collect::<Option<Vec<_>>>().ok_or_else(missing)
    }
}

impl TileReader for Ours {
    fn height(&self) -> u8 {
        8
    }

    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, tlog_tiles::Error> {
        let tile = |tile: &Tile| {
            let width = u16::try_from(tile.width()).ok()?;
            let kind = TileKind::Hashes(tile.level());
            let path = TilePath::new(kind, tile.level_index(), width).ok()?;
            self.tiles.get(&path).cloned()
        };
        let missing = || tlog_tiles::Error::InvalidInput("no such tile".to_owned());
        tiles.iter().map(tile).collect::<Option<Vec<_>>>().ok_or_else(missing)
    }

    fn save_tiles(&self, _: &[Tile], _: &[Vec<u8>]) {}
}

fn tlog_tiles_rates(entries: &[Vec<u8>], ours: &Ours) -> anyhow::Result<Rates> {
    let mut stored = Stored(Vec::with_capacity(2 * SIZE as usize));
    let append = rate((0..).zip(entries), |(number, entry)| {
        let hashes = tlog_tiles::stored_hashes(number, entry, &stored)?;
        stored.0.extend(hashes);
        Ok(())
    })?;
    let size = u64::from(SIZE);
    let root = tlog_tiles::tree_hash(size, &stored)?;
    ensure!(root.0 == *ours.head.root.as_bytes(), "the roots differ");
    let mut proofs = Vec::with_capacity(PROOFS as usize);
    let prove = rate(spread(SIZE), |number| {
        proofs.push((number, tlog_tiles::prove_record(size, number.into(), &stored)?));
        Ok(())
    })?;
    let verify = rate(proofs.iter(), |(number, proof)| {
        let leaf = tlog_tiles::record_hash(&entries[*number as usize]);
        Ok(tlog_tiles::check_record(proof, size, root, (*number).into(), leaf)?)
    })?;
    let through = TileHashReader::new(size, root, ours);
    let through_tiles = rate(spread(SIZE), |number| {
        tlog_tiles::prove_record(size, number.into(), &through)?;
        Ok(())
    })?;
    Ok(Rates { append, prove, through_tiles: Some(through_tiles), verify })
}

fn ct_merkle_rates(entries: &[Vec<u8>]) -> anyhow::Result<Rates> {
    let mut tree = MemoryBackedTree::<Sha256, Vec<u8>>::new();
    let append = rate(entries.iter().cloned(), |entry| {
        tree.push(entry);
        Ok(())
    })?;
    let root = tree.root();
    let mut proofs = Vec::with_capacity(PROOFS as usize);
    let prove = rate(spread(SIZE), |number| {
        proofs.push((number, tree.prove_inclusion(number as usize)));
        Ok(())
    })?;
    let verify = rate(proofs.iter(), |(number, proof)| {
        let verified = root.verify_inclusion(&entries[*number as usize], (*number).into(), proof);
        verified.map_err(|error| anyhow::anyhow!("ct-merkle: {error}"))
    })?;
    Ok(Rates { append, prove, through_tiles: None, verify })
}
