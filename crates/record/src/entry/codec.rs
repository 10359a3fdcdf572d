//! Canonical JSON: entries to bytes and back.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::fmt;

use serde::de::{DeserializeOwned, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use thiserror::Error;

use super::{
    ContentEntry, Entry, EpochEntry, ExpectedEntry, FieldError, FileEntry, KeyEntry, Kind,
    RemovedEntry, StatusEntry,
};

/// Longest entry in bytes: its length is two bytes in an entry bundle.
pub const MAX_ENTRY_LEN: usize = 65_535;

/// The value of `v` in entries that this version knows.
const VERSION: u64 = 1;
/// How those begin, up to the name of the kind.
const BEFORE_KIND: &str = r#"{"v":1,"kind":""#;

/// What the bytes of an entry turned out to be.
#[expect(clippy::large_enum_variant, reason = "nearly every entry is of a known kind")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// An entry of a known kind.
    Known(Entry),
    /// An unknown `kind` or `v`: kept, hashed and skipped.
    Unknown,
}

/// The bytes are not an entry, or the values do not make one.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EntryError {
    /// A field breaks a rule of its kind.
    #[error("{kind} entry: {problem}")]
    Field {
        /// Kind of the entry.
        kind: Kind,
        /// Which field, and what is wrong.
        problem: FieldError,
    },
    /// The fields are not those of the kind, or a value has the wrong form.
    #[error("{kind} entry: {}{problem}", InField(field))]
    Malformed {
        /// Kind of the entry.
        kind: Kind,
        /// The field being read; `None` if the problem names it, or is none of a field.
        field: Option<String>,
        /// What is wrong.
        problem: String,
    },
    /// Not a JSON object that begins with `v` and `kind`.
    #[error("not an entry, an object that begins with `v` and `kind`: {0}")]
    NotAnEntry(String),
    /// Right values, but not in the one form that they have.
    #[error("{kind} entry: {}not in canonical form", InField(field))]
    NotCanonical {
        /// Kind of the entry.
        kind: Kind,
        /// The first field that is written otherwise; `None` for what precedes the first.
        field: Option<String>,
    },
    /// More bytes than [`MAX_ENTRY_LEN`].
    #[error("an entry has at most {MAX_ENTRY_LEN} bytes, this one {0}")]
    TooLong(usize),
}

/// Shows the field of an error, if there is one.
struct InField<'a>(&'a Option<String>);

impl fmt::Display for InField<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_ref().map_or(Ok(()), |field| write!(f, "in `{field}`: "))
    }
}

/// The fields of one kind of entry, after `v` and `kind`.
pub(super) trait Body: Serialize + DeserializeOwned + Into<Entry> {
    /// Which kind.
    const KIND: Kind;

    /// Checks the rules that the types of the fields leave open.
    fn check(&self) -> Result<(), FieldError>;
}

/// Writes the canonical bytes.
pub(super) fn write<B: Body>(body: &B) -> Result<Vec<u8>, EntryError> {
    body.check().map_err(|problem| EntryError::Field { kind: B::KIND, problem })?;
    let fields = to_json(body);
    let parts = [BEFORE_KIND.as_bytes(), B::KIND.as_str().as_bytes(), b"\",", &fields[1..]];
    let entry = parts.concat();
    if entry.len() > MAX_ENTRY_LEN {
        return Err(EntryError::TooLong(entry.len()));
    }
    Ok(entry)
}

fn to_json<B: Body>(body: &B) -> Vec<u8> {
    serde_json::to_vec(body).expect("structs of strings and numbers always serialise")
}

/// What follows the name of the kind, if an entry begins as those of this kind do.
fn after_kind(entry: &[u8], kind: Kind) -> Option<&[u8]> {
    let rest = entry.strip_prefix(BEFORE_KIND.as_bytes())?;
    rest.strip_prefix(kind.as_str().as_bytes())?.strip_prefix(b"\"")
}

/// Reads an entry of any kind.
pub(super) fn parse(bytes: &[u8]) -> Result<Parsed, EntryError> {
    if bytes.len() > MAX_ENTRY_LEN {
        return Err(EntryError::TooLong(bytes.len()));
    }
    // Nearly every entry is canonical. Of others the rest finds out what is wrong.
    if let Some(entry) = likely_kind(bytes).and_then(|kind| parse_kind(kind, bytes).ok()) {
        return Ok(Parsed::Known(entry));
    }
    let text = str::from_utf8(bytes).map_err(|error| EntryError::NotAnEntry(error.to_string()))?;
    let header: Header =
        serde_json::from_str(text).map_err(|error| EntryError::NotAnEntry(error.to_string()))?;
    let kind = Kind::ALL.into_iter().find(|kind| kind.as_str() == header.kind);
    let Some(kind) = kind.filter(|_| header.v == VERSION) else { return Ok(Parsed::Unknown) };
    parse_kind(kind, bytes).map(Parsed::Known)
}

