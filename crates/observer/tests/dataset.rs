//! Data sets in all the ways in which exports are written, and in none.
#![allow(clippy::unwrap_used)]

use observer::dataset::{Layout, Recorded};
use record::ListedFile;

/// What is read of a whole data set: the line of each record, and its file or what is wrong with it.
fn read(data: &[u8]) -> Vec<(u64, Result<ListedFile, String>)> {
    let layout = Layout::detect(data).unwrap();
    let header =
        if layout.has_header() { data.iter().position(|b| *b == b'\n').unwrap() + 1 } else { 0 };
    let mut records = Vec::new();
    layout.read(&data[header..], if header > 0 { 2 } else { 1 }, |line, record| {
        let file = record.map_err(|problem| problem.to_string()).map(|record| match record {
            Recorded::File(file) => file,
            Recorded::Page(..) => panic!("a page"),
        });
        records.push((line, file));
    });
    records
}

fn sha256() -> String {
    "0123456789abcdef".repeat(4)
}

#[test]
fn json_and_csv_say_the_same() {
    let digest = sha256();
    let json = format!(
        "{{\"name\":\"A.B\",\"version\":\"1.0\",\"filename\":\"a-1.0.zip\",\"size\":\"12\",\
         \"sha256_digest\":\"{digest}\",\"blake2_256_digest\":null,\
         \"upload_time\":\"2020-01-01 00:00:00 UTC\",\"classifiers\":[\"x\"]}}\n"
    );
    let csv = format!(
        "\u{feff}upload_time,Name,classifiers,filename,SHA256_DIGEST,blake2_256_digest,size,version\n\
         2020-01-01 00:00:00 UTC,A.B,\"[\"\"x\"\",\n2]\",a-1.0.zip,{digest},,12,1.0\n"
    );
    let [json, csv] = [json, csv].map(|data| read(data.as_bytes()));
    let (_, Ok(file)) = &json[0] else { panic!("{json:?}") };
    assert_eq!((file.project.as_str(), file.size), ("a-b", Some(12)));
    assert_eq!(file.uploaded.as_deref(), Some("2020-01-01T00:00:00Z"));
    assert_eq!(file.blake2b, None);
    assert_eq!(csv, [(2, Ok(file.clone()))]);
}

#[test]
fn records_are_whole_or_wait_for_more() {
    let csv = Layout::detect(b"name,filename,sha256_digest\n").unwrap();
    for (bytes, whole) in [
        ("", 0),
        ("a,b", 0),
        ("a,b\nc", 4),
        ("a,\"b\nc", 0),
        ("a,b\nc,\"d\ne", 4),
        ("a,\"b\n\"\"c\"\n", 10),
    ] {
        assert_eq!(csv.whole_records(bytes.as_bytes()), whole, "{bytes:?}");
    }
    assert_eq!(Layout::Json.whole_records(b"{}\n{\"a\":1}\n{"), 11);
    assert_eq!(Layout::Json.whole_records(b"{"), 0);
}

#[test]
fn lines_are_counted_through_quotes_and_empty_lines() {
    let digest = sha256();
    let csv = format!("name,filename,sha256_digest\n\"a\n\",f,x\n\na,f,{digest}\n");
    let lines: Vec<(u64, bool)> =
        read(csv.as_bytes()).iter().map(|(line, file)| (*line, file.is_ok())).collect();
    assert_eq!(lines, [(2, false), (5, true)]);
}

#[test]
fn what_is_no_data_set_is_said_to_be_none() {
    for data in ["", "[1]", "a;b;c\n", "name,filename\n", "\u{0}\u{1}\n"] {
        let refused = Layout::detect(data.as_bytes()).unwrap_err().to_string();
        assert!(refused.starts_with("neither JSON lines nor CSV"), "{refused}");
    }
    let missing = Layout::detect(b"name,filename\n").unwrap_err().to_string();
    assert!(missing.ends_with("no `sha256_digest`"), "{missing}");
}

#[test]
fn hostile_records_are_refused_one_by_one() {
    let lines =
        ["{", "{}", "{\"name\":[]}", "\"\\ud800\"", "{\"name\":\"a\",\"name\":\"b\"}", "nonsense"];
    let data = format!("{{\"name\":1}}\n{}\n", lines.join("\n"));
    let mut data = data.into_bytes();
    data.extend_from_slice(b"{\"name\":\"\xff\"}");
    let records = read(&data);
    assert_eq!(records.len(), lines.len() + 2);
    for (line, record) in records {
        assert!(record.is_err(), "{line}: {record:?}");
    }
}
