//! Questions in the words of installers, lock files and requirements.
//!
//! The messages of installers change from release to release, and people paste them with whatever was
//! around them. So nothing is taken for a grammar: a few words tell what the next hash is, a pin or a
//! file's name begins the next question, and everything else is passed over.

use record::{Digest, Distribution, ProjectName, split_filename};

use super::question::Question;
use super::text::{self, Stated, bare};

/// Most questions of one text.
pub const MAX_QUESTIONS: usize = 64;
/// Most expected hashes of one question.
pub const MAX_EXPECTED: usize = 256;

/// The questions in a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// In the order of the text, each once.
    pub questions: Vec<Question>,
    /// Whether the text holds more than [`MAX_QUESTIONS`] or [`MAX_EXPECTED`] allow.
    pub more: bool,
}

/// Finds what is to be explained in the message of an installer (pip, pip-tools, pipenv, poetry, pdm,
/// uv) or in lines of a requirements or lock file.
///
/// Without any of these, bare hashes are taken, else pins without a hash.
///
/// ```
/// use client::explain::parse;
///
/// let text = b"Hash mismatch for `a==1.0`
///   Expected:
///     sha256:b54f84ce5e8bc9c2e9ea3d3c33b1a1e6b2a5f2c5a0a6f0b5c4c3d2e1f0a9b8c7
///   Computed:
///     sha256:0a54f84ce5e8bc9c2e9ea3d3c33b1a1e6b2a5f2c5a0a6f0b5c4c3d2e1f0a9b8c";
/// let asked = parse(text);
/// assert_eq!(asked.questions[0].version.as_deref(), Some("1.0"));
/// assert!(asked.questions[0].got.is_some());
/// ```
pub fn parse(input: &[u8]) -> Asked {
    let decoded = text::decode(input);
    let plain = text::without_escapes(&decoded);
    let mut scanner = Scanner::default();
    text::each_word(&plain, |word| scanner.take(word));
    scanner.finish()
}

/// What the next hash is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Role {
    Expected,
    Got,
    #[default]
    Unknown,
}

#[derive(Debug, Default)]
struct Scanner {
    current: Question,
    role: Role,
    /// The two words before, without what is around them.
    before: [String; 2],
    /// Whether hashes are being suggested for what was downloaded without any.
    suggested: bool,
    asked: Asked,
    /// What is asked if there is nothing better.
    loose: Asked,
    pins: Asked,
}

impl Scanner {
    fn take(&mut self, word: &str) {
        let inner = bare(word);
        if word.contains("://") {
            self.take_link(word);
        } else if text::digests(word).next().is_some() {
            self.take_digests(word);
        } else if !self.take_name(word, inner) {
            self.take_marker(word, inner);
        }
        if !inner.is_empty() || word == "=" {
            self.before.rotate_left(1);
            self.before[1].clear();
            self.before[1].push_str(if word == "=" { word } else { inner });
        }
    }

    fn follows(&self, words: [&str; 2]) -> bool {
        self.before == words
    }

    /// Closes the question and begins the next one.
    fn begin(&mut self) {
        let mut question = std::mem::take(&mut self.current);
        self.role = Role::Unknown;
        if !question.has_hashes() {
            question.expected.extend(question.linked);
        }
        let list = if question.has_hashes() || question.other_algorithms {
            &mut self.asked
        } else if question.version.is_some() && question.filename.is_none() {
            &mut self.pins
        } else {
            return;
        };
        list.add(question);
    }

    /// Begins the next question if this one is complete.
    fn begin_if(&mut self, complete: bool) {
        if complete {
            self.begin();
        }
    }

    fn finish(mut self) -> Asked {
        self.begin();
        let lists = [self.asked, self.loose, self.pins];
        lists.into_iter().find(|list| !list.questions.is_empty()).unwrap_or_default()
    }

    /// A link: the file's name is its last part, its hash may be the fragment.
    fn take_link(&mut self, word: &str) {
        let link = bare(word);
        let (address, fragment) = link.split_once('#').unwrap_or((link, ""));
        let address = address.split_once('?').map_or(address, |(address, _)| address);
        if self.before[1] == "from" && self.before[0] == "link" || !self.take_filename(address) {
            return;
        }
        let linked = text::digests(fragment).find_map(sha256);
        self.current.linked = linked.or(self.current.linked);
    }

    /// A filename or a path that ends with one; whether it is that of a distribution.
    fn take_filename(&mut self, path: &str) -> bool {
        let name = path.rsplit(['/', '\\']).next().unwrap_or_default();
        let name = text::percent_decoded(name);
        let Some((project, _)) = Distribution::of(&name).and_then(|_| split_filename(&name, None))
        else {
            return false;
        };
        let whose = self.current.project.as_ref();
        let other_project = whose.is_some_and(|whose| {
            *whose != project && split_filename(&name, Some(whose)).is_none_or(|(p, _)| p != *whose)
        });
        let other_file = self.current.filename.as_ref().is_some_and(|known| *known != name);
        self.begin_if(other_project || other_file);
        self.current.filename = Some(name.into_owned());
        true
    }