/// The kind of what begins like a canonical entry, up to and with the comma before its first field.
fn likely_kind(bytes: &[u8]) -> Option<Kind> {
    let begins = |kind: &Kind| after_kind(bytes, *kind).is_some_and(|rest| rest.starts_with(b","));
    Kind::ALL.into_iter().find(begins)
}

/// Reads an entry of one kind.
fn parse_kind(kind: Kind, bytes: &[u8]) -> Result<Entry, EntryError> {
    match kind {
        Kind::Content => parse_body::<ContentEntry>(bytes),
        Kind::Epoch => parse_body::<EpochEntry>(bytes),
        Kind::Expected => parse_body::<ExpectedEntry>(bytes),
        Kind::File => parse_body::<FileEntry>(bytes),
        Kind::Key => parse_body::<KeyEntry>(bytes),
        Kind::Removed => parse_body::<RemovedEntry>(bytes),
        Kind::Status => parse_body::<StatusEntry>(bytes),
    }
}

/// Reads an entry that is known to be a JSON object of kind `B`.
fn parse_body<B: Body>(bytes: &[u8]) -> Result<Entry, EntryError> {
    let kind = B::KIND;
    let rest = after_kind(bytes, kind).ok_or(EntryError::NotCanonical { kind, field: None })?;
    let mut fields = Vec::with_capacity(1 + rest.len());
    fields.push(b'{');
    fields.extend_from_slice(rest.strip_prefix(b",").unwrap_or(rest));

    let body: B =
        serde_json::from_slice(&fields).map_err(|error| malformed(kind, &fields, &error))?;
    body.check().map_err(|problem| EntryError::Field { kind, problem })?;
    let canonical = to_json(&body);
    if canonical != fields {
        let same =
            canonical.iter().zip(&fields).take_while(|(ours, theirs)| ours == theirs).count();
        return Err(EntryError::NotCanonical { kind, field: field_at(&fields, same) });
    }
    Ok(body.into())
}

fn malformed(kind: Kind, fields: &[u8], error: &serde_json::Error) -> EntryError {
    let text = error.to_string();
    // Its place counts from the first field: the field's name says more.
    let problem = text.rsplit_once(" at line ").map_or(text.as_str(), |(problem, _)| problem);
    // What is missing is noticed at the end, and is none of the last field's business.
    let missing = problem.starts_with("missing field");
    let field = if missing { None } else { field_at(fields, error.column()) };
    EntryError::Malformed { kind, field, problem: problem.into() }
}

/// Name of the field that the byte at `offset` of a JSON object belongs to.
fn field_at(object: &[u8], offset: usize) -> Option<String> {
    let (mut key, mut depth, mut key_next) = (None, 0_usize, false);
    let mut at = 0;
    while at <= offset && at < object.len() {
        match object[at] {
            b'"' => {
                let end = string_end(object, at + 1);
                if key_next {
                    key = Some(&object[at + 1..end]);
                }
                key_next = false;
                at = end;
            }
            b'{' | b'[' => {
                depth += 1;
                key_next = depth == 1;
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' => key_next = depth == 1,
            _ => {}
        }
        at += 1;
    }
    key.map(|key| String::from_utf8_lossy(key).into_owned())
}

/// Where the JSON string ends whose characters start at `start`: its closing quote.
fn string_end(text: &[u8], start: usize) -> usize {
    let mut at = start;
    while at < text.len() && text[at] != b'"' {
        at += if text[at] == b'\\' { 2 } else { 1 };
    }
    at.min(text.len())
}

/// What every entry begins with, whatever its kind.
struct Header {
    v: u64,
    kind: String,
}

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Header, D::Error> {
        deserializer.deserialize_map(HeaderVisitor)
    }
}

struct HeaderVisitor;

impl<'de> Visitor<'de> for HeaderVisitor {
    type Value = Header;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Header, A::Error> {
        let v = value_of("v", &mut map)?;
        let kind = value_of("kind", &mut map)?;
        while let Some(key) = map.next_key::<String>()? {
            if key == "v" || key == "kind" {
                return Err(serde::de::Error::custom(alloc::format!("duplicate field `{key}`")));
            }
            map.next_value::<IgnoredAny>()?;
        }
        Ok(Header { v, kind })
    }
}

/// The value of the next field, which must have this name.
fn value_of<'de, A: MapAccess<'de>, T: Deserialize<'de>>(
    name: &'static str,
    map: &mut A,
) -> Result<T, A::Error> {
    match map.next_key::<String>()? {
        Some(key) if key == name => map.next_value(),
        _ => Err(serde::de::Error::missing_field(name)),
    }
}
