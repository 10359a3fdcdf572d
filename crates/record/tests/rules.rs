//! The rules of fields, by the field that breaks them.
#![allow(clippy::unwrap_used)]

mod samples;

use record::{
    Digest, Entry, EntryError, FieldProblem, FileEntry, Kind, MAX_ENTRY_LEN, MAX_FILENAME_LEN,
    MAX_NUMBER, MAX_REASON_LEN, MAX_UPLOADED_LEN, MAX_VERSION_LEN, MAX_VIA_LEN, MapKey, Parsed,
    ProjectName, PublicKey, Signature, Status, StatusEntry, Timestamp,
};
use samples::{content, digest, epoch, file, key, removed, status, yank};

/// Writing and reading refuse the entry because of `field`.
fn assert_refused(entry: impl Into<Entry>, field: &str, problem: FieldProblem) {
    let entry = entry.into();
    let Err(EntryError::Field { kind, problem: found }) = entry.to_bytes() else {
        panic!("not refused: {entry:?}")
    };
    assert_eq!((kind, found.field, found.problem), (entry.kind(), field, problem));
}

#[test]
fn no_byte_may_be_left_out() {
    for entry in [Entry::from(file()), Entry::from(status()), Entry::from(removed())] {
        let bytes = entry.to_bytes().unwrap();
        for place in 0..bytes.len() {
            let mut shorter = bytes.clone();
            shorter.remove(place);
            // Some bytes are of a value, and without them it is another entry.
            if let Ok(Parsed::Known(other)) = Entry::parse(&shorter) {
                assert_eq!(other.to_bytes().unwrap(), shorter, "without byte {place}");
            }
        }
    }
}

/// An entry that holds this text.
type Make = fn(String) -> Entry;

#[test]
fn text_is_bounded_and_on_one_line() {
    use FieldProblem::{ControlCharacter, Empty, TooLong};
    let texts: [(&str, usize, Make); 6] = [
        ("version", MAX_VERSION_LEN, |version| FileEntry { version, ..file() }.into()),
        ("filename", MAX_FILENAME_LEN, |filename| FileEntry { filename, ..file() }.into()),
        ("via", MAX_VIA_LEN, |via| FileEntry { via: Some(via), ..file() }.into()),
        ("uploaded", MAX_UPLOADED_LEN, |text| FileEntry { uploaded: Some(text), ..file() }.into()),
        ("filename", MAX_FILENAME_LEN, |filename| {
            StatusEntry { filename: Some(filename), ..yank() }.into()
        }),
        ("version", MAX_VERSION_LEN, |version| {
            StatusEntry { version: Some(version), ..status() }.into()
        }),
    ];
    for (number, (field, max, make)) in texts.into_iter().enumerate() {
        assert!(make("x".repeat(max)).to_bytes().is_ok_and(|bytes| bytes.len() > max), "{field}");
        let status_of_release = number == 5;
        if !status_of_release {
            assert!(make(" é\u{80}\u{feff}".into()).to_bytes().is_ok(), "{field}");
        }
        assert_refused(make("x".repeat(max + 1)), field, TooLong(max));
        for control in ['\0', '\n', '\r', '\t', '\u{1f}', '\u{7f}'] {
            assert_refused(make(format!("a{control}b")), field, ControlCharacter);
        }
        if number != 0 {
            assert_refused(make(String::new()), field, Empty);
        }
    }
}

#[test]
fn numbers_and_statuses_keep_their_rules() {
    let large = MAX_NUMBER + 1;
    let too_large = FieldProblem::TooLarge;
    assert_refused(FileEntry { size: Some(large), ..file() }, "size", too_large);
    assert_refused(record::EpochEntry { epoch: large, ..epoch() }, "epoch", too_large);
    assert_refused(record::EpochEntry { serial: Some(large), ..epoch() }, "serial", too_large);
    let empty = FieldProblem::Empty;
    assert_refused(StatusEntry { reason: Some(String::new()), ..yank() }, "reason", empty);
    assert_refused(StatusEntry { version: Some(String::new()), ..status() }, "version", empty);
    let unknown_version = StatusEntry { version: Some(String::new()), ..yank() };
    assert!(Entry::from(unknown_version).to_bytes().is_ok());
}

#[test]
fn fields_do_not_contradict_each_other() {
    let contradictions: [(Entry, &str); 5] = [
        (record::ContentEntry { got: digest(0x11), ..content() }.into(), "got"),
        (StatusEntry { status: Status::Yanked, ..status() }.into(), "status"),
        (StatusEntry { status: Status::Active, ..yank() }.into(), "status"),
        (StatusEntry { version: None, ..yank() }.into(), "version"),
        (
            record::KeyEntry { signature: Some(Signature::new(vec![1]).unwrap()), ..key() }.into(),
            "signature",
        ),
    ];
    for (entry, field) in contradictions {
        let Err(EntryError::Field { problem, .. }) = entry.to_bytes() else {
            panic!("not refused: {entry:?}")
        };
        assert_eq!(problem.field, field, "{entry:?}");
        assert!(matches!(problem.problem, FieldProblem::Contradiction(_)), "{problem}");
    }
}

