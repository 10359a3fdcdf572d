//! `indelible expect`: a publisher says which hashes the files of a release have.

mod files;
mod report;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use client::Client;
use client::publish::{Publisher, SignedExpectation, Signer};
use record::{ExpectationRefusal, ProjectName};

use self::files::Released;
use crate::args::LogArgs;
use crate::failure::Failure;
use crate::signing::SignArgs;

/// Arguments of `expect`.
#[derive(Debug, Args)]
pub struct ExpectArgs {
    /// Wheels, source archives and other distributions, named as on the package index; signatures and
    /// attestations beside them are passed over
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// Project that the files are of [default: as each filename says]
    #[arg(long, value_name = "NAME")]
    pub project: Option<String>,
    /// Version that the files are of [default: as each filename says]
    #[arg(long, value_name = "VERSION")]
    pub version: Option<String>,
    /// With which key.
    #[command(flatten)]
    pub sign: SignArgs,
    /// Print one JSON object: {"checkpoint", "results": [{"path", "project", "version", "filename",
    /// "sha256", "index", "state", "listed"}]}
    #[arg(long)]
    pub json: bool,
    /// Which log.
    #[command(flatten)]
    pub log: LogArgs,
}

pub(crate) async fn run(args: ExpectArgs, out: &mut (dyn Write + Send)) -> Result<u8, Failure> {
    let released = files::read(&args)?;
    let signer = args.sign.signer()?;
    let mut client = args.log.client()?;
    let mut publishers = look_up(&mut client, &released).await?;
    let mut statements = Vec::with_capacity(released.len());
    for file in &released {
        statements.push(sign(&signer, file, &publishers[&file.expectation.project])?);
    }
    let logged = client.expect(&statements).await?;
    for inclusion in &logged {
        let entry = inclusion.entry();
        let Some(known) = entry.entry() else { continue };
        if let Some(publisher) = known.project().and_then(|name| publishers.get_mut(name)) {
            // What was stated before is there already, and changes nothing.
            let _ = publisher.state.apply(entry.index(), known);
        }
    }
    report::print(&released, &logged, &publishers, args.json, out)
}

/// What the publishers of all projects have said so far.
async fn look_up(
    client: &mut Client,
    released: &[Released],
) -> Result<BTreeMap<ProjectName, Publisher>, Failure> {
    let mut publishers = BTreeMap::new();
    for file in released {
        let project = &file.expectation.project;
        if !publishers.contains_key(project) {
            publishers.insert(project.clone(), client.publisher(project).await?.0);
        }
    }
    Ok(publishers)
}

/// Signs what will count, and nothing that contradicts what the key has said before.
fn sign(
    signer: &Signer,
    file: &Released,
    publisher: &Publisher,
) -> Result<SignedExpectation, Failure> {
    let (state, key) = (&publisher.state, signer.public_key());
    let expectation = &file.expectation;
    let (project, filename) = (&expectation.project, &expectation.filename);
    let before = state.file(filename).map(record::PublishedFile::expectations).unwrap_or_default();
    let other = |said: &&record::Expected| said.key == key && said.sha256 != expectation.sha256;
    if let Some(said) = before.iter().find(other) {
        let (sha256, index) = (said.sha256, said.index);
        return Err(Failure::file(
            &file.path,
            format!("this key expects sha256 {sha256} for this name already (entry {index})"),
        )
        .with_hint(
            "Nothing was sent. A file of the index never changes: release it under another name. If the \
             key said it without you, revoke it: indelible key revoke",
        ));
    }
    let signed = signer.expect(expectation.clone(), state.ring().origin())?;
    let checked = state.ring().check_expectation(expectation, &key, &signed.signature);
    checked.map_err(|refusal| refused(project, &refusal))?;
    Ok(signed)
}

fn refused(project: &ProjectName, refusal: &ExpectationRefusal) -> Failure {
    let failure = Failure::undecided(format!("project {project}: {refusal}"));
    failure.with_hint(format!(
        "Nothing was sent. indelible key list {project} shows the keys that speak for the project; where \
         there is none: indelible key enrol {project}"
    ))
}
