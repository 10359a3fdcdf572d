//! The tables that are printed: Markdown, line by line, as things are measured.

use std::io::{self, Write as _};

/// A number with what else was seen, as text.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    /// What ratios are made of.
    value: f64,
    text: String,
}

impl Figure {
    /// So many a second.
    pub(crate) fn rate(value: f64) -> Figure {
        Figure { value, text: format!("{}/s", grouped(value)) }
    }

    /// A time, shown in milliseconds.
    pub(crate) fn millis(seconds: f64) -> Figure {
        Figure { value: seconds, text: format!("{:.3} ms", seconds * 1e3) }
    }

    /// Adds something else that was seen.
    pub(crate) fn and(mut self, text: impl std::fmt::Display) -> Figure {
        self.text = format!("{}; {text}", self.text);
        self
    }

    /// Says first whose figure it is.
    fn of(mut self, who: &str) -> Figure {
        self.text = format!("{who}: {}", self.text);
        self
    }
}

/// A line of the table of goals.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    what: String,
    ours: Option<Figure>,
    beside: Vec<Figure>,
    said: Vec<String>,
    goal: &'static str,
}

impl Row {
    /// What is measured, and what is wanted of it.
    pub(crate) fn new(what: impl Into<String>, goal: &'static str) -> Row {
        Row { what: what.into(), ours: None, beside: Vec::new(), said: Vec::new(), goal }
    }

    /// What Indelible does.
    #[must_use]
    pub(crate) fn ours(mut self, figure: Figure) -> Row {
        self.ours = Some(figure);
        self
    }

    /// What a limit or a peer does, measured in the same run; ratios are to the first.
    #[must_use]
    pub(crate) fn beside(mut self, who: &str, figure: Figure) -> Row {
        self.beside.push(figure.of(who));
        self
    }

    /// The same, or why it was not measured.
    #[must_use]
    pub(crate) fn beside_or_why(self, who: &str, measured: anyhow::Result<Figure>) -> Row {
        match measured {
            Ok(figure) => self.beside(who, figure),
            Err(error) => self.say(format!("{who}: {}", why(&error))),
        }
    }

    /// Something about limits or peers that is no figure of this run.
    #[must_use]
    pub(crate) fn say(mut self, text: impl Into<String>) -> Row {
        self.said.push(text.into());
        self
    }

    fn ratio(&self) -> String {
        match (&self.ours, self.beside.first()) {
            (Some(ours), Some(beside)) => format!("{:.2}", ours.value / beside.value),
            _ => String::new(),
        }
    }

    fn line(&self) -> String {
        let unknown = if self.beside.is_empty() { "not measured" } else { "" };
        let ours = self.ours.as_ref().map_or(unknown, |ours| &ours.text);
        let beside = self.beside.iter().map(|figure| figure.text.clone());
        let beside: Vec<String> = beside.chain(self.said.clone()).collect();
        let (what, goal, ratio) = (&self.what, self.goal, self.ratio());
        format!("| {what} | {ours} | {} | {ratio} | {goal} |", beside.join("<br>"))
    }
}

/// Begins the table of goals.
pub(crate) fn begin() -> io::Result<()> {
    print("| what | ours | limit or peer | ratio | goal |\n| --- | --- | --- | --- | --- |")
}

/// Prints a line of the table of goals.
pub(crate) fn row(row: &Row) -> io::Result<()> {
    print(&row.line())
}

/// Prints a line, if it was measured, or why it was not.
pub(crate) fn row_or_why(what: &str, measured: anyhow::Result<Row>) -> io::Result<()> {
    match measured {
        Ok(measured) => row(&measured),
        Err(error) => row(&Row::new(what, "").say(why(&error))),
    }
}

/// Why something was not measured, as it can stand in a table.
fn why(error: &anyhow::Error) -> String {
    format!("{error:#}").replace('|', "/")
}

/// Prints a line of text.
pub(crate) fn print(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

/// A number with its thousands apart, or with decimals if it is small.
pub(crate) fn grouped(value: f64) -> String {
    if value < 100.0 {
        return format!("{value:.1}");
    }
    let digits = format!("{value:.0}");
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.char_indices() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Figure, Row, grouped};

    #[test]
    fn thousands_are_apart() {
        let shown: Vec<String> = [0.25, 99.0, 999.0, 1000.0, 1_234_567.0].map(grouped).into();
        assert_eq!(shown, ["0.2", "99.0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn a_line_has_the_ratio_to_the_first_beside() {
        let row = Row::new("reads", "half")
            .ours(Figure::rate(500.0).and("quick"))
            .beside("limit", Figure::rate(1000.0))
            .beside("peer", Figure::rate(1.0));
        let line = "| reads | 500/s; quick | limit: 1,000/s<br>peer: 1.0/s | 0.50 | half |";
        assert_eq!(row.line(), line);
    }

    #[test]
    fn what_was_not_measured_says_so() {
        let row = Row::new("peer", "").say("it is not installed");
        assert_eq!(row.line(), "| peer | not measured | it is not installed |  |  |");
    }
}
