//! What is gone, and when that is believed.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod support;

use observer::{Caution, Settings};
use serde_json::json;
use support::{Bench, FakeIndex, file, settings};

const MINUTES: u64 = 60;
const HOURS: u64 = 3600;

/// An index without journal, observed once. Project `a` has four files, `b` one.
async fn observed() -> (FakeIndex, Bench) {
    let index = FakeIndex::start().await;
    index.change("a", |project| {
        project.files = ["a-1.zip", "a-2.zip", "a-3.zip", "a-4.zip"].map(file).to_vec();
    });
    index.change("b", |project| project.files.push(file("b-1.zip")));
    let bench = Bench::new(&index.url, settings());
    bench.sweep().await;
    bench.news();
    (index, bench)
}

fn drop_file(index: &FakeIndex, name: &str, filename: &str) {
    index.change(name, |project| project.files.retain(|file| file["filename"] != filename));
}

#[tokio::test]
async fn one_missing_file_needs_a_second_reading_some_time_later() {
    let (index, bench) = observed().await;
    drop_file(&index, "a", "a-2.zip");
    let report = bench.sweep().await;
    assert_eq!((report.in_doubt, report.entries), (1, 0), "{report}");
    bench.clock.advance(9 * MINUTES);
    assert_eq!(bench.sweep().await.entries, 0);
    bench.clock.advance(MINUTES);
    let report = bench.sweep().await;
    assert_eq!((report.in_doubt, report.entries), (0, 1), "{report}");
    assert_eq!(bench.news(), ["removed a-2.zip"]);

    bench.clock.advance(HOURS);
    index.asked();
    assert_eq!(bench.sweep().await.facts, 0);
    assert_eq!(index.asked(), ["/simple/"]);

    index.change("a", |project| project.files.push(file("a-2.zip")));
    bench.sweep().await;
    assert_eq!(bench.news(), ["file a-2.zip"]);
}

#[tokio::test]
async fn a_file_that_returns_was_never_gone() {
    let (index, bench) = observed().await;
    for _ in 0..3 {
        drop_file(&index, "a", "a-2.zip");
        bench.sweep().await;
        bench.clock.advance(9 * MINUTES);
        index.change("a", |project| project.files.push(file("a-2.zip")));
        assert_eq!(bench.sweep().await.in_doubt, 0);
    }
    assert_eq!(bench.news(), [""; 0]);
}

#[tokio::test]
async fn each_missing_file_has_its_own_first_reading() {
    let (index, bench) = observed().await;
    drop_file(&index, "a", "a-1.zip");
    bench.sweep().await;
    bench.clock.advance(8 * MINUTES);
    drop_file(&index, "a", "a-2.zip");
    bench.sweep().await;
    bench.clock.advance(3 * MINUTES);
    bench.sweep().await;
    assert_eq!(bench.news(), ["removed a-1.zip"]);
    bench.clock.advance(2 * HOURS);
    bench.sweep().await;
    assert_eq!(bench.news(), ["removed a-2.zip"]);
}

#[tokio::test]
async fn an_empty_page_is_believed_late() {
    let (index, bench) = observed().await;
    index.change("a", |project| project.files.clear());
    bench.sweep().await;
    bench.clock.advance(59 * MINUTES);
    assert_eq!(bench.sweep().await.entries, 0);
    bench.clock.advance(MINUTES);
    bench.sweep().await;
    assert_eq!(
        bench.news(),
        ["removed a-1.zip", "removed a-2.zip", "removed a-3.zip", "removed a-4.zip"]
    );
}

#[tokio::test]
async fn a_file_that_cannot_be_logged_any_more_is_still_listed() {
    let (index, bench) = observed().await;
    index.change("a", |project| project.files[0]["hashes"] = json!({}));
    for _ in 0..3 {
        let report = bench.sweep().await;
        assert_eq!(report.in_doubt, 0);
        bench.clock.advance(2 * HOURS);
    }
    // An entry whose very name cannot be read may be any of the files.
    index.change("a", |project| project.files = vec![json!({"filename": null})]);
    for _ in 0..3 {
        bench.sweep().await;
        bench.clock.advance(2 * HOURS);
    }
    assert_eq!(bench.news(), [""; 0]);
}

#[tokio::test]
async fn a_quarantined_project_keeps_its_files() {
    let (index, bench) = observed().await;
    let files = index.lock().projects["a"].files.clone();
    index.change("a", |project| {
        project.files.clear();
        project.hidden = true;
        project.status = Some(json!({"status": "quarantined", "reason": "malware"}));
    });
    for _ in 0..3 {
        bench.sweep().await;
        bench.clock.advance(2 * HOURS);
    }
    assert_eq!(bench.news(), ["status a quarantined"]);
    index.change("a", |project| {
        (project.files, project.hidden, project.status) = (files, false, None);
    });
    bench.sweep().await;
    assert_eq!(bench.news(), ["status a active"]);
}

