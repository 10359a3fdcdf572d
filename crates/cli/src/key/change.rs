//! Changes of the keys that speak for a project.

use std::io::Write;
use std::path::Path;

use client::publish::{KeyOutcome, SignedKeyChange, Signer};
use client::{Client, VerifiedInclusion, describe};
use record::{KeyAction, KeyChange, KeyRefusal, ProjectName, PublicKey};
use serde::Serialize;

use super::{AddArgs, ChangeArgs, RevokeArgs, RotateArgs, file};
use crate::failure::Failure;
use crate::freshness;
use crate::output::{CheckpointJson, print_json, printable};

#[derive(Serialize)]
struct ChangeJson<'a> {
    checkpoint: Option<CheckpointJson>,
    project: &'a str,
    action: &'static str,
    key: &'a str,
    by: &'a str,
    outcome: &'static str,
    index: Option<u64>,
}

pub(super) async fn enrol(args: &ChangeArgs, out: &mut dyn Write) -> Result<u8, Failure> {
    of_itself(args, KeyAction::Enrol, out).await
}

pub(super) async fn complete(args: &ChangeArgs, out: &mut dyn Write) -> Result<u8, Failure> {
    of_itself(args, KeyAction::Complete, out).await
}

pub(super) async fn partial(args: &ChangeArgs, out: &mut dyn Write) -> Result<u8, Failure> {
    of_itself(args, KeyAction::Partial, out).await
}

pub(super) async fn add(args: &AddArgs, out: &mut dyn Write) -> Result<u8, Failure> {
    let key = vkey(&args.new)?;
    change(&args.change, &args.change.sign.signer()?, KeyAction::Add, key, out).await
}

pub(super) async fn rotate(args: &RotateArgs, out: &mut dyn Write) -> Result<u8, Failure> {
    let key = match PublicKey::parse(&args.to) {
        Ok(key) => key,
        Err(_) => file::public_half(Path::new(&args.to))?,
    };
    change(&args.change, &args.change.sign.signer()?, KeyAction::Rotate, key, out).await
}

pub(super) async fn revoke(args: &RevokeArgs, out: &mut dyn Write) -> Result<u8, Failure> {
    let Some(which) = &args.which else {
        return of_itself(&args.change, KeyAction::Revoke, out).await;
    };
    change(&args.change, &args.change.sign.signer()?, KeyAction::Revoke, vkey(which)?, out).await
}

fn vkey(text: &str) -> Result<PublicKey, Failure> {
    PublicKey::parse(text).map_err(|error| {
        Failure::undecided(error)
            .with_hint("Give what `indelible key show` or `indelible key ssh` prints.")
    })
}

/// The key that signs is also the one that the change is about.
async fn of_itself(
    args: &ChangeArgs,
    action: KeyAction,
    out: &mut dyn Write,
) -> Result<u8, Failure> {
    let signer = args.sign.signer()?;
    change(args, &signer, action, signer.public_key(), out).await
}

/// Looks the project's keys up, signs, submits, and proves that it is logged.
async fn change(
    args: &ChangeArgs,
    signer: &Signer,
    action: KeyAction,
    key: PublicKey,
    out: &mut dyn Write,
) -> Result<u8, Failure> {
    let project = ProjectName::normalise(&args.project).map_err(Failure::undecided)?;
    let mut client = args.log.client()?;
    let statement = sign(&mut client, signer, project, action, key).await?;
    let outcome = client.change_keys(&statement).await?;
    print(args.json, &statement, &outcome, out)?;
    Ok(if outcome == KeyOutcome::Pending { 2 } else { 0 })
}

/// Signs what the project's keys allow at this place, and nothing else.
async fn sign(
    client: &mut Client,
    signer: &Signer,
    project: ProjectName,
    action: KeyAction,
    key: PublicKey,
) -> Result<SignedKeyChange, Failure> {
    let (publisher, _) = client.publisher(&project).await?;
    let ring = publisher.state.ring();
    let change = KeyChange { project, action, key, after: ring.last() };
    let statement = signer.change_keys(change, ring.origin())?;
    let entry = statement.clone().into_entry(freshness::now()?);
    ring.check(&entry).map_err(|refusal| refused(&entry.project, &refusal))?;
    Ok(statement)
}

/// Why the statement would not count. Nothing was sent.
fn refused(project: &ProjectName, refusal: &KeyRefusal) -> Failure {
    let hint = match refusal {
        KeyRefusal::NotActive(_) => {
            Some(format!("indelible key list {project} shows the keys that speak for the project."))
        }
        _ => None,
    };
    let failure = Failure::undecided(format!("project {project}: {refusal}; nothing was sent"));
    match hint {
        Some(hint) => failure.with_hint(hint),
        None => failure,
    }
}

fn print(
    json: bool,
    statement: &SignedKeyChange,
    outcome: &KeyOutcome,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let KeyChange { project, action, key, .. } = &statement.change;
    let logged = match outcome {
        KeyOutcome::Logged(inclusion) => Some(inclusion.as_ref()),
        KeyOutcome::Pending => None,
    };
    if json {
        let json = ChangeJson {
            checkpoint: logged.map(|inclusion| inclusion.checkpoint().into()),
            project: project.as_str(),
            action: action.as_str(),
            key: key.as_str(),
            by: statement.by.as_str(),
            outcome: if logged.is_some() { "logged" } else { "pending" },
            index: logged.map(|inclusion| inclusion.entry().index().get()),
        };
        return Ok(print_json(out, &json)?);
    }
    let Some(inclusion) = logged else {
        writeln!(out, "{project}: pending: the log's operator decides whether {key} is enrolled")?;
        return Ok(writeln!(out, "It counts when indelible key list {project} shows it.")?);
    };
    print_logged(project, inclusion, out)
}

fn print_logged(
    project: &ProjectName,
    inclusion: &VerifiedInclusion,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let (index, checkpoint) = (inclusion.entry().index(), inclusion.checkpoint());
    let what = inclusion.entry().entry().map(describe).unwrap_or_default();
    let (origin, size) = (printable(checkpoint.origin()), checkpoint.head().size);
    writeln!(out, "{project}: {}", printable(&what))?;
    Ok(writeln!(out, "entry {index} of {origin}, proved at size {size}")?)
}
