//! How RocksDB is set up: synced, bounded in memory, tiles hot and bundles small.

use rocksdb::{
    BlockBasedOptions, Cache, ColumnFamilyDescriptor, DBCompressionType, DBRecoveryMode, Options,
    WriteOptions,
};

use super::layout::{BUNDLES, REGISTER, TILES};

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// What an operator may set for a RocksDB store.
#[derive(Clone, Debug)]
pub struct RocksSettings {
    /// Bytes of memory for what is read often: three quarters for hash tiles, one for bundles, so
    /// that a reader of the whole log does not drive out the tiles that proofs need. Write buffers
    /// take up to 32 MiB more. Default: 64 MiB.
    pub block_cache_bytes: usize,
}

impl Default for RocksSettings {
    fn default() -> RocksSettings {
        RocksSettings { block_cache_bytes: 64 * MIB }
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
    options.set_max_open_files(256);
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

/// Options of the tiles. Hashes do not compress; a block holds one or two full tiles.
pub(super) fn tiles(settings: &RocksSettings) -> Options {
    let bytes = settings.block_cache_bytes - settings.block_cache_bytes / 4;
    objects(&Cache::new_lru_cache(bytes), 16 * KIB)
}

/// Options of the bundles. Entries are text and compress well; what is old is compressed harder.
pub(super) fn bundles(settings: &RocksSettings) -> Options {
    let mut options = objects(&Cache::new_lru_cache(settings.block_cache_bytes / 4), 32 * KIB);
    options.set_compression_type(DBCompressionType::Lz4);
    options.set_bottommost_compression_type(DBCompressionType::Zstd);
    options
}

/// Options of bundles in files that are written sorted: RocksDB puts those at the bottom at once, where
/// it would compress them harder, which takes longer than all the rest.
pub(super) fn sorted_bundles(settings: &RocksSettings) -> Options {
    let mut options = bundles(settings);
    options.set_bottommost_compression_type(DBCompressionType::Lz4);
    options
}

/// Options for large values read by key, uncompressed.
fn objects(cache: &Cache, block_bytes: usize) -> Options {
    let mut table = BlockBasedOptions::default();
    table.set_block_cache(cache);
    table.set_block_size(block_bytes);
    table.set_bloom_filter(10.0, false);
    table.set_cache_index_and_filter_blocks(true);
    table.set_pin_l0_filter_and_index_blocks_in_cache(true);

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
