//! Whether an object store keeps its word: without conditional puts two writers could fork a log.

use bytes::Bytes;
use object_store::path::Path;
use object_store::{PutMode, UpdateVersion};

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

async fn attempt(objects: &Objects, name: &Path) -> Result<(), StoreError> {
    let put = |byte: &'static [u8], mode| objects.put_if(name, Bytes::from_static(byte), mode, &[]);
    let first = written(put(b"1", PutMode::Create).await?)?;
    refused(&put(b"2", PutMode::Create).await?, "a second creation")?;
    let second = written(put(b"3", PutMode::Update(first.clone())).await?)?;
    refused(&put(b"4", PutMode::Update(first)).await?, "the replacement of an older version")?;
    written(put(b"5", PutMode::Update(second)).await?)?;
    Ok(())
}

fn written(replaced: Replaced) -> Result<UpdateVersion, StoreError> {
    match replaced {
        Replaced::By(version) => Ok(version),
        Replaced::NotBy(..) => Err(unusable("refuses what it must take")),
    }
}

fn refused(replaced: &Replaced, what: &str) -> Result<(), StoreError> {
    match replaced {
        Replaced::By(_) => Err(unusable(&format!("lets {what} pass"))),
        Replaced::NotBy(..) => Ok(()),
    }
}

fn unusable(how: &str) -> StoreError {
    let why = format!(
        "this object store {how}: it does not honour conditional puts, and two writers could fork \
         the log. Use one that does"
    );
    StoreError::Io(why.into())
}
