//! Which verdicts are a failure.

use std::time::Duration;

use clap::Args;
use client::judging::{FirstSeen, Judged};
use client::{Class, Verdict};
use record::Timestamp;

use crate::freshness::{Span, in_words};

/// What is a failure, beside what is proven bad.
#[derive(Clone, Debug, Default, Args)]
pub struct PolicyArgs {
    /// Exit with 1 also for files that the log merely does not know
    #[arg(long)]
    pub strict: bool,
    /// Exit with 1 also for these verdicts
    #[arg(long, value_name = "VERDICT", value_delimiter = ',')]
    pub fail_on: Vec<Verdict>,
    /// Exit with 1 for files that the log first saw with these bytes more recently: 24h, 7d. Counts by the
    /// log's clock, which the index cannot set back; files from elsewhere have no age, and of others that
    /// the log never saw the age cannot be decided
    #[arg(long, value_name = "DURATION")]
    pub min_age: Option<Span>,
}

impl PolicyArgs {
    /// How bad it is under this policy, and what is to be said about the file's age.
    pub(super) fn assess(&self, judged: &Judged, now: Timestamp) -> (Class, Option<String>) {
        let verdict = judged.finding.verdict;
        let fails =
            self.fail_on.contains(&verdict) || (self.strict && verdict.class() == Class::Note);
        let class = if fails { Class::Bad } else { verdict.class() };
        match self.min_age {
            Some(least) => {
                let (of_age, remark) = of_age(judged, least, now);
                (class.max(of_age), remark)
            }
            None => (class, None),
        }
    }
}

fn of_age(judged: &Judged, least: Span, now: Timestamp) -> (Class, Option<String>) {
    let Some(FirstSeen { time, via, .. }) = &judged.first_seen else {
        let exempt = judged.artifact.from_index == Some(false);
        let unknown = "its age is not known: the log never saw it";
        return if exempt { (Class::Good, None) } else { (Class::Undecided, Some(unknown.into())) };
    };
    let whose = via.as_ref().map_or(String::new(), |via| {
        format!(", by an import from {via:?}: that is somebody else's sighting, taken in then")
    });
    // The log's clock may be ahead of this machine's.
    let age = Duration::from_secs(now.unix().saturating_sub(time.unix()));
    if age < least.duration() {
        let (age, least) = (in_words(age), in_words(least.duration()));
        let remark =
            format!("too young: first seen {time}{whose}, {age} ago; {least} are asked for");
        return (Class::Bad, Some(remark));
    }
    (Class::Good, via.is_some().then(|| format!("first seen {time}{whose}")))
}

#[cfg(test)]
mod tests {
    use client::{Artifact, Finding};
    use tlog::LeafIndex;

    use super::*;

    fn seen(verdict: Verdict, time: Option<u64>, via: Option<&str>) -> Judged {
        let first_seen = time.map(|time| FirstSeen {
            index: LeafIndex::default(),
            time: Timestamp::from_unix(time).unwrap(),
            via: via.map(String::from),
        });
        let artifact = Artifact {
            filename: None,
            sha256: None,
            project: None,
            version: None,
            from_index: (verdict == Verdict::NotFromIndex).then_some(false),
        };
        let finding = Finding { verdict, entries: Vec::new(), detail: String::new() };
        Judged { artifact, finding, first_seen }
    }

    #[test]
    fn ages_are_judged_by_the_first_sighting() {
        use Verdict::{Conflict, Match, NotFromIndex, NotYetObserved, UnknownRelease};
        let day = 86_400;
        let now = Timestamp::from_unix(1_795_223_638).unwrap();
        let at = |age: i64| Some(now.unix().checked_add_signed(-age).unwrap());
        let policy = PolicyArgs { min_age: Some("7d".parse().unwrap()), ..PolicyArgs::default() };
        for (verdict, first, via, class) in [
            (Match, at(7 * day), None, Class::Good),
            (Match, at(7 * day - 1), None, Class::Bad),
            (Match, at(-day), None, Class::Bad),
            (Match, at(7 * day), Some("dump"), Class::Good),
            (Match, at(7 * day - 1), Some("dump"), Class::Bad),
            (Conflict, at(30 * day), None, Class::Bad),
            (Conflict, None, None, Class::Bad),
            (UnknownRelease, None, None, Class::Undecided),
            (NotYetObserved, None, None, Class::Undecided),
            (NotFromIndex, None, None, Class::Note),
        ] {
            let (got, remark) = policy.assess(&seen(verdict, first, via), now);
            assert_eq!(got, class, "{verdict} {first:?} {via:?}");
            let said = remark.is_some_and(|remark| remark.contains("somebody else's sighting"));
            assert_eq!(said, via.is_some());
        }
    }

    #[test]
    fn policies_make_verdicts_worse() {
        let now = Timestamp::from_unix(0).unwrap();
        let strict = PolicyArgs { strict: true, ..PolicyArgs::default() };
        let listed = PolicyArgs { fail_on: vec![Verdict::MatchYanked], ..PolicyArgs::default() };
        let class = |policy: &PolicyArgs, verdict| policy.assess(&seen(verdict, None, None), now).0;
        for verdict in Verdict::ALL {
            assert_eq!(class(&PolicyArgs::default(), verdict), verdict.class());
            let is_note = verdict.class() == Class::Note;
            assert_eq!(
                class(&strict, verdict) == Class::Bad,
                is_note || verdict.class() == Class::Bad
            );
            let is_listed = verdict == Verdict::MatchYanked || verdict.class() == Class::Bad;
            assert_eq!(class(&listed, verdict) == Class::Bad, is_listed);
        }
    }
}
