//! `indelible explain`: why did a hash not match?

mod report;

use std::fs::File;
use std::io::{self, IsTerminal as _, Read, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use client::explain::{Asked, Explainer, Question, parse};
use record::{Digest, ProjectName};

use self::report::Report;
use crate::args::LogArgs;
use crate::failure::Failure;
use crate::progress;

/// Longer than any message and most logs of a build; it is held in memory.
const MAX_INPUT: u64 = 64 << 20;

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// Message of pip, uv, poetry, pipenv or pdm, or lines of a lock file; `-` for standard input
    /// [default: standard input, unless hashes or a release are given]
    #[arg(value_name = "TEXT-FILE", conflicts_with_all = ["expected", "got"])]
    pub text: Option<PathBuf>,
    /// SHA-256 that was expected, in hex; repeat it for alternatives
    #[arg(long, value_name = "HASH")]
    pub expected: Vec<String>,
    /// SHA-256 of the bytes that came, in hex
    #[arg(long, value_name = "HASH")]
    pub got: Option<String>,
    /// Project, where nothing else says it
    #[arg(long, value_name = "NAME")]
    pub project: Option<String>,
    /// Release of the project
    #[arg(long, value_name = "VERSION")]
    pub version: Option<String>,
    /// Name of the file that came, or that the expected hash is stated for
    #[arg(long, value_name = "NAME")]
    pub filename: Option<String>,
    /// Print one JSON object: {"checkpoint", "explanations": [{"project", "version", "filename",
    /// "expected", "got", "cause", "class", "text", "notes", "hint", "files", "entries"}], "truncated"}
    #[arg(long)]
    pub json: bool,
    /// Which log.
    #[command(flatten)]
    pub log: LogArgs,
}

pub(crate) async fn run(args: ExplainArgs, out: &mut (dyn Write + Send)) -> Result<u8, Failure> {
    let asked = args.asked()?;
    let mut client = args.log.client()?;
    let mut explainer = Explainer::new(&mut client);
    let mut report = Report::new(asked.more);
    let bar = progress::of_many(asked.questions.len() as u64, "explaining");
    for question in &asked.questions {
        let explained = explainer.explain(question, None).await?;
        bar.suspend(|| report.add(question, explained, args.json, out))?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    report.finish(args.json, out)?;
    Ok(report.exit_code())
}

impl ExplainArgs {
    /// What is to be explained: what the options say, or what a text says and the options complete.
    fn asked(&self) -> Result<Asked, Failure> {
        let stated = self.stated()?;
        let alone = stated.has_hashes()
            || stated.filename.is_some()
            || (stated.project.is_some() && stated.version.is_some());
        if self.text.is_none() && alone {
            return Ok(Asked { questions: vec![stated], more: false });
        }
        let mut asked = parse(&self.read()?);
        for question in &mut asked.questions {
            question.project = question.project.take().or_else(|| stated.project.clone());
            question.version = question.version.take().or_else(|| stated.version.clone());
            question.filename = question.filename.take().or_else(|| stated.filename.clone());
        }
        if asked.questions.is_empty() {
            return Err(Failure::undecided(
                "the text has neither a SHA-256 hash nor a pinned release",
            )
            .with_hint("Paste the whole message of the installer, or give --expected and --got."));
        }
        Ok(asked)
    }

    fn stated(&self) -> Result<Question, Failure> {
        let project = self.project.as_deref().map(ProjectName::normalise).transpose();
        Ok(Question {
            project: project.map_err(Failure::undecided)?,
            version: self.version.clone(),
            filename: self.filename.clone(),
            expected: self.expected.iter().map(|hash| digest(hash)).collect::<Result<_, _>>()?,
            got: self.got.as_deref().map(digest).transpose()?,
            ..Question::default()
        })
    }

    fn read(&self) -> Result<Vec<u8>, Failure> {
        match self.text.as_deref() {
            Some(path) if path != Path::new("-") => {
                File::open(path).and_then(read_bounded).map_err(|error| Failure::file(path, error))
            }
            None if io::stdin().is_terminal() => {
                Err(Failure::undecided("there is nothing to explain").with_hint(
                    "Pipe the installer's message in, name a file, or give --expected and --got.",
                ))
            }
            _ => Ok(read_bounded(io::stdin())?),
        }
    }
}

/// Takes a hash with or without `sha256:`, as lock files have it.
fn digest(text: &str) -> Result<Digest, Failure> {
    let text = text.to_ascii_lowercase();
    let hex = text.strip_prefix("sha256:").unwrap_or(&text);
    Digest::parse(hex).map_err(Failure::undecided)
}

fn read_bounded(input: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    input.take(MAX_INPUT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_INPUT {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "the text is longer than 64 MiB"));
    }
    Ok(bytes)
}
