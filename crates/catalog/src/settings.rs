//! How much memory the catalog takes.

use rocksdb::{
    BlockBasedOptions, Cache, ColumnFamilyDescriptor, DBCompressionType, LogLevel, Options,
    SliceTransform,
};

use crate::rows::{BUCKETS, EPOCHS, MARKS, META, PARTS, PREFIX_LEN, ROWS};

/// Memory of a catalog's database. What it answers does not depend on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Bytes for blocks read from disk. The indexes and filters of all files stay in memory beside them, some
    /// 140 MiB in a log of 20 million files.
    pub block_cache: usize,
    /// Bytes of new rows that are gathered before they are written as a file. While one such buffer is written
    /// and sorted for it, three exist. What is kept beside the rows takes as much again at most.
    pub write_buffer: usize,
}

impl Default for Settings {
    /// 64 MiB of cache, 16 MiB of new rows.
    fn default() -> Settings {
        Settings { block_cache: 64 << 20, write_buffer: 16 << 20 }
    }
}

/// File handles the database may hold open.
const OPEN_FILES: i32 = 512;

/// Bits of the filter for each key: about 0.2 % of look-ups of absent keys read a block of a file in vain, and there
/// may be ten files.
const FILTER_BITS: f64 = 14.0;

impl Settings {
    /// The column families and their options.
    pub(crate) fn families(&self) -> Vec<ColumnFamilyDescriptor> {
        let cache = Cache::new_lru_cache(self.block_cache);
        let plain = [BUCKETS, EPOCHS, MARKS, META, PARTS]
            .map(|name| ColumnFamilyDescriptor::new(name, self.plain(&cache)));
        let rows = ColumnFamilyDescriptor::new(ROWS, self.rows(&cache));
        plain.into_iter().chain([rows]).collect()
    }

    /// Options of the families beside the rows.
    pub(crate) fn plain(&self, cache: &Cache) -> Options {
        let mut blocks = BlockBasedOptions::default();
        blocks.set_block_cache(cache);
        self.options(&blocks)
    }

    /// Options of the rows.
    pub(crate) fn rows(&self, cache: &Cache) -> Options {
        let mut blocks = BlockBasedOptions::default();
        blocks.set_block_cache(cache);
        // Filters are whole and not in the cache: most keys that are asked for are new, and to find a piece of a
        // filter in the cache costs more than to ask it. Every look-up is for a map key, never for a whole row.
        blocks.set_whole_key_filtering(false);
        blocks.set_bloom_filter(FILTER_BITS, false);

        let mut options = self.options(&blocks);
        options.set_prefix_extractor(SliceTransform::create_fixed_prefix(PREFIX_LEN));
        options
    }

    fn options(&self, blocks: &BlockBasedOptions) -> Options {
        let mut options = Options::default();
        options.set_block_based_table_factory(blocks);
        options.set_compression_type(DBCompressionType::Lz4);
        options.set_write_buffer_size(self.write_buffer);
        // As much as waits above it: rows come in random order, so each file from there meets all of it.
        options.set_max_bytes_for_level_base(4 * self.write_buffer as u64);
        options
    }
}

/// Options of the database as a whole.
pub(crate) fn database() -> Options {
    let mut options = Options::default();
    options.create_if_missing(true);
    options.create_missing_column_families(true);
    // Rows and cursor reach the disk together: there is no log of writes.
    options.set_atomic_flush(true);
    options.set_max_open_files(OPEN_FILES);
    options.set_keep_log_file_num(2);
    options.set_log_level(LogLevel::Warn);
    options
}
