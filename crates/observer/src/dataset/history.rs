//! What the recorded pages of a project say, one after the other.

use std::collections::BTreeSet;

use record::{Fact, ProjectName};

use crate::page::{ProjectPage, RefusedFile};

/// The facts of a project's pages, oldest first, as an observer would have seen them; and the files that
/// can not be logged.
///
/// A file is gone if a page lists it no more and every name on that page can be read. A recorded page is
/// believed at once: nobody can read it again.
pub fn facts_of_pages(
    project: &ProjectName,
    pages: impl IntoIterator<Item = ProjectPage>,
) -> (Vec<Fact>, Vec<RefusedFile>) {
    let (mut facts, mut refused) = (Vec::new(), Vec::new());
    let mut listed = BTreeSet::new();
    for page in pages {
        let complete = page.names_all_files();
        let mut names: BTreeSet<String> =
            page.files.iter().map(|file| file.filename.clone()).collect();
        names.extend(page.refused.iter().filter_map(|file| file.filename.clone()));
        refused.extend(page.take_facts(project, &mut facts));
        if complete {
            let gone = listed.difference(&names).cloned();
            facts
                .extend(gone.map(|filename| Fact::Unlisted { project: project.clone(), filename }));
            listed = names;
        } else {
            listed.extend(names);
        }
    }
    (facts, refused)
}
