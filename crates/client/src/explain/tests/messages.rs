//! Questions in what installers say, and in what people paste with it.

use record::ProjectName;

use super::listing::hash;
use super::says::{pdm, pip, pipenv, poetry, poetry_link, poetry_lock, requirement, uv, uv_lock};
use crate::explain::{Asked, MAX_EXPECTED, MAX_QUESTIONS, Question, parse};

const WHEEL: &str = "a_b-1.0-py3-none-any.whl";

fn question(filename: Option<&str>, expected: &[&str], got: Option<&str>) -> Question {
    Question {
        project: ProjectName::normalise("a-b").ok(),
        version: Some("1.0".into()),
        filename: filename.map(String::from),
        expected: expected.iter().map(|text| hash(text)).collect(),
        got: got.map(hash),
        ..Question::default()
    }
}

/// A question whose project and version only its filename tells.
fn of_file(expected: &[&str], got: Option<&str>) -> Question {
    Question { project: None, version: None, ..question(Some(WHEEL), expected, got) }
}

fn only(text: &str) -> Question {
    let Asked { mut questions, more } = parse(text.as_bytes());
    assert!(!more && questions.len() == 1, "{questions:?}\n{text}");
    questions.remove(0)
}

#[test]
fn messages_are_understood() {
    let (one, two) = (&["one"][..], &["one", "two"][..]);
    let got = Some("got");
    let invalid = format!(
        "Invalid hashes (sha256:{}) for a_b (1.0) using archive {WHEEL}. Expected one of sha256:{}, \
         sha256:{}.",
        hash("got"),
        hash("one"),
        hash("two")
    );
    let suggestion = format!(
        "ERROR: Hashes are required in --require-hashes mode, but they are missing from some \
         requirements. Here is a list of those requirements along with the hashes their downloaded \
         archives actually had.\n    a-b==1.0 --hash=sha256:{}",
        hash("got")
    );
    let python = format!(
        "['    a-b==1.0 from https://files.example/{WHEEL} (from -r /tmp/x.txt (line 1)):', '        \
         Expected sha256 {}', '             Got        {}']",
        hash("one"),
        hash("got")
    );
    let bytes = format!(
        "b'    a-b==1.0 from https://files.example/{WHEEL}:\\n        Expected sha256 {}\\n             \
         Got        {}\\n'",
        hash("one"),
        hash("got")
    );
    let transitive = pip("a-b==1.0", WHEEL, one, "got")
        .replace("(from -r requirements.txt", "(from c==2.0->d==3.0->-r requirements.txt");
    let required_by = transitive.replace("->-r", " -r");
    for (text, asked) in [
        (pip("a-b==1.0", WHEEL, two, "got"), question(Some(WHEEL), two, got)),
        (pip("A.b[extra]==1.0", WHEEL, one, "got"), question(Some(WHEEL), one, got)),
        (pipenv("a-b==1.0", WHEEL, two, "got"), question(Some(WHEEL), two, got)),
        (transitive, question(Some(WHEEL), one, got)),
        (required_by, question(Some(WHEEL), one, got)),
        (python, question(Some(WHEEL), one, got)),
        (bytes, question(Some(WHEEL), one, got)),
        (uv("a-b==1.0", two, "got"), question(None, two, got)),
        (poetry("a-b", "1.0", WHEEL, "got"), question(Some(WHEEL), &[], got)),
        (poetry_link(WHEEL, "got", two), of_file(two, got)),
        (invalid, question(Some(WHEEL), two, got)),
        (pdm(WHEEL, "one", "got"), of_file(one, got)),
        (suggestion, question(None, &[], got)),
        (requirement("a-b==1.0", two), question(None, two, None)),
        (uv_lock(WHEEL, "one"), of_file(one, None)),
        (poetry_lock(WHEEL, "one"), of_file(one, None)),
        (
            "error: In `--require-hashes` mode, all requirements must have a hash, but none were \
             provided for: a-b==1.0"
                .to_owned(),
            question(None, &[], None),
        ),
    ] {
        assert_eq!(only(&text), asked, "{text}");
    }
}

#[test]
fn links_tell_what_was_promised() {
    let link = format!("{WHEEL}#sha256={}", hash("promised"));
    let asked = only(&pip("a-b==1.0", &link, &["one"], "got"));
    assert_eq!(asked.linked, Some(hash("promised")));
    let asked = only(&format!("a-b @ https://files.example/{link}"));
    assert_eq!(asked.expected, [hash("promised")]);
    let asked = only(&uv_lock("torch-2.0%2Bcu118-cp311-cp311-linux_x86_64.whl", "one"));
    assert_eq!(asked.filename.unwrap(), "torch-2.0+cu118-cp311-cp311-linux_x86_64.whl");
}

