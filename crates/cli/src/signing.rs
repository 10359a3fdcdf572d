//! With which key statements are signed.

use std::error::Error;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::Args;
use client::publish::{Signer, ssh_public_key};
use record::{PublicKey, SSH_NAMESPACE, SshKey};
use tlog::SigningKey;
use zeroize::Zeroizing;

use crate::failure::Failure;

/// What every text of a secret note key starts with.
const SECRET_PREFIX: &str = "PRIVATE+KEY+";

/// With which key statements are signed.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Signing")]
pub struct SignArgs {
    /// File with the publisher's key: one that `indelible key new` wrote, or the public half of an
    /// ssh-ed25519 key, whose secret half is in the file beside it or held by an agent
    #[arg(long, value_name = "FILE", env = "INDELIBLE_PUBLISHER_KEY")]
    pub sign_with: PathBuf,
    /// Name of the SSH key in the log; note keys have theirs in the file
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
}

impl SignArgs {
    /// Reads the key.
    ///
    /// # Errors
    /// [`Failure`] if the file holds none that statements are signed with.
    pub(crate) fn signer(&self) -> Result<Signer, Failure> {
        let path = &self.sign_with;
        let text = read(path)?;
        if text.starts_with(SECRET_PREFIX) {
            if self.name.is_some() {
                return Err(Failure::undecided("--name is for SSH keys; this key has a name")
                    .with_hint("Leave --name out."));
            }
            return Ok(Signer::Note(Box::new(note_key(path, &text)?)));
        }
        if PublicKey::parse(text.trim()).is_ok() {
            return Err(Failure::file(path, "this is a public key: nothing can be signed with it")
                .with_hint("Give the file that `indelible key new` wrote."));
        }
        let public = ssh_public_key(&text).map_err(|error| Failure::file(path, error))?;
        let name = self.name.as_deref().ok_or_else(|| {
            Failure::undecided("an SSH key has no name of its own")
                .with_hint("Give the one that it has in the log: --name NAME")
        })?;
        let path = path.clone();
        let run = Box::new(move |text: &str| run_ssh_keygen(&path, text));
        Ok(Signer::Ssh { key: ssh_key(name, public)?, run })
    }
}

/// The text of a key file; it may be secret.
pub(crate) fn read(path: &Path) -> Result<Zeroizing<String>, Failure> {
    let text = fs::read_to_string(path).map_err(|error| Failure::file(path, error))?;
    Ok(Zeroizing::new(text))
}

/// The secret note key in the text of a file.
pub(crate) fn note_key(path: &Path, text: &str) -> Result<SigningKey, Failure> {
    SigningKey::parse(text.trim_end()).map_err(|error| Failure::file(path, error))
}

/// An SSH key with the name that it has in the log.
pub(crate) fn ssh_key(name: &str, public: [u8; 32]) -> Result<SshKey, Failure> {
    // Names of SSH keys and of note keys follow the same rule.
    SigningKey::from_seed(name, &[0; 32]).map_err(Failure::undecided)?;
    let key = SshKey::new(name, public);
    key.public_key().check_supported().map_err(Failure::undecided)?;
    Ok(key)
}

/// Signs with an SSH key: its file, a token or an agent, as OpenSSH finds it.
fn run_ssh_keygen(public: &Path, text: &str) -> Result<String, Box<dyn Error + Send + Sync>> {
    let mut command = Command::new("ssh-keygen");
    command.args(["-Y", "sign", "-n", SSH_NAMESPACE, "-f"]).arg(public);
    // Standard error is the user's: it may ask for a passphrase, or for a touch.
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let child = command.spawn();
    let mut child =
        child.map_err(|error| format!("ssh-keygen, of OpenSSH, cannot be run: {error}"))?;
    // Who ends before it has read everything says so by its status, and tells the user why.
    let written = child.stdin.take().map(|mut input| input.write_all(text.as_bytes()));
    let output = child.wait_with_output()?;
    if !output.status.success() || written.is_none_or(|written| written.is_err()) {
        return Err(format!("ssh-keygen failed: {}", output.status).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}
