//! Key files.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use client::publish::ssh_public_key;
use record::PublicKey;
use tlog::SigningKey;
use zeroize::Zeroizing;

use super::{NewArgs, SshArgs};
use crate::failure::Failure;
use crate::signing;

/// Makes a key. The file is on disk before anything is printed.
pub(super) fn new(args: &NewArgs, out: &mut dyn Write) -> Result<u8, Failure> {
    let mut seed = Zeroizing::new([0; 32]);
    getrandom::fill(seed.as_mut_slice())
        .map_err(|error| Failure::undecided(format!("the system gives no randomness: {error}")))?;
    let key = SigningKey::from_seed(&args.name, &seed).map_err(Failure::undecided)?;
    let mut file = create_secret(&args.output).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => Failure::file(&args.output, error)
            .with_hint("Keys are never overwritten. Give another file, or move this one away."),
        _ => Failure::file(&args.output, error),
    })?;
    let text = key.secret_text();
    let written = writeln!(file, "{}", text.as_str()).and_then(|()| file.sync_all());
    if let Err(error) = written {
        // Half a key is of no use, and would be in the way of a whole one.
        let _ = fs::remove_file(&args.output);
        return Err(Failure::file(&args.output, error));
    }
    writeln!(out, "{}", key.verifying_key())?;
    Ok(0)
}

pub(super) fn show(path: &Path, out: &mut dyn Write) -> Result<u8, Failure> {
    writeln!(out, "{}", public_half(path)?)?;
    Ok(0)
}

pub(super) fn ssh(args: &SshArgs, out: &mut dyn Write) -> Result<u8, Failure> {
    let text = signing::read(&args.file)?;
    let public = ssh_public_key(&text).map_err(|error| Failure::file(&args.file, error))?;
    writeln!(out, "{}", signing::ssh_key(&args.name, public)?.public_key())?;
    Ok(0)
}

/// The public half of the note key in a file.
pub(super) fn public_half(path: &Path) -> Result<PublicKey, Failure> {
    let key = signing::note_key(path, &signing::read(path)?)?;
    PublicKey::parse(&key.verifying_key().to_string()).map_err(Failure::undecided)
}

/// A new file that nobody else can read.
fn create_secret(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
