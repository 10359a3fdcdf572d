//! `indelibled init`: create a log, once.

use std::io::{self, Write as _};

use crate::args::Init;
use crate::data_dir::DataDir;

/// Creates the log and prints its verification key, alone on one line.
///
/// # Errors
/// A directory that holds anything, an origin that can not be one, or a bucket that can not be used.
pub async fn run(arguments: Init) -> anyhow::Result<()> {
    let Init { data, origin, store } = arguments;
    let data = DataDir::new(data);
    let key = match store {
        Some(url) => data.create_in_bucket(&origin, &url).await?,
        None => data.create(&origin)?,
    };
    writeln!(io::stdout(), "{key}")?;
    Ok(())
}
