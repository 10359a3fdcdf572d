//! The head object: the trusted register, and the lock.
//!
//! ```text
//! indelible-bucket@v2
//! 600                                              size of the tree
//! <base64 root>
//! token 5f0c...                                    whose batch it is; no two commits have the same
//! before 91ab...                                   whose batch was settled before; none at first
//! writer 07d2...                                   who holds the lease; none if nobody does
//! beat 12                                          how often that was said since the commit
//! retired                                          the log was moved elsewhere: nobody writes here any more
//! partial tile/0/002 44 88                         objects that are not full, by their widths
//! surplus tile/0/001 7                             objects that are superfluous: their tile is full
//! ```

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use bytes::Bytes;
use tlog::{Hash, TilePath, TreeHead, TreeSize};

use crate::error::StoreError;
use crate::store::Batch;

/// First line: the layout of the bucket and its version.
const LAYOUT: &str = "indelible-bucket@v2";

/// What tells one write from every other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token(String);

impl Token {
    /// A new one.
    ///
    /// # Errors
    /// [`StoreError::Io`] if the system gives no randomness.
    pub(super) fn random() -> Result<Token, StoreError> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(|error| StoreError::Io(error.into()))?;
        let hex = bytes.iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        Ok(Token(hex))
    }

    fn parse(text: &str) -> Option<Token> {
        let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        (text.len() == 32 && text.bytes().all(is_hex)).then(|| Token(text.to_owned()))
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The committed tree, and what may still have to be done for it.
#[derive(Clone, Debug)]
pub(super) struct HeadObject {
    pub(super) head: TreeHead,
    pub(super) token: Token,
    /// Whose staged batch is superfluous.
    pub(super) before: Option<Token>,
    /// Who holds the lease.
    pub(super) writer: Option<Token>,
    /// Grows with every statement about the lease, so that no two head objects are the same.
    pub(super) beat: u64,
    /// Whether the log was moved elsewhere.
    pub(super) retired: bool,
    /// Objects that exist and are not full.
    partials: Vec<TilePath>,
    /// Objects that are superfluous.
    pub(super) surplus: Vec<TilePath>,
}

impl HeadObject {
    /// That of a new log.
    pub(super) fn empty(token: Token) -> HeadObject {
        HeadObject {
            head: TreeHead::EMPTY,
            token,
            before: None,
            writer: None,
            beat: 0,
            retired: false,
            partials: Vec::new(),
            surplus: Vec::new(),
        }
    }

    /// The same tree, with another word about the lease.
    pub(super) fn leased_to(&self, writer: Option<Token>) -> HeadObject {
        HeadObject { writer, beat: self.beat + 1, ..self.clone() }
    }

    /// That after a commit. Partial objects stay until their tile is full, so that readers of every head
    /// find what they need.
    pub(super) fn next(&self, head: TreeHead, batch: &Batch, token: Token) -> HeadObject {
        let written = batch.objects.iter().map(|(path, _)| *path);
        let (full, partial): (Vec<_>, Vec<_>) = written.partition(TilePath::is_full);
        let is_surplus = |path: &TilePath| full.contains(&path.full());
        let (surplus, mut partials): (Vec<_>, Vec<_>) =
            self.partials.iter().copied().partition(is_surplus);
        partials.extend(partial);
        let before = (self.head != TreeHead::EMPTY).then(|| self.token.clone());
        let writer = self.writer.clone();
        HeadObject { head, token, before, writer, beat: 0, retired: false, partials, surplus }
    }

    /// The same tree, which nobody lets grow here any more.
    pub(super) fn retired(&self) -> HeadObject {
        HeadObject { retired: true, ..self.leased_to(None) }
    }

    pub(super) fn to_bytes(&self) -> Bytes {
        let HeadObject { head, token, before, writer, beat, retired, partials, surplus } = self;
        let mut text = format!("{LAYOUT}\n{}\n{}\ntoken {token}\n", head.size, head.root);
        if let Some(before) = before {
            let _ = writeln!(text, "before {before}");
        }
        if let Some(writer) = writer {
            let _ = writeln!(text, "writer {writer}");
        }
        if *beat > 0 {
            let _ = writeln!(text, "beat {beat}");
        }
        if *retired {
            text.push_str("retired\n");
        }
        for (word, paths) in [("partial", partials), ("surplus", surplus)] {
            let mut widths: BTreeMap<String, Vec<String>> = BTreeMap::new();
            for path in paths {
                widths.entry(path.full().to_string()).or_default().push(path.width().to_string());
            }
            for (full, widths) in widths {
                let _ = writeln!(text, "{word} {full} {}", widths.join(" "));
            }
        }
        text.into()
    }

    /// # Errors
    /// [`StoreError::Layout`] for that of another version, [`StoreError::Corrupt`] unless `bytes` is what
    /// [`to_bytes`](Self::to_bytes) gives.
    pub(super) fn parse(bytes: &[u8]) -> Result<HeadObject, StoreError> {
        let text = std::str::from_utf8(bytes).unwrap_or_default();
        let mut lines = text.lines();
        match lines.next() {
            Some(LAYOUT) => {}
            Some(found) if found.starts_with("indelible-bucket@") => {
                return Err(StoreError::Layout { expected: LAYOUT, found: found.to_owned() });
            }
            _ => return Err(damaged()),
        }
        read(&mut lines).ok_or_else(damaged)
    }
}

fn damaged() -> StoreError {
    StoreError::Corrupt("the head object is not one".to_owned())
}

fn read<'a>(lines: &mut impl Iterator<Item = &'a str>) -> Option<HeadObject> {
    let size = TreeSize::new(lines.next()?.parse().ok()?).ok()?;
    let head = TreeHead { size, root: Hash::parse(lines.next()?).ok()? };
    let token = Token::parse(lines.next()?.strip_prefix("token ")?)?;
    let mut object = HeadObject { head, ..HeadObject::empty(token) };
    for line in lines {
        if line == "retired" {
            object.retired = true;
            continue;
        }
        match line.split_once(' ')? {
            ("before", token) => object.before = Some(Token::parse(token)?),
            ("writer", token) => object.writer = Some(Token::parse(token)?),
            ("beat", count) => object.beat = count.parse().ok()?,
            ("partial", rest) => object.partials.extend(paths(rest)?),
            ("surplus", rest) => object.surplus.extend(paths(rest)?),
            _ => return None,
        }
    }
    Some(object)
}

