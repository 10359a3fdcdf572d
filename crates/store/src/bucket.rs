//! The store in a bucket of an object store, such as S3.
//!
//! | object, below the prefix | what | who may read it |
//! | --- | --- | --- |
//! | `private/head` | the trusted head, and with it the lock: it is only ever replaced by a conditional put | the log |
//! | `private/staged/TOKEN` | everything that a commit writes, in one object | the log |
//! | `public/tile/...`, `public/checkpoint` | the log as C2SP tlog-tiles has it, with the headers of a server | everybody |
//!
//! A commit stages its batch, and then replaces the head by one that names it: that decides. Only then do
//! the objects get their public names, which whoever opens the log repeats, so that recovery is what every
//! commit does. Nothing is ever listed.
//!
//! Several processes agree by a [lease](Seen) in the head object who writes. Nothing depends on it but that they
//! do not get into each other's way: the conditional put alone decides.

mod head_object;
mod lease;
mod names;
mod objects;
mod probe;
mod public;
#[cfg(feature = "s3")]
mod s3;
mod staged;

use std::ops::Range;
use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _, stream};
use object_store::{ObjectStore, PutMode, UpdateVersion};
use tlog::{Hash, SignedCheckpoint, TileKind, TilePath, TreeHead};
use tokio::sync::Mutex;

use crate::error::StoreError;
use crate::halt::Halt;
use crate::rules::{check_commit, check_publish};
use crate::store::{Batch, Store, part_of_whole};
use crate::width::{narrowest, prefix_len};
use head_object::{HeadObject, Token};
pub use lease::Seen;
use names::Names;
use objects::{Objects, Replaced};
pub use public::PublicObjects;

/// Objects that are written at once.
const CONCURRENCY: usize = 16;

/// A log in a bucket. Several processes may have it open; the head object decides whose commit counts.
///
/// # Requirements
/// The object store must honour conditional puts (`If-None-Match: *` and `If-Match` of S3), also when many
/// come at once, and read what was written. The first is tried out at each opening.
pub struct BucketStore {
    objects: Objects,
    names: Names,
    /// What the head object calls this handle while it holds the lease.
    writer: Token,
    /// What this handle knows, held while something is written.
    known: Mutex<Known>,
    /// What readers go by: everything of it has its public name.
    visible: RwLock<TreeHead>,
    halt: Halt,
}

/// The state of the log as this handle saw it last.
struct Known {
    head: HeadObject,
    version: UpdateVersion,
    published: Option<(Option<TreeHead>, UpdateVersion)>,
}

impl BucketStore {
    /// Makes a new, empty log under a prefix and opens it.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`] if there is one; [`StoreError::Io`] if the object store can not be
    /// reached, or does not honour conditional puts.
    pub async fn create(
        objects: Arc<dyn ObjectStore>,
        prefix: &str,
    ) -> Result<BucketStore, StoreError> {
        let (objects, names) = (Objects::new(objects), Names::new(prefix));
        probe::conditional_puts(&objects, &names).await?;
        let head = HeadObject::empty(Token::random()?);
        match objects.put_if(&names.head(), head.to_bytes(), PutMode::Create, &[]).await? {
            Replaced::By(_) => BucketStore::load(objects, names).await,
            Replaced::NotBy(..) => Err(StoreError::AlreadyExists),
        }
    }

    /// Opens the log under a prefix, and finishes what its last commit may have left unfinished.
    ///
    /// # Errors
    /// [`StoreError::Missing`] if there is none; [`StoreError::Corrupt`] if it is damaged;
    /// [`StoreError::Layout`] if another version of this program wrote it; [`StoreError::Io`] if the
    /// object store can not be reached, or does not honour conditional puts.
    pub async fn open(
        objects: Arc<dyn ObjectStore>,
        prefix: &str,
    ) -> Result<BucketStore, StoreError> {
        let store = BucketStore::load(Objects::new(objects), Names::new(prefix)).await?;
        probe::conditional_puts(&store.objects, &store.names).await?;
        Ok(store)
    }

    async fn load(objects: Objects, names: Names) -> Result<BucketStore, StoreError> {
        let Some((bytes, version)) = objects.get(&names.head()).await? else {
            return Err(StoreError::Missing);
        };
        let head = HeadObject::parse(&bytes)?;
        let visible = RwLock::new(head.head);
        let known = Mutex::new(Known { head: head.clone(), version, published: None });
        let (writer, halt) = (Token::random()?, Halt::default());
        let store = BucketStore { objects, names, writer, known, visible, halt };
        store.known.lock().await.published = store.published().await?;
        store.settle_staged(&head).await?;
        Ok(store)
    }

    /// Head and version of the published checkpoint.
    async fn published(&self) -> Result<Option<(Option<TreeHead>, UpdateVersion)>, StoreError> {
        let published = self.objects.get(&self.names.checkpoint()).await?;
        Ok(published.map(|(note, version)| (head_of(&note), version)))
    }

