//! A log says where it logged a statement: is it there?

use futures::{StreamExt as _, TryStreamExt as _, stream};
use record::{Entry, Expectation};
use tlog::{LeafIndex, VerifiedCheckpoint};

use super::signer::{SignedExpectation, SignedKeyChange};
use crate::answer::{self, VerifiedInclusion};
use crate::decide::same_version;
use crate::error::{Disproof, Error};
use crate::grpc::Wire;

/// Proofs that are asked for at the same time.
const AT_ONCE: usize = 16;

/// Proves what is at these positions of the checkpoint's tree, in their order.
pub(super) async fn prove(
    wire: &Wire,
    checkpoint: &VerifiedCheckpoint,
    indexes: &[u64],
) -> Result<Vec<VerifiedInclusion>, Error> {
    let prove = |index: &u64| prove_one(wire, checkpoint, *index);
    stream::iter(indexes.iter().map(prove).collect::<Vec<_>>())
        .buffered(AT_ONCE)
        .try_collect()
        .await
}

async fn prove_one(
    wire: &Wire,
    checkpoint: &VerifiedCheckpoint,
    index: u64,
) -> Result<VerifiedInclusion, Error> {
    let size = checkpoint.head().size;
    let index = LeafIndex::new(index).map_err(Error::malformed)?;
    if !size.contains(index) {
        return Err(Error::malformed("a position that its own checkpoint does not cover"));
    }
    let answer = wire.inclusion(index.get(), Some(size)).await?;
    answer::verify_inclusion(checkpoint.clone(), index, answer)
}

/// Whether the entry says what was signed. What the key stated before may be there in its place: the
/// same of the same release, whose version may be spelled in another way.
pub(super) fn check_expectation(
    statement: &SignedExpectation,
    inclusion: &VerifiedInclusion,
) -> Result<(), Error> {
    let SignedExpectation { expectation, key, .. } = statement;
    let says_so = match inclusion.entry().entry() {
        Some(Entry::Expected(entry)) => {
            let logged = Expectation::from(entry);
            let text = logged.text(inclusion.checkpoint().origin());
            same_version(&logged.version, &expectation.version)
                && *expectation == Expectation { version: expectation.version.clone(), ..logged }
                && entry.key == *key
                && key.verifies(&text, &entry.signature) == Ok(true)
        }
        _ => false,
    };
    confirm(says_so, inclusion)
}

/// Whether the entry says what was signed.
pub(super) fn check_key_change(
    statement: &SignedKeyChange,
    inclusion: &VerifiedInclusion,
) -> Result<(), Error> {
    let says_so = match inclusion.entry().entry() {
        Some(Entry::Key(entry)) => statement.clone().into_entry(entry.received) == *entry,
        _ => false,
    };
    confirm(says_so, inclusion)
}

fn confirm(says_so: bool, inclusion: &VerifiedInclusion) -> Result<(), Error> {
    if says_so {
        return Ok(());
    }
    Err(Disproof::Receipt { index: inclusion.entry().index() }.into())
}