#[test]
fn every_package_is_asked_about_once() {
    let mut text = pip("a==1.0", "a-1.0.tar.gz", &["one"], "got");
    let second = format!(
        "    b==2.0 from https://files.example/b-2.0.zip (from -r requirements.txt (line 9)):\n        \
         Expected sha256 {}\n             Got        {}\n    unknown package:\n        Expected sha256 {}\n\
         \u{20}            Got        {}\n",
        hash("two"),
        hash("other"),
        hash("three"),
        hash("third"),
    );
    text.push_str(&second);
    text.push_str(&second);
    let asked = parse(text.as_bytes());
    let seen: Vec<_> = asked.questions.iter().map(|q| (q.version.as_deref(), q.got)).collect();
    let expected = [
        (Some("1.0"), Some(hash("got"))),
        (Some("2.0"), Some(hash("other"))),
        (None, Some(hash("third"))),
    ];
    assert_eq!(seen, expected);

    let lock = uv_lock(WHEEL, "one") + &uv_lock("a_b-1.0.tar.gz", "two");
    let files: Vec<_> = parse(lock.as_bytes()).questions.into_iter().map(|q| q.filename).collect();
    assert_eq!(files, [Some(WHEEL.to_owned()), Some("a_b-1.0.tar.gz".to_owned())]);
}

#[test]
fn what_terminals_do_to_text_is_undone() {
    let plain = pip("a-b==1.0", WHEEL, &["one", "two"], "got");
    let asked = only(&plain);
    let coloured = plain
        .replace("Expected", "\u{1b}[32m\u{1b}[1mExpected\u{1b}[0m")
        .replace("Got", "\u{1b}[31mGot\u{1b}[39m");
    let utf16: Vec<u8> =
        "\u{feff}".encode_utf16().chain(plain.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let mut invalid = b"\xff\xfd\x80 caf\xe9 ".to_vec();
    invalid.extend_from_slice(plain.as_bytes());
    invalid.extend_from_slice(b"\xc3");
    for (what, text) in [
        ("colours", coloured.into_bytes()),
        ("line ends", plain.replace('\n', "\r\n").into_bytes()),
        ("a quote", plain.replace('\n', "\n> ").into_bytes()),
        ("a build log", plain.replace('\n', "\n#22 31.18 ").into_bytes()),
        ("UTF-16", utf16),
        ("no UTF-8", invalid),
    ] {
        assert_eq!(parse(&text).questions, std::slice::from_ref(&asked), "{what}");
    }
    for width in [60, 72, 80, 100] {
        let wrapped: Vec<String> = plain.lines().map(|line| wrap(line, width)).collect();
        let found = parse(wrapped.join("\n").as_bytes()).questions;
        let hashes: Vec<_> = found.iter().map(|q| (&q.expected, q.got)).collect();
        assert_eq!(hashes, [(&asked.expected, asked.got)], "width {width}");
    }
}

/// Breaks a line where a terminal does: anywhere.
fn wrap(line: &str, width: usize) -> String {
    let chars: Vec<char> = line.chars().collect();
    chars.chunks(width).map(|chunk| chunk.iter().collect::<String>()).collect::<Vec<_>>().join("\n")
}

#[test]
fn what_is_no_question_is_passed_over() {
    for text in [
        "",
        "Expected: Got Computed hash = ==1.0 (was: Hash for",
        "Successfully installed a-b-1.0",
        "Hash for {package} from archive {archive.name} not found in known hashes (was: {archive_hash})",
        "Expected sha256 0123",
        "python_version==\"3.9\"",
        "\u{1b}[\u{1b}]\u{1b}",
    ] {
        assert_eq!(parse(text.as_bytes()), Asked::default(), "{text:?}");
    }
    let md5 =
        only("Retrieved digest for link a_b-1.0.tar.gz(md5:7c7ad184c2fe67ef7928dcd984a68955) x");
    assert!(md5.other_algorithms && !md5.has_hashes());
    let loose = only(&format!("what is {}?", hash("one")));
    assert_eq!(loose.expected, [hash("one")]);
}

#[test]
fn megabytes_of_other_text_do_no_harm() {
    let noise =
        "Requirement already satisfied: c in ./lib (from d->-r x.txt) deadbeef\n".repeat(60_000);
    let text = [&noise, &pip("a-b==1.0", WHEEL, &["one"], "got"), &noise, &"ab".repeat(1 << 21)];
    let asked = parse(text.map(String::as_str).concat().as_bytes());
    assert_eq!(asked.questions, [question(Some(WHEEL), &["one"], Some("got"))]);
}

#[test]
fn no_text_asks_for_too_much() {
    let numbers = |count: usize| (0..count).map(|n| n.to_string()).collect::<Vec<_>>();
    let lines: String = numbers(MAX_QUESTIONS + 1)
        .iter()
        .map(|n| requirement(&format!("a-b=={n}"), &[n]))
        .collect();
    let asked = parse(lines.as_bytes());
    assert_eq!((asked.questions.len(), asked.more), (MAX_QUESTIONS, true));

    let hashes = numbers(MAX_EXPECTED + 1);
    let hashes: Vec<&str> = hashes.iter().map(String::as_str).collect();
    let asked = parse(requirement("a-b==1.0", &hashes).as_bytes());
    assert_eq!((asked.questions[0].expected.len(), asked.more), (MAX_EXPECTED, true));
}
