//! The directory of a log: what lies where, and the two ways to come by it, creating and opening.
//!
//! | name | what | trust |
//! | --- | --- | --- |
//! | `key` | the signing key, as secret note key text | whoever reads it can fork the log |
//! | `head` | the newest signed head, outside the store | rolled back with the store, it forks the log |
//! | `frozen` | the last head of a log that is never written again | like `head` |
//! | `heads/` | newest head of a log that is followed, and proofs that it forked | like `head` |
//! | `bucket` | URL of the bucket that is the store, in place of `store/` | like `head` |
//! | `store/` | entries, tiles, the trusted head | its head like `head`; every other byte is checked |
//! | `store.moved/` | what `store/` was before the log was moved to a bucket | never to be written again |
//! | `catalog/` | derived; may be deleted | none |
//! | `conflicts` | which entries are conflicts; derived, may be deleted | none |
//! | `enrolments` | publisher keys that wait for the operator | whoever writes it may ask |
//! | `observer/` | what the observer has seen; may be deleted, costs a full reading | none |

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use catalog::Catalog;
use store::{BucketStore, RocksStore, Store, StoreError};
use tlog::{SignedCheckpoint, SigningKey, VerifyingKey};

use crate::durable;

/// The store of a log, by where it is.
pub enum LogStore {
    /// In the log's directory.
    Local(Arc<RocksStore>),
    /// In a bucket.
    Bucket(Arc<BucketStore>),
}

impl LogStore {
    /// The store, wherever it is.
    pub fn shared(&self) -> Arc<dyn Store> {
        match self {
            LogStore::Local(store) => Arc::clone(store) as Arc<dyn Store>,
            LogStore::Bucket(store) => Arc::clone(store) as Arc<dyn Store>,
        }
    }
}

/// A directory that holds, or will hold, one log.
#[derive(Clone, Debug)]
pub struct DataDir(PathBuf);

impl DataDir {
    /// The directory at `path`.
    pub fn new(path: PathBuf) -> DataDir {
        DataDir(path)
    }

    /// Creates a log: a new key and an empty store. Refuses a directory that holds anything.
    ///
    /// # Errors
    /// A directory that is not empty or can not be written, or an origin that can not be one.
    pub fn create(&self, origin: &str) -> anyhow::Result<VerifyingKey> {
        let key = self.create_key(origin)?;
        RocksStore::create(self.store())?;
        Ok(key)
    }

    /// The same with a store in the bucket at `url`, `s3://BUCKET/PREFIX`.
    ///
    /// # Errors
    /// As [`create`](DataDir::create), and a bucket that holds a log there, or can not be used.
    pub async fn create_in_bucket(&self, origin: &str, url: &str) -> anyhow::Result<VerifyingKey> {
        let key = self.create_key(origin)?;
        BucketStore::create_at(url).await.with_context(|| format!("no log in {url}"))?;
        self.remember_bucket(url)?;
        Ok(key)
    }