#[tokio::test]
async fn what_does_not_return_from_quarantine_is_in_doubt() {
    let (index, mut bench) = observed().await;
    bench.settings.caution = support::hasty();
    index.change("b", |project| {
        project.files.clear();
        project.status = Some(json!({"status": "quarantined"}));
    });
    bench.sweep().await;
    index.change("b", |project| project.status = None);
    for _ in 0..2 {
        bench.sweep().await;
    }
    assert_eq!(bench.news(), ["removed b-1.zip", "status b active", "status b quarantined"]);
}

#[tokio::test]
async fn a_deleted_project_is_gone_from_the_list_and_has_no_page_twice() {
    let (index, bench) = observed().await;
    index.change("b", |project| project.hidden = true);
    for _ in 0..3 {
        bench.sweep().await;
        bench.clock.advance(2 * HOURS);
    }
    assert_eq!(bench.news(), [""; 0], "it still has its page");

    index.change("b", |project| (project.hidden, project.absent) = (false, true));
    for _ in 0..3 {
        let report = bench.sweep().await;
        assert!(report.is_complete() && report.absent == 1, "{report}");
        bench.clock.advance(2 * HOURS);
    }
    assert_eq!(bench.news(), [""; 0], "it is still in the list");

    index.change("b", |project| project.hidden = true);
    bench.sweep().await;
    assert_eq!(bench.news(), [""; 0], "one reading is not enough");
    bench.clock.advance(2 * HOURS);
    bench.sweep().await;
    assert_eq!(bench.news(), ["removed b-1.zip", "status b deleted"]);
    index.asked();
    bench.clock.advance(2 * HOURS);
    bench.sweep().await;
    assert_eq!(index.asked(), ["/simple/"]);

    index.change("b", |project| (project.hidden, project.absent) = (false, false));
    bench.sweep().await;
    assert_eq!(bench.news(), ["file b-1.zip", "status b active"]);
}

/// An index of 60 projects with one file each, observed once.
async fn crowd() -> (FakeIndex, Bench) {
    let index = FakeIndex::start().await;
    for number in 0..60 {
        let filename = format!("p{number}-1.zip");
        index.change(&format!("p{number}"), |project| project.files.push(file(&filename)));
    }
    let bench = Bench::new(&index.url, settings());
    bench.sweep().await;
    bench.news();
    (index, bench)
}

#[tokio::test]
async fn a_mass_gone_from_the_list_is_not_even_looked_at_before_the_third_sweep() {
    let (index, bench) = crowd().await;
    for project in index.lock().projects.values_mut().take(30) {
        (project.hidden, project.absent) = (true, true);
    }
    for _ in 0..2 {
        index.asked();
        let report = bench.sweep().await;
        assert_eq!((report.vanished, report.is_complete()), (30, false), "{report}");
        assert_eq!(index.asked(), ["/simple/"]);
        bench.clock.advance(2 * HOURS);
    }
    let report = bench.sweep().await;
    assert_eq!((report.vanished, report.absent, report.entries), (0, 30, 0), "{report}");
    bench.clock.advance(2 * HOURS);
    let report = bench.sweep().await;
    assert_eq!(report.entries, 60, "{report}");
}

#[tokio::test]
async fn a_list_that_recovers_starts_the_count_anew() {
    let (index, bench) = crowd().await;
    let hide = |hidden| {
        for project in index.lock().projects.values_mut().take(30) {
            (project.hidden, project.absent) = (hidden, hidden);
        }
    };
    for _ in 0..4 {
        hide(true);
        for _ in 0..2 {
            assert_eq!(bench.sweep().await.vanished, 30);
            bench.clock.advance(2 * HOURS);
        }
        hide(false);
        assert!(bench.sweep().await.is_complete());
    }
    assert_eq!(bench.news(), [""; 0]);
}

#[tokio::test]
async fn bounds_are_settings() {
    let (index, mut bench) = crowd().await;
    bench.settings =
        Settings { caution: Caution { list_floor: 30, ..support::hasty() }, ..settings() };
    for project in index.lock().projects.values_mut().take(30) {
        (project.hidden, project.absent) = (true, true);
    }
    bench.sweep().await;
    assert_eq!(bench.sweep().await.entries, 60);
}

#[tokio::test]
async fn yanks_and_changed_metadata_are_told() {
    let (index, bench) = observed().await;
    let set = |field: &str, value| {
        let (field, value) = (field.to_owned(), value);
        index.change("b", move |project| project.files[0][field] = value);
    };
    set("yanked", json!("broken"));
    bench.sweep().await;
    assert_eq!(bench.news(), ["status b-1.zip yanked"]);
    set("yanked", json!(false));
    bench.sweep().await;
    assert_eq!(bench.news(), ["status b-1.zip unyanked"]);
    set("core-metadata", json!({"sha256": support::sha256("m")}));
    bench.sweep().await;
    assert_eq!(bench.news(), ["file b-1.zip"]);
    set("yanked", json!("x".repeat(100_000)));
    bench.sweep().await;
    assert_eq!(bench.news(), ["status b-1.zip yanked"]);
}
