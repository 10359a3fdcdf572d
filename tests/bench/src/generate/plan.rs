//! Who has how many files, and in which order their releases come.

use super::names::Name;
use super::random::{Purpose, Random};
use super::release::Project;

/// Files of a project on the average, as of 20 million over 886,000.
const FILES_PER_PROJECT: u64 = 22;
/// The more files, the fewer projects: those with twice as many are 1.9 times fewer.
const EXPONENT: f64 = 0.9;
/// No project has more times the least than this.
const MOST: f64 = 20_000.0;

/// A release: when it comes, and whose it is. Sorted, they are in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Release {
    when: u32,
    pub(super) project: u32,
    pub(super) number: u32,
}

/// How many of the projects there is room for.
pub(super) fn projects(files: u64) -> usize {
    usize::try_from((files / FILES_PER_PROJECT).max(1)).unwrap_or(usize::MAX)
}

/// Gives each project its files, `files` in all, at least one to each.
pub(super) fn share_out(random: Random, names: Vec<Name>, files: u64) -> Vec<Project> {
    let counts = counts(random, names.len() as u64, files);
    let projects = (0..).zip(names).zip(counts);
    projects.map(|((place, name), files)| Project::new(random, place, name, files)).collect()
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts far below 2^53"
)]
fn counts(random: Random, projects: u64, files: u64) -> Vec<u32> {
    let weight = |place| {
        let fraction = 1.0 - random.fraction(Purpose::Count, place);
        fraction.powf(-1.0 / EXPONENT).min(MOST)
    };
    let weights: Vec<f64> = (0..projects).map(weight).collect();
    // One for everybody, and what remains by weight.
    let more = files.saturating_sub(projects) as f64 / weights.iter().sum::<f64>();
    let mut counts: Vec<u32> =
        weights.iter().map(|weight| 1 + (weight * more).floor() as u32).collect();
    let given: u64 = counts.iter().map(|count| u64::from(*count)).sum();
    let rest = usize::try_from(files.saturating_sub(given)).expect("less than there are projects");
    for count in counts.iter_mut().take(rest) {
        *count += 1;
    }
    counts
}

/// All releases in the order in which they come.
pub(super) fn releases(random: Random, projects: &[Project]) -> Vec<Release> {
    let mut all = Vec::new();
    for (number, project) in (0_u32..).zip(projects) {
        let birth = random.fraction(Purpose::Birth, number.into());
        let count = f64::from(project.releases());
        for release in 0..project.releases() {
            let place = (u64::from(number) << 32) | u64::from(release);
            let jitter = random.fraction(Purpose::Jitter, place);
            let when = birth + (1.0 - birth) * (f64::from(release) + jitter) / count;
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below 1")]
            let when = (when * f64::from(u32::MAX)) as u32;
            all.push(Release { when, project: number, number: release });
        }
    }
    all.sort_unstable();
    all
}
