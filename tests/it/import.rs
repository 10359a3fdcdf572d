//! `indelibled import`: every form of data set, damaged ones, and kills at any moment.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use client::{LookupKey, VerifiedLookup};
use flate2::Compression;
use flate2::write::GzEncoder;
use record::{Entry, Parsed};

use crate::harness::{Ended, Reader, TestLog, fsck, indelibled, long, run, sha256};

/// A row of the export as JSON.
fn row(number: u64) -> String {
    let digest = sha256(number);
    format!(
        r#"{{"name":"Project.{0}","version":"1.{number}","filename":"project_{0}-1.{number}.tar.gz","packagetype":"sdist","size":"{number}","sha256_digest":"{digest}","blake2_256_digest":"{digest}","upload_time":"2023-05-22 15:12:44.175051 UTC","metadata":{{"any":[1]}}}}"#,
        number % 50
    )
}

fn json_lines(numbers: std::ops::Range<u64>) -> String {
    numbers.map(|number| row(number) + "\n").collect()
}

fn filename(number: u64) -> String {
    format!("project_{}-1.{number}.tar.gz", number % 50)
}

fn write(log: &TestLog, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = log.path(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, content).unwrap();
    path
}

fn gzip(content: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn command(log: &TestLog, files: &[&Path]) -> tokio::process::Command {
    let mut command = indelibled(["import", "--via", "export of 2026", "--data"]);
    command.arg(log.data()).args(files);
    command
}

async fn import(log: &TestLog, files: &[&Path]) -> Ended {
    run(command(log, files)).await
}

async fn lookup(log: &TestLog, key: LookupKey) -> VerifiedLookup {
    let server = log.serve().await;
    let answer = log.client(&server, "client").lookup(&key).await.unwrap();
    server.terminate().await;
    answer
}

/// The entries that are no epochs.
async fn entries(log: &TestLog) -> Vec<Entry> {
    let server = log.serve().await;
    let tree = Reader::open(&server).await.tree().await;
    server.terminate().await;
    let entries = tree.entries.iter().filter_map(|bytes| match Entry::parse(bytes) {
        Ok(Parsed::Known(Entry::Epoch(_))) => None,
        Ok(Parsed::Known(entry)) => Some(entry),
        other => panic!("{other:?}"),
    });
    entries.collect()
}

#[tokio::test]
async fn every_form_of_a_data_set_is_read_once() {
    let log = TestLog::create().await;
    let csv = "filename,sha256_digest,name,upload_time,comment\r\n\
               a-1.zip,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA,A,2012-01-01 00:00:00 UTC,\"two\nlines, \"\"quoted\"\"\"\r\n\
               a-2.zip,bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb,A,,\r\n";
    let page = format!(
        r#"{{"meta":{{"api-version":"1.4"}},"name":"b","versions":["1"],"project-status":{{"status":"archived"}},"files":[{{"filename":"b-1.zip","url":"b-1.zip","hashes":{{"sha256":"{}"}},"yanked":"bad"}}]}}"#,
        "c".repeat(64)
    );
    let old_page = page.replace("b-1.zip", "b-0.zip").replace("\"name\":\"b\"", "\"name\":\"c\"");
    let new_page = page.replace("\"name\":\"b\"", "\"name\":\"c\"").replace("b-1.zip", "c-1.zip");
    write(&log, "mirror/web/simple/index.v1_json", r#"{"projects":[{"name":"c"}]}"#);
    write(&log, "mirror/web/simple/c/versions/index_7_2020.v1_json", old_page);
    write(&log, "mirror/web/simple/c/index.v1_json", new_page);
    let zstd = zstd::encode_all(json_lines(700..900).as_bytes(), 1).unwrap();
    let files = [
        write(&log, "rows.jsonl.gz", gzip(&json_lines(0..700))),
        write(&log, "rows.zst", zstd),
        write(&log, "rows.csv", csv),
        write(&log, "pages.jsonl", page + "\n"),
        log.path("mirror"),
    ];
    let files: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
    let ended = import(&log, &files).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);

    let logged = entries(&log).await;
    let text: Vec<String> = logged
        .iter()
        .skip(900)
        .map(|entry| String::from_utf8(entry.to_bytes().unwrap()).unwrap())
        .collect();
    let starts = [
        r#"{"v":1,"kind":"file","project":"a","version":"","filename":"a-1.zip","sha256":"aaa"#,
        r#"{"v":1,"kind":"file","project":"a","version":"","filename":"a-2.zip","sha256":"bbb"#,
        r#"{"v":1,"kind":"file","project":"b","version":"1","filename":"b-1.zip","sha256":"ccc"#,
        r#"{"v":1,"kind":"status","project":"b","status":"archived","via":"export of 2026""#,
        r#"{"v":1,"kind":"file","project":"c","version":"","filename":"b-0.zip","#,
        r#"{"v":1,"kind":"status","project":"c","status":"archived","#,
        r#"{"v":1,"kind":"file","project":"c","version":"1","filename":"c-1.zip","#,
        r#"{"v":1,"kind":"removed","project":"c","version":"","filename":"b-0.zip","#,
    ];
    for (text, start) in text.iter().zip(starts) {
        assert!(text.starts_with(start), "{text}");
        assert!(text.contains(r#""via":"export of 2026""#), "{text}");
    }
    assert_eq!(text.len(), starts.len());
    let Entry::File(first) = &logged[123] else { panic!("{:?}", logged[123]) };
    assert_eq!((first.project.as_str(), first.size), ("project-23", Some(123)));
    assert_eq!(first.uploaded.as_deref(), Some("2023-05-22T15:12:44.175051Z"));
    assert_eq!(first.blake2b, Some(sha256(123)));

    let found = lookup(&log, LookupKey::Sha256(sha256(123))).await;
    assert!(found.completeness().is_some(), "there is an epoch over all of it");
    assert_eq!(found.entries().len(), 1);
    assert_eq!(fsck(log.data()).await.code, Some(0));

    let again = import(&log, &files[..4]).await;
    assert_eq!(again.code, Some(0));
    assert!(again.stderr.contains(" 0 entries added"), "{}", again.stderr);
    assert_eq!(entries(&log).await.len(), 908);
}

#[tokio::test]
async fn rows_that_are_none_are_named_and_the_others_imported() {
    let log = TestLog::create().await;
    let lines = [
        row(1),
        "{\"name\":\"a\"".to_owned(),
        row(2).replace("Project.2", "no name"),
        row(3).replace(&sha256(3).to_string(), "ff"),
        String::new(),
        row(4).replace(&filename(4), ""),
        row(5).replace("\"size\":\"5\"", "\"size\":\"large\""),
        row(6).replace("project_6-", "project\\u0000-"),
        row(7).replace(&format!("\"sha256_digest\":\"{}\",", sha256(7)), ""),
        format!("{{\"name\":\"b\",\"files\":{}", r#"[{"filename":"b.zip","hashes":{}}]}"#),
        row(8),
    ];
    let rows = write(&log, "rows.jsonl", lines.join("\n"));
    let csv = write(&log, "rows.csv", "name,filename,sha256_digest\na,b\n");
    let ended = import(&log, &[&rows, &csv]).await;
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    for (place, why) in [
        ("rows.jsonl:2", "can not be read"),
        ("rows.jsonl:3", "name is none"),
        ("rows.jsonl:4", "64 digits of hex"),
        ("rows.jsonl:6", "no name"),
        ("rows.jsonl:7", "not a number of bytes"),
        ("rows.jsonl:8", "control character"),
        ("rows.jsonl:9", "no sha256"),
        ("rows.jsonl:10", "no sha256"),
        ("rows.csv:2", "2 values where the header names 3"),
    ] {
        let said = ended.stderr.lines().find(|line| line.contains(&format!("{place}: ")));
        let said = said.unwrap_or_else(|| panic!("{place} is not named: {}", ended.stderr));
        assert!(said.contains(why), "{said}");
    }
    assert!(ended.stderr.contains("9 refused"), "{}", ended.stderr);
    assert_eq!(entries(&log).await.len(), 2);
}

#[tokio::test]
async fn what_is_no_data_set_is_refused_with_what_to_do() {
    let log = TestLog::create().await;
    let rows = write(&log, "rows.jsonl", json_lines(0..3000));
    let whole = gzip(&json_lines(3000..6000));
    let cut = write(&log, "cut.gz", &whole[..whole.len() / 2]);
    let other = write(&log, "other.csv", "a,b\n1,2\n");
    let empty = write(&log, "empty", "");
    let folder = log.path("folder");
    std::fs::create_dir(&folder).unwrap();
    for (file, why) in [
        (&cut, "damaged or cut off"),
        (&other, "neither JSON lines nor CSV"),
        (&folder, "holds no project list"),
        (&log.path("absent"), "can not be read"),
    ] {
        let ended = import(&log, &[&rows, file]).await;
        assert_eq!(ended.code, Some(2), "{}", ended.stderr);
        assert!(ended.stderr.contains(why), "{}", ended.stderr);
    }
    let ended = import(&log, &[&empty]).await;
    assert_eq!(ended.code, Some(0), "an empty file has no rows: {}", ended.stderr);
    let mut nameless = indelibled(["import", "--via", "", "--data"]);
    nameless.arg(log.data()).arg(&rows);
    assert_eq!(run(nameless).await.code, Some(2));

    let server = log.serve().await;
    let ended = import(&log, &[&rows]).await;
    assert_eq!(ended.code, Some(2));
    assert!(ended.stderr.contains("can not be opened"), "{}", ended.stderr);
    server.terminate().await;
    assert_eq!(fsck(log.data()).await.code, Some(0));
    let ended = import(&log, &[&rows]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_eq!(entries(&log).await.len(), 3000);
}

#[tokio::test]
async fn killed_at_any_moment_it_goes_on_without_a_second_entry() {
    let (rows, rounds) = if long() { (1_000_000, 12) } else { (280_000, 3) };
    let log = TestLog::create().await;
    let file = write(&log, "rows.jsonl", json_lines(0..rows));
    for round in 1..=rounds {
        let mut child = command(&log, &[&file]).spawn().unwrap();
        tokio::time::sleep(Duration::from_millis(900 * round)).await;
        let _ = child.start_kill();
        child.wait().await.unwrap();
        let code = fsck(log.data()).await.code;
        assert!(code == Some(0), "after kill {round}: {code:?}");
    }
    let ended = import(&log, &[&file]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let logged = entries(&log).await;
    let names: BTreeSet<&str> = logged.iter().filter_map(Entry::filename).collect();
    assert_eq!((logged.len() as u64, names.len() as u64), (rows, rows));
    let last = lookup(&log, LookupKey::File(filename(rows - 1))).await;
    assert!(last.completeness().is_some());
    assert_eq!(fsck(log.data()).await.code, Some(0));
}
