//! Charts as SVG, with the numbers beside them for those who do not see them.

use std::fmt::Write as _;

use record::Timestamp;

/// Width and height of the area that is drawn in.
const AREA: (f64, f64) = (560.0, 120.0);

/// A curve from the first time to the last, as the `d` of a path; empty if no time passed between them.
pub(super) fn curve(points: &[(Timestamp, u64)]) -> String {
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return String::new() };
    let (start, span) = (first.0.unix(), last.0.unix().saturating_sub(first.0.unix()));
    if span == 0 {
        return String::new();
    }
    let top = last.1.max(1);
    let mut path = String::new();
    for (nth, (time, size)) in points.iter().enumerate() {
        let x = part(time.unix().saturating_sub(start), span) * AREA.0;
        let y = AREA.1 - part(*size, top) * AREA.1;
        let command = if nth == 0 { 'M' } else { 'L' };
        // Writing to a text does not fail.
        let _ = write!(path, "{command}{x:.1} {y:.1}");
    }
    path
}

/// The curve with the area below it.
pub(super) fn area(curve: &str) -> String {
    if curve.is_empty() { String::new() } else { format!("{curve}V{:.1}H0Z", AREA.1) }
}

/// A bar of a chart.
pub(super) struct Bar {
    /// What it counts.
    pub(super) name: &'static str,
    /// How many.
    pub(super) count: usize,
    /// Where it begins, from the left.
    pub(super) x: String,
    /// Its width.
    pub(super) width: String,
    /// Where it begins, from the top.
    pub(super) y: String,
    /// Its height.
    pub(super) height: String,
}

/// Bars side by side, the longest as high as the area.
pub(super) fn bars(counts: &[(&'static str, usize)]) -> Vec<Bar> {
    let most = counts.iter().map(|(_, count)| *count).max().unwrap_or(0).max(1);
    let pitch = AREA.0 / part(counts.len() as u64, 1).max(1.0);
    let bar = |(nth, (name, count)): (usize, &(&'static str, usize))| {
        let height = part(*count as u64, most as u64) * AREA.1;
        let x = part(nth as u64, 1) * pitch;
        Bar {
            name,
            count: *count,
            x: format!("{:.1}", x + pitch * 0.12),
            width: format!("{:.1}", pitch * 0.76),
            y: format!("{:.1}", AREA.1 - height),
            height: format!("{height:.1}"),
        }
    };
    counts.iter().enumerate().map(bar).collect()
}

/// How large a part is.
#[expect(clippy::cast_precision_loss, reason = "a picture is not that precise")]
fn part(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}
