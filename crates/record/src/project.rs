//! Normalised project names.

use alloc::string::String;

use thiserror::Error;

/// Longest project name that entries hold, in bytes.
pub const MAX_PROJECT_LEN: usize = 512;

/// A project's name in its normalised form: lower case, each run of `-`, `_` and `.` one `-`.
///
/// ```
/// use record::ProjectName;
///
/// let name = ProjectName::normalise("Foo__Bar.baz")?;
/// assert_eq!(name.as_str(), "foo-bar-baz");
/// assert!(ProjectName::parse("Foo__Bar.baz").is_err());
/// # Ok::<(), record::InvalidProjectName>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProjectName(String);

/// The text is not a project name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum InvalidProjectName {
    /// Not the form of a name at all.
    #[error(
        "a project name is ASCII letters, digits, '-', '_' and '.', begins and ends with a letter \
         or digit, and has at most {MAX_PROJECT_LEN} bytes"
    )]
    Malformed,
    /// A name, but not in its normalised form.
    #[error("not normalised: lower case, and each run of '-', '_' and '.' written as one '-'")]
    NotNormalised,
}

impl ProjectName {
    /// Normalises a name as the package index or a person writes it.
    ///
    /// # Errors
    /// [`InvalidProjectName::Malformed`] unless `raw` is a valid name (PEP 508) of at most
    /// [`MAX_PROJECT_LEN`] bytes.
    pub fn normalise(raw: &str) -> Result<ProjectName, InvalidProjectName> {
        if !is_name(raw) || raw.len() > MAX_PROJECT_LEN {
            return Err(InvalidProjectName::Malformed);
        }
        let mut name = String::with_capacity(raw.len());
        for c in raw.chars() {
            match c {
                '-' | '_' | '.' if name.ends_with('-') => {}
                '-' | '_' | '.' => name.push('-'),
                _ => name.push(c.to_ascii_lowercase()),
            }
        }
        Ok(ProjectName(name))
    }

    /// Takes a name that is normalised already.
    ///
    /// # Errors
    /// [`InvalidProjectName`] if normalising `text` fails or gives another text.
    pub fn parse(text: &str) -> Result<ProjectName, InvalidProjectName> {
        let name = ProjectName::normalise(text)?;
        if name.0 == text { Ok(name) } else { Err(InvalidProjectName::NotNormalised) }
    }

    /// The normalised name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn text(&self) -> &str {
        self.as_str()
    }
}

fn is_name(raw: &str) -> bool {
    let separator = |byte: u8| matches!(byte, b'-' | b'_' | b'.');
    let bytes = raw.as_bytes();
    bytes.iter().all(|&byte| byte.is_ascii_alphanumeric() || separator(byte))
        && bytes.first().is_some_and(|&byte| !separator(byte))
        && bytes.last().is_some_and(|&byte| !separator(byte))
}

impl AsRef<str> for ProjectName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

textual!(ProjectName, InvalidProjectName);
