//! `indelible audit`: are the files that others pinned the ones that everybody else sees?

mod json;
mod junit;
mod policy;
mod report;
mod sarif;
mod sources;
mod table;

use std::io::{self, IsTerminal as _, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use client::Artifact;
use record::ProjectName;

pub use self::policy::PolicyArgs;
use self::report::{Assessed, Report};
use self::sources::Sources;
use self::table::Style;
use crate::args::LogArgs;
use crate::failure::Failure;
use crate::freshness::{self, FreshnessArgs};
use crate::local::LocalArgs;
use crate::progress;

/// Arguments of `audit`.
#[derive(Debug, Args)]
pub struct AuditArgs {
    /// Lock files, requirements, recipes and lists of checksums, recognised by what is in them; wheels
    /// and source archives; folders, of which every distribution below them is hashed and nothing else
    /// is read; `-` for standard input
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,
    /// Project that the one PATH, a source archive under a name of somebody's own making, is of
    #[arg(long, value_name = "NAME", requires = "version")]
    pub project: Option<String>,
    /// Its version
    #[arg(long, value_name = "VERSION", requires = "project")]
    pub version: Option<String>,
    /// What is a failure.
    #[command(flatten)]
    pub policy: PolicyArgs,
    /// How fresh the answers have to be.
    #[command(flatten)]
    pub freshness: FreshnessArgs,
    /// How the verdicts are printed
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    /// The same as --format json
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
    /// Show every file, also where all is well; in a SARIF log, too
    #[arg(long, short)]
    pub verbose: bool,
    /// Whether a mirror is asked.
    #[command(flatten)]
    pub local: LocalArgs,
    /// Which log.
    #[command(flatten)]
    pub log: LogArgs,
}

/// How verdicts are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// One JSON object: {"checkpoint", "coverage", "results", "summary", "errors"}
    Json,
    /// XML as test runners write it
    Junit,
    /// SARIF 2.1.0, as code scanners write it
    Sarif,
    /// A table for people, the worst first
    Table,
}

pub(crate) async fn run(args: AuditArgs, out: &mut (dyn Write + Send)) -> Result<u8, Failure> {
    let freshness = args.freshness.under(&args.log)?;
    let sources = Sources::read(&args.paths, args.release()?.as_ref())?;
    let artifacts: Vec<Artifact> = sources.items.iter().map(|item| item.artifact.clone()).collect();
    let mut bar = progress::Steps::default();
    let judgement = args.local.judge(&args.log, artifacts, &mut |done| bar.show(done)).await?;
    bar.clear();
    let now = freshness::now()?;
    let assess = |(item, judged)| Assessed::new(item, judged, &args.policy, now);
    let assessed = sources.items.into_iter().zip(judgement.judged).map(assess).collect();
    let report = Report::new(assessed, sources.problems, judgement.basis, now);
    args.print(&report, out)?;
    let fresh = freshness.class(&report.basis, now);
    Ok(report.class().max(fresh).exit_code())
}

impl AuditArgs {
    /// The release that the options state.
    fn release(&self) -> Result<Option<(ProjectName, String)>, Failure> {
        let Some((project, version)) = self.project.as_deref().zip(self.version.clone()) else {
            return Ok(None);
        };
        if self.paths.len() != 1 {
            return Err(Failure::undecided("--project and --version are of one file")
                .with_hint("Audit the files one by one."));
        }
        let project = ProjectName::normalise(project).map_err(Failure::undecided)?;
        Ok(Some((project, version)))
    }

    fn print(&self, report: &Report, out: &mut dyn Write) -> io::Result<()> {
        match if self.json { Format::Json } else { self.format } {
            Format::Json => json::print(report, out),
            Format::Junit => junit::print(report, out),
            Format::Sarif => sarif::print(report, self.verbose, out),
            Format::Table => {
                let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
                let colour = !plain && io::stdout().is_terminal();
                table::print(report, Style { verbose: self.verbose, colour }, out)
            }
        }
    }
}
