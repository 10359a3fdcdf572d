//! The text of a policy (C2SP tlog-policy): one definition a line, names defined before use.

use alloc::collections::BTreeSet;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::fmt;

use crate::key::{InvalidKey, KeyKind, VerifyingKey};
use crate::policy::{Component, Group, InvalidPolicy, Policy, PolicyLog, PolicyWitness, Quorum};

/// The name that stands for an empty quorum.
const NONE: &str = "none";

pub(crate) fn parse(text: &str) -> Result<Policy, InvalidPolicy> {
    let mut parser = Parser::default();
    for (line, number) in text.split('\n').zip(1..) {
        parser.line(line, number)?;
    }
    parser.finish()
}

pub(crate) fn write(policy: &Policy, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for PolicyLog { key, url } in &policy.logs {
        write!(f, "log {key}")?;
        write_url(url.as_deref(), f)?;
    }
    for PolicyWitness { name, key, url } in &policy.witnesses {
        write!(f, "witness {name} {key}")?;
        write_url(url.as_deref(), f)?;
    }
    for Group { name, threshold, members } in &policy.groups {
        match *threshold {
            all if all == members.len() => write!(f, "group {name} all")?,
            1 => write!(f, "group {name} any")?,
            some => write!(f, "group {name} {some}")?,
        }
        for member in members {
            write!(f, " {}", policy.component_name(*member))?;
        }
        writeln!(f)?;
    }
    match policy.quorum {
        Quorum::Nobody => writeln!(f, "quorum {NONE}"),
        Quorum::Of(component) => writeln!(f, "quorum {}", policy.component_name(component)),
    }
}

fn write_url(url: Option<&str>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match url {
        Some(url) => writeln!(f, " {url}"),
        None => writeln!(f),
    }
}

/// What the lines so far have defined.
#[derive(Default)]
struct Parser {
    logs: Vec<PolicyLog>,
    witnesses: Vec<PolicyWitness>,
    groups: Vec<Group>,
    /// Names of witnesses and groups that are already a member of a group.
    members: BTreeSet<String>,
    quorum: Option<Quorum>,
}

impl Parser {
    fn line(&mut self, line: &str, number: usize) -> Result<(), InvalidPolicy> {
        if line.bytes().any(|byte| (byte < 0x20 && byte != b'\t') || byte == 0x7f) {
            return Err(InvalidPolicy::Characters(number));
        }
        let fields: Vec<&str> = line.split([' ', '\t']).filter(|field| !field.is_empty()).collect();
        match fields.as_slice() {
            [] => Ok(()),
            [first, ..] if first.starts_with('#') => Ok(()),
            ["log", key] => self.log(key, None, number),
            ["log", key, url] => self.log(key, Some(url), number),
            ["witness", name, key] => self.witness(name, key, None, number),
            ["witness", name, key, url] => self.witness(name, key, Some(url), number),
            ["group", name, threshold, members @ ..] => {
                self.group(name, threshold, members, number)
            }
            ["quorum", name] => self.set_quorum(name, number),
            _ => Err(InvalidPolicy::Syntax(number)),
        }
    }

    fn log(&mut self, key: &str, url: Option<&str>, line: usize) -> Result<(), InvalidPolicy> {
        let key = parse_key(key, KeyKind::Ed25519, line)?;
        if self.logs.iter().any(|log| log.key.public_bytes() == key.public_bytes()) {
            return Err(InvalidPolicy::DuplicateKey(line));
        }
        self.logs.push(PolicyLog { key, url: url.map(String::from) });
        Ok(())
    }

    fn witness(
        &mut self,
        name: &str,
        key: &str,
        url: Option<&str>,
        line: usize,
    ) -> Result<(), InvalidPolicy> {
        self.check_free(name, line)?;
        let key = parse_key(key, KeyKind::Cosignature, line)?;
        if self.witnesses.iter().any(|other| other.key.public_bytes() == key.public_bytes()) {
            return Err(InvalidPolicy::DuplicateKey(line));
        }
        let (name, url) = (name.to_string(), url.map(String::from));
        self.witnesses.push(PolicyWitness { name, key, url });
        Ok(())
    }

    fn group(
        &mut self,
        name: &str,
        threshold: &str,
        names: &[&str],
        line: usize,
    ) -> Result<(), InvalidPolicy> {
        self.check_free(name, line)?;
        let threshold =
            parse_threshold(threshold, names.len()).ok_or(InvalidPolicy::Threshold(line))?;
        let mut members = Vec::with_capacity(names.len());
        for member in names {
            members.push(self.find(member).ok_or(InvalidPolicy::UnknownName(line))?);
            if !self.members.insert((*member).to_string()) {
                return Err(InvalidPolicy::MemberTwice(line));
            }
        }
        self.groups.push(Group { name: name.to_string(), threshold, members });
        Ok(())
    }

    fn set_quorum(&mut self, name: &str, line: usize) -> Result<(), InvalidPolicy> {
        let quorum = match name {
            NONE => Quorum::Nobody,
            name => Quorum::Of(self.find(name).ok_or(InvalidPolicy::UnknownName(line))?),
        };
        match self.quorum.replace(quorum) {
            None => Ok(()),
            Some(_) => Err(InvalidPolicy::Quorum),
        }
    }

    fn find(&self, name: &str) -> Option<Component> {
        let witness = self.witnesses.iter().position(|witness| witness.name == name);
        let group = self.groups.iter().position(|group| group.name == name);
        witness.map(Component::Witness).or(group.map(Component::Group))
    }

    fn check_free(&self, name: &str, line: usize) -> Result<(), InvalidPolicy> {
        if name == NONE || self.find(name).is_some() {
            return Err(InvalidPolicy::DuplicateName(line));
        }
        Ok(())
    }

    fn finish(self) -> Result<Policy, InvalidPolicy> {
        let Parser { logs, witnesses, groups, quorum, .. } = self;
        if logs.is_empty() {
            return Err(InvalidPolicy::NoLog);
        }
        let quorum = quorum.ok_or(InvalidPolicy::Quorum)?;
        Ok(Policy { logs, witnesses, groups, quorum })
    }
}

fn parse_key(text: &str, kind: KeyKind, line: usize) -> Result<VerifyingKey, InvalidPolicy> {
    let key = VerifyingKey::parse(text)
        .and_then(|key| if key.kind() == kind { Ok(key) } else { Err(InvalidKey::WrongKind) });
    key.map_err(|source| InvalidPolicy::Key { line, source })
}

/// Reads `any`, `all` or a canonical decimal number from 1 to `members`.
fn parse_threshold(text: &str, members: usize) -> Option<usize> {
    let threshold = match text {
        "any" => 1,
        "all" => members,
        number => number.parse().ok().filter(|count: &usize| count.to_string() == number)?,
    };
    (1..=members).contains(&threshold).then_some(threshold)
}
