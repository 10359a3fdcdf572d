//! How RocksDB is set up: synced, bounded in memory, tiles hot and bundles small.

use rocksdb::{
    BlockBasedOptions, Cache, ColumnFamilyDescriptor, DBCompressionType, DBRecoveryMode, Options,
    WriteOptions,
};

use super::layout::{BUNDLES, REGISTER, TILES};

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// Files that the database holds open. Opening one for a read costs several times the read itself, and a log of
/// 20 million entries that were imported has 300.
const OPEN_FILES: i32 = 2048;

/// What an operator may set for a RocksDB store.
#[derive(Clone, Debug)]
pub struct RocksSettings {
    /// Bytes of memory for what is read often: a quarter for hash tiles, of which whoever proves
    /// something keeps the upper nodes anyway, the rest for bundles. Write buffers take up to 32 MiB
    /// more, and the indexes of the files some 25 MiB in a log of 20 million entries. Default: 384 MiB.
    pub block_cache_bytes: usize,
}

impl Default for RocksSettings {
    fn default() -> RocksSettings {
        RocksSettings { block_cache_bytes: 384 * MIB }
    }
}

/// Options of the database as a whole.
pub(super) fn database(create: bool) -> Options {
    let mut options = Options::default();
    options.create_if_missing(create);
    options.create_missing_column_families(create);
    // A record torn by a power cut was never acknowledged and is dropped. Damage before it would be
    // dropped in silence as well: the acknowledged head, kept outside, reveals that.
    options.set_wal_recovery_mode(DBRecoveryMode::PointInTime);
    options.set_paranoid_checks(true);
    options.set_max_total_wal_size(64 * MIB as u64);
    options.set_db_write_buffer_size(32 * MIB);
    options.set_max_open_files(OPEN_FILES);
    options.set_max_background_jobs(2);
    options.set_keep_log_file_num(4);
    options.set_max_log_file_size(4 * MIB);
    options.set_stats_dump_period_sec(0);
    options
}

/// The column families and their options.
pub(super) fn families(settings: &RocksSettings) -> [ColumnFamilyDescriptor; 4] {
    [
        ColumnFamilyDescriptor::new("default", Options::default()),
        ColumnFamilyDescriptor::new(REGISTER, Options::default()),
        ColumnFamilyDescriptor::new(TILES, tiles(settings)),
        ColumnFamilyDescriptor::new(BUNDLES, bundles(settings)),
    ]
}

/// Options of the tiles. Hashes do not compress.
pub(super) fn tiles(settings: &RocksSettings) -> Options {
    objects(&Cache::new_lru_cache(settings.block_cache_bytes / 4))
}

/// Options of the bundles. Entries are text and compress, each row by itself: a proof needs one of them.
pub(super) fn bundles(settings: &RocksSettings) -> Options {
    let bytes = settings.block_cache_bytes - settings.block_cache_bytes / 4;
    let mut options = objects(&Cache::new_lru_cache(bytes));
    options.set_compression_type(DBCompressionType::Lz4);
    options
}

/// Options for rows of some kilobytes read by key, uncompressed.
fn objects(cache: &Cache) -> Options {
    let mut table = BlockBasedOptions::default();
    table.set_block_cache(cache);
    // A tile, or a row of a bundle, fills a block, so that no other is read with it. There are no
    // filters: keys ascend with the log, so the ranges of the files say where a row is.
    table.set_block_size(4 * KIB);

    let mut options = Options::default();
    options.set_block_based_table_factory(&table);
    options.set_compression_type(DBCompressionType::None);
    options.set_write_buffer_size(16 * MIB);
    options.set_max_write_buffer_number(2);
    options
}

/// Every write waits for the disk.
pub(super) fn synced() -> WriteOptions {
    let mut options = WriteOptions::default();
    options.set_sync(true);
    options
}
