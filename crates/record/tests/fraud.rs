//! The form of fraud proofs: one text of each, and everything else refused.

use record::{FraudProof, InvalidFraudProof};

/// Files that the client's tests write and verify.
const SAMPLES: [(&str, u64, &[u64], &str); 3] = [
    (
        "file attrs-1.0.tar.gz",
        22,
        &[21, 23],
        include_str!("../../../tests/vectors/fraud/omitted.fraud"),
    ),
    (
        "file attrs-9.tar.gz",
        5,
        &[5],
        include_str!("../../../tests/vectors/fraud/foreign-alone.fraud"),
    ),
    (
        "sha256 7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed",
        21,
        &[],
        include_str!("../../../tests/vectors/fraud/absent.fraud"),
    ),
];

#[test]
fn what_is_read_is_written_again() {
    for (key, entry, positions, text) in SAMPLES {
        let proof = FraudProof::parse(text.as_bytes()).unwrap();
        assert_eq!(format!("{} {}", proof.key.kind(), proof.key.value()), key);
        assert_eq!((proof.entry.index.get(), proof.epoch.index.get()), (entry, 34));
        let listed: Vec<u64> = proof.positions.iter().map(|position| position.get()).collect();
        assert_eq!(listed, positions);
        assert_eq!(proof.to_string(), text);
    }
}

#[test]
fn other_forms_are_refused() {
    let (_, _, _, text) = SAMPLES[0];
    let line = |keyword: &str| {
        let start = text.find(&format!("\n{keyword} ")).unwrap() + 1;
        let end = start + text[start..].find('\n').unwrap() + 1;
        &text[start..end]
    };
    let many = |line: &str, count: usize| text.replacen(line, &line.repeat(count), 1);
    let first_hash = text.lines().nth(3).unwrap();
    let cases = [
        text.replacen("@v1", "@v2", 1),
        text.replacen("indelible-fraud", "indelible-evidence", 1),
        text.replacen("key file ", "key release ", 1),
        text.replacen("key file ", "key file  ", 1).replacen("  ", " \t", 1),
        text.replacen("entry 22 ", "entry 022 ", 1),
        text.replacen("entry 22 ", "entry +22 ", 1),
        text.replacen("entry 22 ", "entry 22  ", 1),
        text.replacen("entry 22 ", "entry 9223372036854775808 ", 1),
        text.replacen("map ", "map  ", 1),
        text.replacen(line("map"), "map \n", 1),
        text.replacen(line("map"), "", 1),
        text.replacen(line("epoch"), "", 1),
        text.replacen(line("entry"), "", 1),
        text.replacen("position 21\n", "position 021\n", 1),
        text.replacen("position 21\n", "position 21 \n", 1),
        text.replacen("position 21\n", "position -21\n", 1),
        text.replacen("position 21\n", "positions 21\n", 1),
        text.replacen("position 21\n", "edge 21\n", 1),
        many(line("position"), 20_001),
        many(line("entry"), 2),
        many(&format!("{first_hash}\n"), 64),
        text.replacen("\n\n", "\n \n", 1),
        text.replace('\n', "\r\n"),
        format!("{text}\n"),
        text[..text.len() - 1].to_owned(),
        String::new(),
    ];
    for case in cases {
        let shown: String = case.chars().take(80).collect();
        assert!(FraudProof::parse(case.as_bytes()).is_err(), "{shown}");
    }
    assert_eq!(FraudProof::parse(b"\xff"), Err(InvalidFraudProof::Syntax));
}
