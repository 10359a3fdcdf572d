//! Paragraphs of `Name: value` fields, as Debian's control files have them (deb-src-control(5)).
//!
//! They are read one at a time: an index of sources has tens of thousands.

use crate::audit::pin::InvalidSource;

const SIGNED: &str = "-----BEGIN PGP SIGNED MESSAGE-----";
const SIGNATURE: &str = "-----BEGIN PGP SIGNATURE-----";

/// A line with its number, from 1.
pub(super) type Line<'a> = (u64, &'a str);

/// Fields up to an empty line.
#[derive(Debug, Default)]
pub(super) struct Paragraph<'a> {
    fields: Vec<Field<'a>>,
}

/// One field.
#[derive(Debug)]
pub(super) struct Field<'a> {
    pub(super) line: u64,
    pub(super) name: &'a str,
    /// What stands behind the name.
    pub(super) value: &'a str,
    /// The indented lines that follow.
    pub(super) more: Vec<Line<'a>>,
}

impl<'a> Paragraph<'a> {
    /// Line where it begins.
    pub(super) fn line(&self) -> u64 {
        self.fields.first().map_or(1, |field| field.line)
    }

    /// A field by its name, whose case does not count.
    pub(super) fn get(&self, name: &str) -> Option<&Field<'a>> {
        self.fields.iter().find(|field| field.name.eq_ignore_ascii_case(name))
    }

    /// Whether it has all these fields.
    pub(super) fn has(&self, names: &[&str]) -> bool {
        names.iter().all(|name| self.get(name).is_some())
    }

    fn add(&mut self, (line, text): Line<'a>) -> Result<(), InvalidSource> {
        if text.starts_with([' ', '\t']) {
            let last = self.fields.last_mut().ok_or_else(|| {
                InvalidSource::at(line, "an indented line continues a field, and there is none")
            })?;
            last.more.push((line, text));
            return Ok(());
        }
        let is_name =
            |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic());
        let (name, value) = text
            .split_once(':')
            .filter(|(name, _)| is_name(name))
            .ok_or_else(|| InvalidSource::at(line, "a field is written as 'Name: value'"))?;
        if self.get(name).is_some() {
            return Err(InvalidSource::at(
                line,
                format!("a second field '{name}' in one paragraph"),
            ));
        }
        self.fields.push(Field { line, name, value: value.trim(), more: Vec::new() });
        Ok(())
    }
}

/// The paragraphs of a text, one after the other; those that are signed, if it is a clear-signed
/// message (RFC 9580, 7). The signature is not verified: it says who packed, not what was published.
pub(super) struct Paragraphs<'a> {
    lines: std::str::Lines<'a>,
    /// Number of lines that were taken.
    taken: u64,
    is_signed: bool,
    is_over: bool,
}

impl<'a> Paragraphs<'a> {
    /// The paragraphs of `text`.
    pub(super) fn of(text: &'a str) -> Paragraphs<'a> {
        let is_signed = text.lines().next().is_some_and(|line| line.trim_end() == SIGNED);
        let mut all = Paragraphs { lines: text.lines(), taken: 0, is_signed, is_over: false };
        // The headers of the message end at an empty line.
        while is_signed && all.next_line().is_some_and(|(_, line)| !line.is_empty()) {}
        all
    }

    fn next_line(&mut self) -> Option<Line<'a>> {
        let text = self.lines.next()?.trim_end();
        self.taken = self.taken.saturating_add(1);
        Some((self.taken, text))
    }

    /// The next line that is part of the paragraphs; `None` at their end.
    fn line(&mut self) -> Result<Option<Line<'a>>, InvalidSource> {
        match self.next_line() {
            _ if self.is_over => Ok(None),
            Some((_, SIGNATURE)) if self.is_signed => {
                self.is_over = true;
                Ok(None)
            }
            // Lines that begin with a hyphen are escaped by one more.
            Some((line, text)) if self.is_signed => {
                Ok(Some((line, text.strip_prefix("- ").unwrap_or(text))))
            }
            None if self.is_signed => Err(InvalidSource::whole("the signed message breaks off")),
            line => Ok(line),
        }
    }

    /// The next paragraph; `None` at the end.
    ///
    /// # Errors
    /// [`InvalidSource`] if a line is none of a paragraph.
    pub(super) fn paragraph(&mut self) -> Result<Option<Paragraph<'a>>, InvalidSource> {
        let mut paragraph = Paragraph::default();
        while let Some((number, text)) = self.line()? {
            match text {
                "" if paragraph.fields.is_empty() => {}
                "" => break,
                _ if text.starts_with('#') => {}
                _ => paragraph.add((number, text))?,
            }
        }
        Ok(Some(paragraph).filter(|paragraph| !paragraph.fields.is_empty()))
    }
}
