//! Verdicts under a policy.

use std::collections::BTreeMap;

use client::judging::{Basis, Judged};
use client::{Class, Verdict};
use record::Timestamp;

use super::policy::PolicyArgs;
use super::sources::{Item, Problem};
use crate::results;

/// A file, what the log says about it, and how bad that is.
#[derive(Clone, Debug)]
pub(super) struct Assessed {
    pub(super) item: Item,
    pub(super) judged: Judged,
    /// Worse than the verdict's own where the policy makes it so.
    pub(super) class: Class,
    /// What the policy has to say.
    pub(super) remark: Option<String>,
}

/// Everything that is told about an audit.
#[derive(Debug)]
pub(super) struct Report {
    /// In the order of the sources.
    pub(super) assessed: Vec<Assessed>,
    pub(super) problems: Vec<Problem>,
    pub(super) summary: BTreeMap<Verdict, usize>,
    pub(super) basis: Basis,
    pub(super) now: Timestamp,
}

impl Assessed {
    pub(super) fn new(item: Item, judged: Judged, policy: &PolicyArgs, now: Timestamp) -> Assessed {
        let (class, remark) = policy.assess(&judged, now);
        Assessed { item, judged, class, remark }
    }

    pub(super) const fn verdict(&self) -> Verdict {
        self.judged.finding.verdict
    }

    /// What the log and the policy say, on one line.
    pub(super) fn text(&self) -> String {
        let detail = &self.judged.finding.detail;
        self.remark.as_ref().map_or_else(|| detail.clone(), |remark| format!("{remark}; {detail}"))
    }
}

impl Report {
    pub(super) fn new(
        assessed: Vec<Assessed>,
        problems: Vec<Problem>,
        basis: Basis,
        now: Timestamp,
    ) -> Report {
        let summary = results::summary(assessed.iter().map(|assessed| &assessed.judged));
        Report { assessed, problems, summary, basis, now }
    }

    /// The worst that is told.
    pub(super) fn class(&self) -> Class {
        let unread = (!self.problems.is_empty()).then_some(Class::Undecided);
        let classes = self.assessed.iter().map(|assessed| assessed.class);
        classes.chain(unread).max().unwrap_or(Class::Good)
    }
}
