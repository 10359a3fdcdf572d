//! The last word of a log: an epoch over all of it, and a head that is published and never followed by another.

use std::sync::Arc;

use thiserror::Error;
use tokio_util::sync::CancellationToken;

use super::{OPENING, OpenError, Parts, Reading, Sequencer, StepError};
use crate::published::Published;

/// A log could not be brought to its end. It can be served as before, and tried again.
#[derive(Debug, Error)]
pub enum FinaleError {
    /// It can not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The last epoch can not be written, cosigned or published.
    #[error("the last head can not be published")]
    Step(#[from] StepError),
}

/// Finishes what a crash left unfinished, sums up, and waits until the head over that is published.
///
/// # Errors
/// [`FinaleError`]
pub async fn last_head(parts: Parts) -> Result<Arc<Published>, FinaleError> {
    let now = (parts.clock)();
    let (sequencer, dormant) = Sequencer::dormant(Reading::of(&parts), OPENING.to_owned());
    let (mut writer, _) = dormant.open(parts, CancellationToken::new()).await?;
    writer.sum_up(None, now).await?;
    Ok(sequencer.published())
}