    /// Gives the objects of a head's batch their public names, and removes what that makes superfluous.
    /// May be repeated, by anybody and at any time.
    async fn settle(&self, head: &HeadObject, batch: &Batch) -> Result<(), StoreError> {
        let mut puts = Vec::with_capacity(batch.objects.len());
        for (path, bytes) in &batch.objects {
            puts.push(self.objects.put_tile(self.names.object(path), bytes.clone()).boxed());
        }
        all(puts).await?;
        let mut deletions = Vec::new();
        for path in &head.surplus {
            deletions.push(self.objects.delete(self.names.object(path)).boxed());
        }
        if let Some(before) = &head.before {
            deletions.push(self.objects.delete(self.names.staged(before)).boxed());
        }
        all(deletions).await
    }

    /// The same with the batch as it was staged.
    async fn settle_staged(&self, head: &HeadObject) -> Result<(), StoreError> {
        if head.head == TreeHead::EMPTY {
            return Ok(());
        }
        let name = self.names.staged(&head.token);
        let Some((bytes, _)) = self.objects.get(&name).await? else {
            // Another process has committed on top of it, and thus settled it.
            return match self.objects.get(&self.names.head()).await? {
                Some((bytes, _)) if HeadObject::parse(&bytes)?.token != head.token => Ok(()),
                _ => Err(StoreError::Corrupt(format!("{name} is missing"))),
            };
        };
        self.settle(head, &staged::parse(&bytes)?).await
    }

    /// Looks whether another process moved the head.
    async fn refresh(&self) -> Result<TreeHead, StoreError> {
        let mut known = self.known.lock().await;
        let (bytes, version) = self.head_object().await?;
        let head = HeadObject::parse(&bytes)?;
        if head.token != known.head.token {
            self.settle_staged(&head).await?;
            *known = Known { head: head.clone(), version, published: known.published.take() };
            self.show(head.head);
        }
        Ok(head.head)
    }

    fn visible(&self) -> TreeHead {
        *self.visible.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn show(&self, head: TreeHead) {
        *self.visible.write().unwrap_or_else(PoisonError::into_inner) = head;
    }

    /// The stored object of which `path` is a part, by what this handle knows.
    fn stored(&self, path: &TilePath) -> Option<TilePath> {
        TilePath::at_size(path.kind(), path.index(), self.visible().size)
            .filter(|stored| stored.width() >= path.width())
    }

    /// Reads from the object of which `path` is a part; a second time if another process moved on.
    async fn read<T, F: Future<Output = Result<Option<T>, StoreError>>>(
        &self,
        path: &TilePath,
        read: impl Fn(TilePath) -> F,
    ) -> Result<Option<T>, StoreError> {
        let before = self.stored(path);
        if let Some(stored) = before
            && let Some(found) = read(stored).await?
        {
            return Ok(Some(found));
        }
        self.refresh().await?;
        match self.stored(path) {
            Some(stored) if Some(stored) != before => read(stored).await,
            _ => Ok(None),
        }
    }

    async fn try_commit(
        &self,
        known: &mut Known,
        batch: Batch,
        next: &TreeHead,
    ) -> Result<(), StoreError> {
        let head = known.head.next(*next, &batch, Token::random()?);
        let staged = self.names.staged(&head.token);
        self.objects.put(&staged, staged::to_bytes(&batch)).await?;
        match self.put_head(known, head).await {
            Ok(()) => {}
            Err(
                error @ (StoreError::Conflict { .. } | StoreError::Retired | StoreError::TakenOver),
            ) => {
                // Nobody will ever read it.
                let _ = self.objects.delete(staged).await;
                return Err(error);
            }
            Err(error) => return Err(error),
        }
        self.settle(&known.head, &batch).await?;
        self.show(*next);
        Ok(())
    }

    /// Replaces the head object by `next` if it is as this handle knows it, or at most a statement of its own
    /// about the lease further, whose answer was lost.
    async fn put_head(&self, known: &mut Known, next: HeadObject) -> Result<(), StoreError> {
        if known.head.retired {
            return Err(StoreError::Retired);
        }
        if !self.may_write(&known.head) {
            return Err(StoreError::TakenOver);
        }
        let (name, bytes) = (self.names.head(), next.to_bytes());
        loop {
            let unchanged = PutMode::Update(known.version.clone());
            let put = self.objects.put_if(&name, bytes.clone(), unchanged, &[]);
            let (found, version) = match put.await? {
                Replaced::By(version) => {
                    (known.head, known.version) = (next, version);
                    return Ok(());
                }
                Replaced::NotBy(found, version) => (HeadObject::parse(&found)?, version),
            };
            if !self.may_write(&found) {
                return Err(StoreError::TakenOver);
            }
            let is_own = found.writer.is_some() && found.writer == known.head.writer;
            if !is_own || found.token != known.head.token || found.beat <= known.head.beat {
                let (expected, found) = (known.head.head, found.head);
                return Err(StoreError::Conflict { expected, found });
            }
            (known.head, known.version) = (found, version);
        }
    }

    /// Whether nobody else holds the lease.
    fn may_write(&self, head: &HeadObject) -> bool {
        head.writer.as_ref().is_none_or(|writer| *writer == self.writer)
    }

    async fn try_publish(
        &self,
        known: &mut Known,
        checkpoint: &SignedCheckpoint,
    ) -> Result<(), StoreError> {
        let offered = checkpoint.checkpoint().head();
        let (name, note) = (self.names.checkpoint(), Bytes::from(checkpoint.to_bytes()));
        loop {
            let version = known.published.as_ref().map(|(_, version)| version.clone());
            let unchanged = version.map_or(PutMode::Create, PutMode::Update);
            let put = self.objects.put_if(&name, note.clone(), unchanged, &objects::CHECKPOINT);
            match put.await? {
                Replaced::By(version) => {
                    known.published = Some((Some(offered), version));
                    return Ok(());
                }
                Replaced::NotBy(found, version) => {
                    // The writer before this one may have been late.
                    let found = head_of(&found);
                    if found.is_some_and(|found| found.size > offered.size) {
                        return Err(StoreError::TakenOver);
                    }
                    check_publish(&known.head.head, found.as_ref(), &offered)?;
                    known.published = Some((found, version));
                }
            }
        }
    }

    /// A write that failed leaves this handle unable to write, unless it is certain that nothing happened.
    fn settled(&self, done: Result<(), StoreError>) -> Result<(), StoreError> {
        done.map_err(|error| match error {
            StoreError::Conflict { .. }
            | StoreError::Misuse(_)
            | StoreError::Retired
            | StoreError::TakenOver => error,
            other => self.halt.halt(other),
        })
    }
}

#[async_trait]
impl Store for BucketStore {
    async fn head(&self) -> Result<TreeHead, StoreError> {
        self.halt.check()?;
        self.refresh().await
    }