/// A full path and the widths of its narrower versions.
fn paths(text: &str) -> Option<Vec<TilePath>> {
    let mut words = text.split(' ');
    let full: TilePath = words.next()?.parse().ok()?;
    words.map(|width| TilePath::new(full.kind(), full.index(), width.parse().ok()?).ok()).collect()
}

#[cfg(test)]
mod tests {
    use tlog::TileKind;

    use super::*;
    use crate::conformance::script;

    fn after(object: &HeadObject, from: u64, to: u64) -> HeadObject {
        let objects = script::changed(from, to);
        let objects = objects.into_iter().map(|path| (path, script::object(&path))).collect();
        object.next(script::head(to), &Batch { objects }, Token::random().unwrap())
    }

    #[test]
    fn it_is_read_back_at_every_step() {
        let mut object = HeadObject::empty(Token::random().unwrap());
        let mut from = 0;
        for to in [1, 2, 255, 256, 257, 600, 70_000] {
            object = after(&object, from, to);
            let read = HeadObject::parse(&object.to_bytes()).unwrap();
            assert_eq!((read.head, &read.token), (object.head, &object.token));
            assert_eq!(read.to_bytes(), object.to_bytes(), "{to}");
            let leased = object.leased_to(Some(Token::random().unwrap())).leased_to(None);
            let leased = leased.leased_to(Some(Token::random().unwrap()));
            let read = HeadObject::parse(&leased.to_bytes()).unwrap();
            assert_eq!((&read.writer, read.beat), (&leased.writer, 3));
            assert_eq!(read.to_bytes(), leased.to_bytes());
            let retired = leased.retired();
            assert!(HeadObject::parse(&retired.to_bytes()).unwrap().retired && !read.retired);
            object = leased;
            from = to;
        }
        for text in ["", "indelible-bucket@v2\n", "nonsense\n1\n"] {
            let refused = HeadObject::parse(text.as_bytes());
            assert!(matches!(refused, Err(StoreError::Corrupt(_))), "{text:?}");
        }
        let refused = HeadObject::parse(b"indelible-bucket@v1\n");
        assert!(matches!(refused, Err(StoreError::Layout { .. })));
    }

    #[test]
    fn partial_objects_go_when_their_tile_is_full() {
        let bundle = |width| TilePath::new(TileKind::Entries, 0, width).unwrap();
        let first = after(&HeadObject::empty(Token::random().unwrap()), 0, 7);
        let second = after(&first, 7, 9);
        assert!(second.partials.contains(&bundle(7)) && second.partials.contains(&bundle(9)));
        assert_eq!(second.surplus, []);
        assert_eq!(second.before, Some(first.token));
        let third = after(&second, 9, 300);
        assert!(third.surplus.contains(&bundle(7)) && third.surplus.contains(&bundle(9)));
        assert!(
            third.partials.iter().all(|path| path.index() == 1 || path.kind() != TileKind::Entries)
        );
        assert_eq!(after(&third, 300, 301).surplus, [], "once");
    }
}
