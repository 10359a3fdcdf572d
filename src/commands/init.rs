//! `indelibled init`: create a log, once.

use std::io::{self, Write as _};

use crate::args::Init;
use crate::data_dir::DataDir;

/// Creates the log and prints its verification key, alone on one line.
///
/// # Errors
/// A directory that holds anything, or an origin that can not be one.
pub fn run(arguments: &Init) -> anyhow::Result<()> {
    let key = DataDir::new(arguments.data.clone()).create(&arguments.origin)?;
    writeln!(io::stdout(), "{key}")?;
    Ok(())
}