    /// Hashes, and the filename that poetry writes before one.
    fn take_digests(&mut self, word: &str) {
        if self.before[1] == "link"
            && let Some((name, _)) = word.split_once('(')
        {
            self.begin();
            self.take_filename(name);
            self.role = Role::Got;
        }
        let in_line = word.contains("hash=") || self.before[1] == "=";
        let role = match self.role {
            Role::Got if !in_line => Role::Got,
            _ if in_line && self.suggested => Role::Got,
            _ if in_line => Role::Expected,
            role => role,
        };
        for stated in text::digests(word) {
            match sha256(stated) {
                Some(digest) => self.take_digest(digest, role),
                None => self.current.other_algorithms |= role != Role::Unknown,
            }
        }
    }

    fn take_digest(&mut self, digest: Digest, role: Role) {
        match role {
            Role::Expected if self.current.expected.contains(&digest) => {}
            Role::Expected if self.current.expected.len() >= MAX_EXPECTED => self.asked.more = true,
            Role::Expected => self.current.expected.push(digest),
            Role::Got => self.current.got = self.current.got.or(Some(digest)),
            Role::Unknown => {
                self.loose.add(Question { expected: vec![digest], ..Question::default() });
            }
        }
    }

    /// Words that say whose file it is.
    fn take_name(&mut self, word: &str, inner: &str) -> bool {
        if let Some((project, version)) = pin(inner) {
            // Not the file itself, but what it was required by.
            if self.before[1] != "from" || word.starts_with('`') {
                self.begin();
                self.current.project = Some(project);
                self.current.version = Some(version.to_owned());
            }
            return true;
        }
        if self.before[1] == "archive" && self.take_filename(inner) {
            return true;
        }
        let of_poetry = self.before[0] == "Hash" || self.role == Role::Got;
        if self.before[1] == "for" && of_poetry && self.current.project.is_none() {
            let name = ProjectName::normalise(inner).ok();
            self.begin_if(name.is_some() && self.before[0] == "Hash");
            self.current.project = name;
            return true;
        }
        let version = word.starts_with('(') && self.current.version.is_none();
        if version && self.before[0] == "for" && self.current.project.is_some() {
            self.current.version = Some(inner.to_owned());
            return true;
        }
        let field = word == "=" && matches!(self.before[1].as_str(), "file" | "url");
        self.begin_if(field && self.current.has_hashes());
        self.before[1] == "=" && self.take_filename(inner)
    }

    /// Words that say what the next hash is.
    fn take_marker(&mut self, word: &str, inner: &str) {
        match inner.split(['(', ':']).next().unwrap_or_default() {
            "Expected" => {
                self.begin_if(!self.current.expected.is_empty() && self.current.got.is_some());
                self.role = Role::Expected;
            }
            "Actual" | "Computed" | "Got" => self.role = Role::Got,
            "was" if word.starts_with("(was") => self.role = Role::Got,
            "metadata" if self.before[1] == "poetry.lock" => self.role = Role::Expected,
            "hash" | "hashes" if self.before[1] == "Invalid" => {
                self.begin();
                self.role = Role::Got;
            }
            "hash" | "hashes" if word.ends_with("\":") => self.role = Role::Expected,
            "package" if self.before[1] == "unknown" => self.begin(),
            "some" if self.follows(["missing", "from"]) => self.suggested = true,
            "" if word == "=" && matches!(self.before[1].as_str(), "hash" | "hashes") => {
                self.role = Role::Expected;
            }
            _ => {}
        }
    }
}

impl Asked {
    fn add(&mut self, question: Question) {
        if self.questions.contains(&question) {
            return;
        }
        if self.questions.len() < MAX_QUESTIONS {
            self.questions.push(question);
        } else {
            self.more = true;
        }
    }
}

fn sha256(stated: Stated<'_>) -> Option<Digest> {
    match stated {
        Stated::Sha256(hex) => Digest::parse(&hex.to_ascii_lowercase()).ok(),
        Stated::Other => None,
    }
}

/// Reads `name==1.0` and `name[extra]==1.0`.
fn pin(word: &str) -> Option<(ProjectName, &str)> {
    let (name, version) = word.split_once("==")?;
    let name = name.split_once('[').map_or(name, |(name, _)| name);
    let version = version.trim_start_matches('=');
    let end = version.find(|c: char| !c.is_ascii_alphanumeric() && !".+!-_".contains(c));
    let version = end.map_or(version, |end| &version[..end]);
    // A comparison in an environment marker has its value in quotes.
    let named = version.starts_with(|c: char| c.is_ascii_alphanumeric());
    named.then_some((ProjectName::normalise(name).ok()?, version))
}
