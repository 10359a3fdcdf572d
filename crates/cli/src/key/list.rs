//! `indelible key list`: the keys that speak, or spoke, for a project.

use std::io::Write;

use client::LookupKey;
use record::ProjectName;
use serde::Serialize;

use super::ProjectArgs;
use crate::failure::Failure;
use crate::freshness::{self, CoverageJson};
use crate::output::{CheckpointJson, print_json, printable};
use crate::publisher::{PublisherJson, Said};

#[derive(Serialize)]
struct ListJson {
    checkpoint: CheckpointJson,
    coverage: Option<CoverageJson>,
    publisher: PublisherJson,
}

pub(super) async fn run(args: ProjectArgs, out: &mut (dyn Write + Send)) -> Result<u8, Failure> {
    let freshness = args.freshness.under(&args.log)?;
    let project = ProjectName::normalise(&args.project).map_err(Failure::undecided)?;
    let found = args.log.client()?.lookup(&LookupKey::Project(project.clone())).await?;
    let (now, epoch) = (freshness::now()?, freshness::oldest([&found]));
    let said = Said::new(&found, project);
    if args.json {
        let publisher = said.keys_json();
        let coverage = epoch.as_ref().map(|epoch| CoverageJson::new(epoch, now));
        print_json(out, &ListJson { checkpoint: found.checkpoint().into(), coverage, publisher })?;
    } else {
        said.print_keys(out)?;
        let (origin, size) =
            (printable(found.checkpoint().origin()), found.checkpoint().head().size);
        writeln!(out, "by all {size} entries of {origin}")?;
        freshness::print(out, epoch.as_ref(), now)?;
    }
    freshness.check(epoch.as_ref(), Some(found.checkpoint()), now)?;
    Ok(0)
}
