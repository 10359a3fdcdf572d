//! Whether an object store keeps its word: without conditional puts two writers could fork a log.

use bytes::Bytes;
use object_store::UpdateVersion;

use super::head_object::Token;
use super::names::Names;
use super::objects::{Objects, Replaced};
use crate::error::StoreError;

/// Tries out all that the head object relies on, on an object of its own.
///
/// # Errors
/// [`StoreError::Io`] if a put that must be refused is not, or the object store can not be reached.
pub(super) async fn conditional_puts(objects: &Objects, names: &Names) -> Result<(), StoreError> {
    let name = names.probe(&Token::random()?);
    let tried = attempt(objects, &name).await;
    objects.delete(name).await?;
    tried
}

async fn attempt(objects: &Objects, name: &object_store::path::Path) -> Result<(), StoreError> {
    let first = written(objects.create(name, Bytes::from_static(b"1")).await?)?;
    refused(&objects.create(name, Bytes::from_static(b"2")).await?, "a second creation")?;
    let second = written(objects.replace(name, Bytes::from_static(b"3"), &first).await?)?;
    refused(
        &objects.replace(name, Bytes::from_static(b"4"), &first).await?,
        "the replacement of an older version",
    )?;
    written(objects.replace(name, Bytes::from_static(b"5"), &second).await?)?;
    Ok(())
}

fn written(replaced: Replaced) -> Result<UpdateVersion, StoreError> {
    match replaced {
        Replaced::By(version) => Ok(version),
        Replaced::NotBy(_) => Err(unusable("refuses what it must take")),
    }
}

fn refused(replaced: &Replaced, what: &str) -> Result<(), StoreError> {
    match replaced {
        Replaced::By(_) => Err(unusable(&format!("lets {what} pass"))),
        Replaced::NotBy(_) => Ok(()),
    }
}

fn unusable(how: &str) -> StoreError {
    let why = format!(
        "this object store {how}: it does not honour conditional puts, and two writers could fork \
         the log. Use one that does"
    );
    StoreError::Io(why.into())
}