    fn create_key(&self, origin: &str) -> anyhow::Result<VerifyingKey> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).context("the system gives no randomness")?;
        let key = SigningKey::from_seed(origin, &seed)
            .with_context(|| format!("{origin:?} can not be the name of a log"))?;
        tlog::Checkpoint::new(origin, tlog::TreeHead::EMPTY)
            .with_context(|| format!("{origin:?} can not be the name of a log"))?;
        self.make_empty()?;
        self.write_key(&key).context("the signing key can not be written")?;
        Ok(key.verifying_key().clone())
    }

    fn make_empty(&self) -> anyhow::Result<()> {
        let path = &self.0;
        match fs::read_dir(path) {
            Ok(mut entries) => {
                if entries.next().is_some() {
                    bail!(
                        "{} is not empty, and a log is never created over something: \
                         choose another directory, or `indelibled serve` the log that is there",
                        path.display()
                    );
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                fs::DirBuilder::new()
                    .recursive(true)
                    .mode(0o700)
                    .create(path)
                    .with_context(|| format!("{} can not be created", path.display()))?;
            }
            Err(error) => return Err(error).context(format!("{} can not be read", path.display())),
        }
        Ok(())
    }

    fn write_key(&self, key: &SigningKey) -> io::Result<()> {
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create_new(true).mode(0o600).open(self.key_file())?;
        file.write_all(key.secret_text().as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        File::open(&self.0)?.sync_all()
    }

    /// The signing key. It is never created here.
    ///
    /// # Errors
    /// A key that is missing or is not one.
    pub fn key(&self) -> anyhow::Result<SigningKey> {
        let path = self.key_file();
        let text = fs::read_to_string(&path).with_context(|| {
            format!(
                "{} holds no readable signing key; `indelibled init` creates a log, \
                 and an existing log is never given a new key",
                path.display()
            )
        })?;
        SigningKey::parse(text.trim_end_matches('\n'))
            .with_context(|| format!("{} is not a signing key", path.display()))
    }

    /// Opens the store.
    ///
    /// # Errors
    /// A store that is missing, damaged, or open in another process; a bucket that can not be used.
    pub async fn open_store(&self) -> anyhow::Result<LogStore> {
        match self.bucket_url()? {
            None => Ok(LogStore::Local(Arc::new(self.open_local_store()?))),
            Some(url) => Ok(LogStore::Bucket(open_bucket(&url).await?)),
        }
    }

    /// Opens the store, of which the operator says that it is in the bucket at `url`. That is remembered.
    ///
    /// # Errors
    /// As [`open_store`](DataDir::open_store), and a log whose store is elsewhere.
    pub async fn open_store_at(&self, url: &str) -> anyhow::Result<LogStore> {
        let elsewhere = match self.bucket_url()? {
            Some(known) if known != url => Some(known),
            None if self.store().exists() => Some(self.store().display().to_string()),
            _ => None,
        };
        if let Some(elsewhere) = elsewhere {
            bail!(
                "this log's store is {elsewhere}, not {url}: leave out the store, or move the log with \
                 `indelibled migrate`"
            );
        }
        let store = open_bucket(url).await?;
        self.remember_bucket(url)?;
        Ok(LogStore::Bucket(store))
    }

    /// URL of the bucket that is the store; `None` if the store is in the directory.
    ///
    /// # Errors
    /// A file that can not be read.
    pub fn bucket_url(&self) -> anyhow::Result<Option<String>> {
        let path = self.bucket();
        match fs::read_to_string(&path) {
            Ok(url) => Ok(Some(url.trim_end().to_owned())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).context(format!("{} can not be read", path.display())),
        }
    }

    /// Opens, or creates, the store that the log is to be moved to: in the bucket at a URL, or in the directory.
    /// The log's store stays what it is.
    ///
    /// # Errors
    /// A store that is the log's already, is damaged, or can not be used.
    pub async fn open_target(&self, url: Option<&str>) -> anyhow::Result<LogStore> {
        let now = self.bucket_url()?;
        if now.as_deref() == url {
            let place = url.map_or_else(|| self.0.display().to_string(), str::to_owned);
            bail!("the log is in {place} already");
        }
        let Some(url) = url else {
            let path = self.store();
            let store =
                if path.exists() { self.open_local_store() } else { Ok(RocksStore::create(path)?) };
            return Ok(LogStore::Local(Arc::new(store?)));
        };
        match BucketStore::create_at(url).await {
            Ok(store) => Ok(LogStore::Bucket(Arc::new(store))),
            Err(StoreError::AlreadyExists) => Ok(LogStore::Bucket(open_bucket(url).await?)),
            Err(error) => Err(error).with_context(|| format!("{url} can not be used")),
        }
    }

    /// Makes the bucket at a URL, or the directory, the log's store. What was the store in the directory is
    /// kept under another name.
    ///
    /// # Errors
    /// A disk that fails: the old or the new one is the store.
    pub fn switch(&self, url: Option<&str>) -> anyhow::Result<()> {
        match url {
            Some(url) => {
                self.remember_bucket(url)?;
                fs::rename(self.store(), self.0.join("store.moved"))?;
            }
            None => fs::remove_file(self.bucket())?,
        }
        File::open(&self.0)?.sync_all()?;
        Ok(())
    }

    fn remember_bucket(&self, url: &str) -> io::Result<()> {
        durable::replace(&self.bucket(), format!("{url}\n").as_bytes())
    }

    /// Opens the copy of a log that another process writes; an empty one if there is none.
    ///
    /// # Errors
    /// A directory that holds a log of its own, or a copy that is damaged or open in another process.
    pub fn open_copy(&self) -> anyhow::Result<RocksStore> {
        if self.key_file().exists() || self.bucket().exists() {
            bail!(
                "{} holds a log of its own, and a copy is never made over it: choose another directory",
                self.0.display()
            );
        }
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.0)
            .with_context(|| format!("{} can not be created", self.0.display()))?;
        if self.store().exists() {
            self.open_local_store()
        } else {
            Ok(RocksStore::create(self.store())?)
        }
    }

    /// Opens the store of a log that has it in its directory.
    ///
    /// # Errors
    /// As [`open_store`](DataDir::open_store).
    pub fn open_local_store(&self) -> anyhow::Result<RocksStore> {
        let path = self.store();
        RocksStore::open(&path)
            .with_context(|| format!("the store {} can not be opened", path.display()))
    }

    /// Opens the catalog, an empty one if there is none.
    ///
    /// # Errors
    /// A catalog that is damaged or of another log.
    pub fn open_catalog(&self, origin: &str) -> anyhow::Result<Catalog> {
        let path = self.catalog();
        Catalog::open(&path, origin).with_context(|| {
            format!(
                "the catalog {} can not be opened; it is derived: delete it and start again",
                path.display()
            )
        })
    }

    /// The directory itself.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The head remembered outside the store, unless the operator puts it elsewhere.
    pub fn head_file(&self) -> PathBuf {
        self.0.join("head")
    }

    /// The last head of a frozen log; `None` if the log is not frozen.
    ///
    /// # Errors
    /// A mark that can not be read.
    pub fn frozen(&self) -> anyhow::Result<Option<SignedCheckpoint>> {
        let path = self.frozen_file();
        match fs::read(&path) {
            Ok(note) => {
                let last = SignedCheckpoint::parse(&note);
                last.map(Some).with_context(|| format!("{} is damaged", path.display()))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).context(format!("{} can not be read", path.display())),
        }
    }

    /// Marks the log as frozen; `note` is its last head.
    ///
    /// # Errors
    /// The disk does not take it.
    pub fn freeze(&self, note: &[u8]) -> io::Result<()> {
        durable::replace(&self.frozen_file(), note)
    }

    fn frozen_file(&self) -> PathBuf {
        self.0.join("frozen")
    }

    /// What is remembered of a log that is followed.
    pub fn heads(&self) -> PathBuf {
        self.0.join("heads")
    }

    /// Which entries are conflicts.
    pub fn conflicts_file(&self) -> PathBuf {
        self.0.join("conflicts")
    }

    /// Publisher keys that wait for the operator.
    pub fn pending_file(&self) -> PathBuf {
        self.0.join("enrolments")
    }

    /// What the observer keeps.
    pub fn observer(&self) -> PathBuf {
        self.0.join("observer")
    }

    /// The catalog's directory.
    pub fn catalog(&self) -> PathBuf {
        self.0.join("catalog")
    }

    /// The signing key's file.
    pub fn key_file(&self) -> PathBuf {
        self.0.join("key")
    }

    fn bucket(&self) -> PathBuf {
        self.0.join("bucket")
    }

    /// The store's directory, if the log has it here.
    pub fn store(&self) -> PathBuf {
        self.0.join("store")
    }
}

async fn open_bucket(url: &str) -> anyhow::Result<Arc<BucketStore>> {
    let store = BucketStore::open_at(url).await;
    Ok(Arc::new(store.with_context(|| format!("the store {url} can not be opened"))?))
}
