//! What the texts of reports about two heads are made of, in one canonical form.
//!
//! Reading gets every canonical text right, and possibly others too: the caller formats and compares.

use std::fmt;

use tlog::{ConsistencyProof, Hash, InvalidCheckpoint, MAX_PROOF_HASHES, SignedCheckpoint};

/// How the lines of a report begin.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Form {
    /// Name and version of the format, on a line of its own.
    pub(crate) first_line: &'static str,
    /// Before what is stated of the two.
    pub(crate) statement: &'static str,
    /// Before the length of each.
    pub(crate) heads: [&'static str; 2],
}

/// Two heads, and a proof that leads from one to the other. Nothing of it is verified.
#[derive(Debug)]
pub(crate) struct TwoHeads {
    pub(crate) proof: ConsistencyProof,
    pub(crate) first: SignedCheckpoint,
    pub(crate) second: SignedCheckpoint,
}

/// The text is not of the form.
#[derive(Debug)]
pub(crate) enum Invalid {
    Checkpoint(InvalidCheckpoint),
    Syntax,
}

/// What is stated, and the heads.
pub(crate) fn parse(text: &str, form: Form) -> Result<(&str, TwoHeads), Invalid> {
    let (first, rest) = line(text)?;
    let (statement, mut rest) = line(rest)?;
    let statement = statement.strip_prefix(form.statement).filter(|_| first == form.first_line);
    let statement = statement.ok_or(Invalid::Syntax)?;

    let mut hashes = Vec::new();
    while let Some((hash, after)) = line(rest).ok().filter(|(line, _)| !line.contains(' ')) {
        if hashes.len() == MAX_PROOF_HASHES {
            return Err(Invalid::Syntax);
        }
        hashes.push(Hash::parse(hash).map_err(|_| Invalid::Syntax)?);
        rest = after;
    }
    let [first, second] = form.heads;
    let (first, rest) = note(rest, first)?;
    let (second, rest) = note(rest, second)?;
    if !rest.is_empty() {
        return Err(Invalid::Syntax);
    }
    Ok((statement, TwoHeads { proof: ConsistencyProof::new(hashes), first, second }))
}

fn line(text: &str) -> Result<(&str, &str), Invalid> {
    text.split_once('\n').ok_or(Invalid::Syntax)
}

/// Reads the line that states a note's length, and the note.
fn note<'a>(text: &'a str, name: &str) -> Result<(SignedCheckpoint, &'a str), Invalid> {
    let (length, rest) = line(text)?;
    let length = length.strip_prefix(name).and_then(|length| length.parse().ok());
    let split = length.and_then(|length| rest.split_at_checked(length));
    let (note, rest) = split.ok_or(Invalid::Syntax)?;
    Ok((SignedCheckpoint::parse(note.as_bytes()).map_err(Invalid::Checkpoint)?, rest))
}

pub(crate) fn write(
    f: &mut fmt::Formatter<'_>,
    form: Form,
    statement: &impl fmt::Display,
    proof: &ConsistencyProof,
    heads: [&SignedCheckpoint; 2],
) -> fmt::Result {
    writeln!(f, "{}\n{}{statement}", form.first_line, form.statement)?;
    proof.hashes().iter().try_for_each(|hash| writeln!(f, "{hash}"))?;
    for (name, head) in form.heads.iter().zip(heads) {
        let note = head.to_string();
        writeln!(f, "{name}{}", note.len())?;
        f.write_str(&note)?;
    }
    Ok(())
}
