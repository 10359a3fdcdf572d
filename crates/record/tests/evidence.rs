//! The form of evidence files: one text of each answer, and everything else refused.

use record::{Evidence, InvalidEvidence, LookupKey};

/// Files that the client's tests write and verify.
const SAMPLES: [(&str, &str); 3] = [
    ("file a-1.tar.gz", include_str!("../../../tests/evidence/removed.evidence")),
    ("project a", include_str!("../../../tests/evidence/changed.evidence")),
    ("file naïve 2.tar.gz", include_str!("../../../tests/evidence/absent.evidence")),
];

#[test]
fn what_is_read_is_written_again() {
    for (key, text) in SAMPLES {
        let evidence = Evidence::parse(text.as_bytes()).unwrap();
        assert_eq!(format!("{} {}", evidence.key.kind(), evidence.key.value()), key);
        assert_eq!(evidence.to_string(), text);
        let completeness = &evidence.completeness;
        let size = evidence.checkpoint.checkpoint().head().size.get();
        let last = completeness.epoch.index.get() + completeness.tail.len() as u64;
        assert_eq!(last + 1, size);
    }
}

#[test]
fn other_forms_are_refused() {
    let (_, text) = SAMPLES[1];
    let many = |line: &str, count: usize| text.replacen(line, &line.repeat(count), 1);
    let line = |keyword: &str| {
        let start = text.find(&format!("\n{keyword} ")).unwrap() + 1;
        let end = start + text[start..].find('\n').unwrap() + 1;
        &text[start..end]
    };
    let cases = [
        text.replacen("@v1", "@v2", 1),
        text.replacen("key project a", "key project A", 1),
        text.replacen("key project a", "key project  a", 1),
        text.replacen("key project a", "key release a", 1),
        text.replacen("key project a", "key file ", 1),
        text.replacen("key project a", "key file a\tb", 1),
        text.replacen("entry 1 ", "entry 01 ", 1),
        text.replacen("entry 1 ", "entry +1 ", 1),
        text.replacen("entry 1 ", "entry 1  ", 1),
        text.replacen("map ", "map  ", 1),
        text.replacen(line("map"), "map \n", 1),
        text.replacen(line("map"), "", 1),
        text.replacen(line("epoch"), "", 1),
        text.replacen(line("edge"), &format!("{}{}", line("tail"), line("edge")), 1),
        many(line("edge"), 64),
        many(line("tail"), 20_001),
        many(line("entry"), 20_001),
        text.replacen("\n\n", "\n \n", 1),
        text.replace('\n', "\r\n"),
        format!("{text}\n"),
        text[..text.len() - 1].to_owned(),
        String::new(),
    ];
    for case in cases {
        let shown: String = case.chars().take(80).collect();
        assert!(Evidence::parse(case.as_bytes()).is_err(), "{shown}");
    }
    assert_eq!(Evidence::parse(b"\xff"), Err(InvalidEvidence::Syntax));
}

#[test]
fn keys_that_no_entry_has_are_none() {
    let long = "a".repeat(1025);
    for (kind, value) in [
        ("file", ""),
        ("file", "a\nb"),
        ("file", long.as_str()),
        ("project", "A"),
        ("project", ""),
        ("sha256", "00"),
        ("sha512", "a"),
    ] {
        assert_eq!(LookupKey::parse(kind, value), None, "{kind} {value}");
    }
    assert!(LookupKey::parse("file", &long[1..]).is_some());
}
