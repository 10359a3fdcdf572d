//! Trees of documents: recorded listings and mirrors.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod support;

use std::path::Path;

use observer::{DirectorySource, SourceError};
use serde_json::json;
use support::{Bench, file, hasty, settings, sha256, write};

fn page(name: &str, filenames: &[&str]) -> String {
    let files: Vec<_> = filenames.iter().map(|filename| file(filename)).collect();
    json!({"meta": {"api-version": "1.0"}, "name": name, "files": files}).to_string()
}

fn list(names: &[&str]) -> String {
    let projects: Vec<_> = names.iter().map(|name| json!({"name": name})).collect();
    json!({"meta": {"api-version": "1.1"}, "projects": projects}).to_string()
}

fn recorded(root: &Path, projects: &[(&str, &[&str])]) {
    let names: Vec<_> = projects.iter().map(|(name, _)| *name).collect();
    write(&root.join("simple/index.json"), list(&names));
    for (name, filenames) in projects {
        write(&root.join(format!("simple/{name}/index.json")), page(name, filenames));
    }
}

fn bench(root: &Path) -> Bench {
    Bench::new(root.display().to_string(), settings())
}

#[tokio::test]
async fn recorded_listings_are_read_once() {
    let root = tempfile::tempdir().unwrap();
    recorded(root.path(), &[("a", &["a-1.zip", "a-2.zip"]), ("b", &["b-1.tar.gz"])]);
    let bench = bench(root.path());

    let first = bench.sweep().await;
    assert!(first.is_complete(), "{first}");
    assert_eq!((first.listed, first.read, first.files, first.entries), (2, 2, 3, 3));
    assert_eq!(bench.news(), ["file a-1.zip", "file a-2.zip", "file b-1.tar.gz"]);
    assert_eq!(bench.observer().coverage().unwrap().swept, first.started);

    let second = bench.sweep().await;
    assert_eq!((second.read, second.unchanged, second.facts), (0, 2, 0), "{second}");

    write(&root.path().join("simple/b/index.json"), page("b", &["b-1.tar.gz", "b-2.tar.gz"]));
    let third = bench.sweep().await;
    assert_eq!((third.read, third.unchanged), (1, 1), "{third}");
    assert_eq!(bench.news(), ["file b-2.tar.gz"]);
}

#[tokio::test]
async fn mirror_layouts() {
    let html =
        format!("<html><a href='../../packages/a-1.zip#sha256={}'>a-1.zip</a></html>", sha256("x"));
    let html_list = "<html><a href='a/'>a</a></html>";
    let (json, json_list) = (page("a", &["a-1.zip"]), list(&["A"]));
    let cases: [(&str, &str, &str, &str); 6] = [
        ("simple/index.json", &json_list, "simple/a/index.json", &json),
        ("web/simple/index.v1_json", &json_list, "web/simple/a/index.v1_json", &json),
        ("web/simple/index.v1_json", &json_list, "web/simple/a/a/index.v1_json", &json),
        ("web/simple/index.html", html_list, "web/simple/a/index.html", &html),
        ("web/simple/index.v1_html", html_list, "web/simple/a/a/index.v1_html", &html),
        ("index.html", html_list, "a/index.html", &html),
    ];
    for (list_path, list, page_path, page) in cases {
        let root = tempfile::tempdir().unwrap();
        write(&root.path().join(list_path), list);
        write(&root.path().join(page_path), page);
        write(&root.path().join("status"), "4711\n");
        let bench = bench(root.path());
        let report = bench.sweep().await;
        assert!(report.is_complete(), "{page_path}: {report}");
        assert_eq!((report.entries, report.serial), (1, Some(4711)), "{page_path}");
    }
}

#[tokio::test]
async fn json_comes_before_html() {
    let root = tempfile::tempdir().unwrap();
    recorded(root.path(), &[("a", &["a-1.zip"])]);
    write(&root.path().join("simple/a/index.html"), "<html></html>");
    assert_eq!(bench(root.path()).sweep().await.entries, 1);
}