    async fn get(&self, path: &TilePath) -> Result<Option<Bytes>, StoreError> {
        let whole = self.read(path, |stored| async move {
            Ok(self.objects.get(&self.names.object(&stored)).await?.map(|(bytes, _)| bytes))
        });
        Ok(whole.await?.and_then(|bytes| Some(bytes.slice(..prefix_len(path, &bytes)?))))
    }

    async fn get_part(
        &self,
        kind: TileKind,
        index: u64,
        places: Range<u16>,
    ) -> Result<Option<Bytes>, StoreError> {
        if kind == TileKind::Entries {
            // Where an entry begins is only known from those before it.
            return part_of_whole(self, kind, index, places).await;
        }
        let Some(path) = narrowest(kind, index, &places) else { return Ok(None) };
        let hash = Hash::SIZE as u64;
        let range = u64::from(places.start) * hash..u64::from(places.end) * hash;
        self.read(&path, |stored| self.objects.get_range(self.names.object(&stored), range.clone()))
            .await
    }

    async fn commit(
        &self,
        prev: &TreeHead,
        batch: Batch,
        next: &TreeHead,
    ) -> Result<(), StoreError> {
        check_commit(prev, &batch, next)?;
        self.halt.check()?;
        let mut known = self.known.lock().await;
        let found = known.head.head;
        if found != *prev {
            return Err(StoreError::Conflict { expected: *prev, found });
        }
        let done = self.try_commit(&mut known, batch, next).await;
        self.settled(done)
    }

    async fn publish(&self, checkpoint: &SignedCheckpoint) -> Result<(), StoreError> {
        self.halt.check()?;
        let mut known = self.known.lock().await;
        let published = known.published.as_ref().and_then(|(head, _)| head.as_ref());
        check_publish(&known.head.head, published, &checkpoint.checkpoint().head())?;
        if known.head.retired {
            return Err(StoreError::Retired);
        }
        let done = self.try_publish(&mut known, checkpoint).await;
        self.settled(done)
    }

    async fn checkpoint(&self) -> Result<Option<Bytes>, StoreError> {
        Ok(self.objects.get(&self.names.checkpoint()).await?.map(|(note, _)| note))
    }
}

/// The head that a published note states; `None` for a note that is none, which anything may replace.
fn head_of(note: &[u8]) -> Option<TreeHead> {
    SignedCheckpoint::parse(note).ok().map(|signed| signed.checkpoint().head())
}

/// Does everything, some at a time; the first failure ends it.
async fn all(work: Vec<BoxFuture<'_, Result<(), StoreError>>>) -> Result<(), StoreError> {
    stream::iter(work).buffer_unordered(CONCURRENCY).try_collect().await
}