#[test]
fn whatever_keeps_the_rules_fits() {
    let worst = |length: usize| "\"".repeat(length);
    let entry: Entry = FileEntry {
        project: ProjectName::normalise(&"x".repeat(record::MAX_PROJECT_LEN)).unwrap(),
        version: worst(MAX_VERSION_LEN),
        filename: worst(MAX_FILENAME_LEN),
        size: Some(MAX_NUMBER),
        uploaded: Some(worst(MAX_UPLOADED_LEN)),
        yanked: Some("\u{1}".repeat(MAX_REASON_LEN)),
        via: Some(worst(MAX_VIA_LEN)),
        ..samples::full_file()
    }
    .into();
    let bytes = entry.to_bytes().unwrap();
    assert!(bytes.len() > 50_000 && bytes.len() <= MAX_ENTRY_LEN, "{}", bytes.len());
    assert_eq!(Entry::parse(&bytes), Ok(Parsed::Known(entry)));
}

#[test]
fn longer_than_an_entry_is_refused_unread() {
    let text = format!(r#"{{"v":9,"kind":"{}"}}"#, "x".repeat(MAX_ENTRY_LEN));
    assert_eq!(Entry::parse(text.as_bytes()), Err(EntryError::TooLong(text.len())));
    let longest = &text.replacen('x', "", text.len() - MAX_ENTRY_LEN);
    assert_eq!(Entry::parse(longest.as_bytes()), Ok(Parsed::Unknown));
}

#[test]
fn keys_are_those_of_the_fields() {
    let name = ProjectName::parse("example").unwrap();
    let (project, file_key) = (MapKey::project(&name), MapKey::file("example-1.0.tar.gz"));
    let hash = |byte: u8| MapKey::sha256(&digest(byte));
    let expected = |name: &str, entry: &Entry| match entry.kind() {
        Kind::Content => vec![project, file_key, hash(0x11), hash(0x22)],
        Kind::Epoch => vec![],
        Kind::Status if name == "yanked" => vec![project, file_key],
        Kind::Key | Kind::Status => vec![project],
        Kind::File if name.contains("strange") => {
            vec![project, MapKey::file("ex ample\u{2028}-1.0.zip"), hash(0x11)]
        }
        Kind::Expected | Kind::File | Kind::Removed => vec![project, file_key, hash(0x11)],
    };
    for (name, entry) in samples::entries() {
        assert_eq!(entry.map_keys(), expected(name, &entry), "{name}");
        let keyed = entry.kind() != Kind::Epoch;
        assert_eq!(entry.project().is_some(), keyed, "{name}");
    }
    let text = format!("sha256:{}", digest(0x11));
    assert_eq!(hash(0x11).as_bytes(), Digest::sha256(text.as_bytes()).as_bytes());
    assert_eq!(removed().filename, "example-1.0.tar.gz");
}

#[test]
fn names_are_normalised_or_refused() {
    for (raw, normalised) in [
        ("requests", "requests"),
        ("Zope.Interface", "zope-interface"),
        ("foo_.-bar", "foo-bar"),
        ("A", "a"),
        ("0-9", "0-9"),
    ] {
        let name = ProjectName::normalise(raw).unwrap();
        assert_eq!(name.as_str(), normalised);
        assert_eq!(ProjectName::parse(raw).is_ok(), raw == normalised, "{raw}");
    }
    let long = "x".repeat(record::MAX_PROJECT_LEN + 1);
    for raw in
        ["", "-", "-a", "a-", "a.", "_", "a b", "a\n", "é", "a/b", "\u{17f}", "\u{212a}", &long]
    {
        assert!(ProjectName::normalise(raw).is_err(), "{raw:?}");
    }
}

#[test]
fn keys_and_signatures_have_one_form() {
    let vkey = "a.example/key+0123abcd+AQID";
    assert_eq!(PublicKey::parse(vkey).unwrap().to_string(), vkey);
    for bad in [
        "",
        "a",
        "a+0123abcd",
        "a+0123abcd+",
        "+0123abcd+AQID",
        "a+0123ABCD+AQID",
        "a+123+AQID",
        "a b+0123abcd+AQID",
        "a+0123abcd+AQI",
        "a+0123abcd+AQJ=",
        "a+0123abcd+AQID\n",
        "a+b+0123abcd+AQID",
    ] {
        assert!(PublicKey::parse(bad).is_err(), "{bad:?}");
    }
    assert_eq!(Signature::parse("AQI=").unwrap().as_bytes(), [1, 2]);
    for bad in ["", "AQI", "AQJ=", "AQI=\n", "A-_=", &"A".repeat(8192)] {
        assert!(Signature::parse(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn times_have_one_form() {
    for (unix, text) in [
        (0, "1970-01-01T00:00:00Z"),
        (68_169_599, "1972-02-28T23:59:59Z"),
        (68_169_600, "1972-02-29T00:00:00Z"),
        (951_868_800, "2000-03-01T00:00:00Z"),
        (4_107_542_399, "2100-02-28T23:59:59Z"),
        (4_107_542_400, "2100-03-01T00:00:00Z"),
        (253_402_300_799, "9999-12-31T23:59:59Z"),
    ] {
        assert_eq!(Timestamp::from_unix(unix).unwrap().to_string(), text);
        assert_eq!(Timestamp::parse(text).map(Timestamp::unix), Ok(unix));
    }
    assert!(Timestamp::from_unix(253_402_300_800).is_err());
    for bad in [
        "",
        "1969-12-31T23:59:59Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "2100-02-29T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:60:00Z",
        "2026-01-01T00:00:60Z",
        "2026-01-01t00:00:00Z",
        "2026-01-01T00:00:00z",
        "2026-01-01 00:00:00Z",
        "2026-01-01T00:00:00",
        "+026-01-01T00:00:00Z",
        "2026-01-01T00:00:00.0Z",
        "é026-01-01T00:00:0Z",
    ] {
        assert!(Timestamp::parse(bad).is_err(), "{bad:?}");
    }
}