#[test]
fn a_tree_without_a_list_is_refused() {
    let root = tempfile::tempdir().unwrap();
    write(&root.path().join("simple/a/index.json"), page("a", &[]));
    for path in [root.path(), &root.path().join("nowhere")] {
        let error = DirectorySource::open(path, &settings()).unwrap_err();
        assert!(matches!(error, SourceError::Location(_)), "{error}");
    }
}

#[tokio::test]
async fn a_bad_document_costs_its_project_only_and_removes_nothing() {
    let good = page("b", &["b-1.zip"]);
    let cases = [
        ("cut off", good[..good.len() - 5].to_owned()),
        ("another project", page("c", &["c-1.zip"])),
        ("not well-formed", "null".to_owned()),
        ("more than 4096 bytes", page("b", &[&"x".repeat(5000)])),
        ("empty", String::new()),
    ];
    for (what, bad) in cases {
        let root = tempfile::tempdir().unwrap();
        recorded(root.path(), &[("a", &["a-1.zip"]), ("b", &["b-1.zip"]), ("c", &[])]);
        let mut bench = bench(root.path());
        bench.settings.page_limit = 4096;
        bench.settings.caution = hasty();
        bench.sweep().await;
        bench.news();
        write(&root.path().join("simple/b/index.json"), bad);
        write(&root.path().join("simple/a/index.json"), page("a", &["a-1.zip", "a-2.zip"]));
        for _ in 0..3 {
            let report = bench.sweep().await;
            assert_eq!((report.refused, report.is_complete()), (1, false), "{what}: {report}");
            assert!(report.refusals[0].starts_with("b: "), "{report}");
        }
        assert_eq!(bench.news(), ["file a-2.zip"], "{what}");
    }
}

#[tokio::test]
async fn a_bad_list_ends_the_sweep_and_removes_nothing() {
    let root = tempfile::tempdir().unwrap();
    recorded(root.path(), &[("a", &["a-1.zip"])]);
    let mut bench = bench(root.path());
    bench.settings.caution = hasty();
    bench.sweep().await;
    for bad in ["", "{}", "\u{0}"] {
        write(&root.path().join("simple/index.json"), bad);
        assert!(bench.observer().sweep().await.is_err(), "{bad}");
    }
    bench.settings.list_limit = 10;
    write(&root.path().join("simple/index.json"), list(&["a"]));
    assert!(bench.observer().sweep().await.unwrap_err().to_string().contains("more than 10 bytes"));
    assert_eq!(bench.log.len(), 1);
}

#[tokio::test]
async fn a_changed_hash_is_news_each_time() {
    let root = tempfile::tempdir().unwrap();
    let bench = bench(root.path());
    let with_hash = |hash: &str| {
        json!({"name": "a", "files": [{"filename": "a-1.zip", "hashes": {"sha256": sha256(hash)}}]})
            .to_string()
    };
    recorded(root.path(), &[("a", &[])]);
    for (hash, padding) in [("first", ""), ("second", " "), ("first", "  ")] {
        write(&root.path().join("simple/a/index.json"), with_hash(hash) + padding);
        let report = bench.sweep().await;
        assert_eq!(report.entries, 1, "{hash}: {report}");
    }
}

#[tokio::test]
async fn files_of_another_projects_name_are_recorded() {
    let root = tempfile::tempdir().unwrap();
    recorded(root.path(), &[("a", &["b-1.zip", "a.zip"])]);
    let bench = bench(root.path());
    bench.sweep().await;
    assert_eq!(bench.news(), ["file a.zip", "file b-1.zip"]);
}

#[tokio::test]
async fn reports_are_for_people() {
    let root = tempfile::tempdir().unwrap();
    recorded(root.path(), &[("a", &["a-1.zip", "a\u{7}.zip"]), ("b", &[])]);
    write(&root.path().join("simple/b/index.json"), "{");
    let report = bench(root.path()).sweep().await.to_string();
    let expected = "incomplete sweep begun 2026-11-21T01:13:58Z: 2 projects listed, 1 read, 0 unchanged, 0 absent, \
        1 refused; 2 files, 1 of them not loggable; 2 facts, 1 new entries\n  ";
    assert!(report.starts_with(expected), "{report}");
    assert!(report.contains("\n  a: a\\u{7}.zip: its name has a control character"), "{report}");
    assert!(report.contains("\n  b: the document is refused: it is cut off"), "{report}");
}
