//! Signed notes: strict parsing, and which lines count.

use tlog::{
    InvalidNote, MAX_NOTE_LEN, MAX_SIGNATURES, Note, NoteError, NoteSignature, SigningKey,
    VerifyingKey,
};

const TEXT: &str = "If you think cryptography is the answer to your problem,\n\
                    then you don't know what your problem is.\n";

fn key(name: &str, seed: u8) -> SigningKey {
    SigningKey::from_seed(name, &[seed; 32]).unwrap()
}

fn public(key: &SigningKey) -> VerifyingKey {
    key.verifying_key().clone()
}

fn note(keys: &[&SigningKey]) -> Note {
    let note = Note::new(TEXT).unwrap();
    keys.iter().fold(note, |note, key| note.with_signature(key.sign(TEXT)).unwrap())
}

/// A line that claims to be of `key` with a wrong signature.
fn forged(key: &SigningKey) -> NoteSignature {
    key.sign("another text\n")
}

#[test]
fn a_note_is_written_as_it_was_read() {
    let note = note(&[&key("a.example", 1), &key("b.example", 2)]);
    let bytes = note.to_bytes();
    assert_eq!(Note::parse(&bytes).unwrap(), note);
    assert_eq!(Note::parse(&bytes).unwrap().to_bytes(), bytes);
    for line in note.signatures() {
        assert_eq!(NoteSignature::parse(&line.to_string()).unwrap(), *line);
    }
}

#[test]
fn the_text_ends_at_the_last_blank_line() {
    let signer = key("a.example", 1);
    for text in ["\n", "a\n", "a\n\n", "a\n\nb\n", "\n\n\n", "a\n\n— not a line\n\nb\n"] {
        let note = Note::new(text).unwrap().with_signature(signer.sign(text)).unwrap();
        let parsed = Note::parse(&note.to_bytes()).unwrap();
        assert_eq!(parsed.text(), text);
        assert_eq!(parsed.verify(&[public(&signer)]).unwrap(), [&public(&signer)]);
    }
}

#[test]
fn notes_that_are_not_canonical_are_refused() {
    use InvalidNote::{Characters, Layout, SignatureLine};
    let line = key("a.example", 1).sign("text\n").to_string();
    let (name, base64) = line[4..].split_once(' ').unwrap();
    let digits = base64.trim_end_matches('=');
    let (rest, last) = digits.split_at(digits.len() - 1);
    let other_bits = format!("{rest}{}=", next_base64(last));
    let cases = [
        (String::new(), Layout),
        ("text\n".into(), Layout),
        ("text\n\n".into(), Layout),
        (format!("text\n{line}\n"), Layout),
        (format!("text\n\n{line}"), Layout),
        (format!("text\n\n{line}\n\n"), Layout),
        (format!("text\n\n{line}\n\n{line}\nx"), Layout),
        (format!("text\n\n{line}\n{line} \n"), SignatureLine),
        (format!("text\r\n\n{line}\n"), Characters),
        (format!("text\n\r\n{line}\r\n"), Characters),
        (format!("a\ttext\n\n{line}\n"), Characters),
        (format!("text\0\n\n{line}\n"), Characters),
        (format!("text\n\n {line}\n"), SignatureLine),
        (format!("text\n\n— {name}  {base64}\n"), SignatureLine),
        (format!("text\n\n—  {name} {base64}\n"), SignatureLine),
        (format!("text\n\n- {name} {base64}\n"), SignatureLine),
        (format!("text\n\n— {name}\u{a0} {base64}\n"), SignatureLine),
        (format!("text\n\n— a+b {base64}\n"), SignatureLine),
        (format!("text\n\n— {name} {}\n", &base64[..base64.len() - 2]), SignatureLine),
        (format!("text\n\n— {name} {other_bits}\n"), SignatureLine),
        (
            format!("text\n\n— {name} {}\n", base64.replace('/', "_").replace('+', "-")),
            SignatureLine,
        ),
        (format!("text\n\n— {name} AAAAAA==\n"), SignatureLine),
        (format!("text\n\n— {name} \n"), SignatureLine),
        (format!("text\n\n— {name}\n"), SignatureLine),
    ];
    for (note, error) in cases {
        assert_eq!(Note::parse(note.as_bytes()), Err(error), "{note:?}");
    }
    assert!(Note::parse(format!("text\n\n{line}\n").as_bytes()).is_ok());
    assert_eq!(Note::parse(b"\xff\n\n\xe2\x80\x94 a AAAAAAA=\n"), Err(Characters));
}

/// The base64 digit that differs from `digit` in its lowest bit.
fn next_base64(digit: &str) -> char {
    const DIGITS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let value = DIGITS.find(digit).unwrap() ^ 1;
    DIGITS.chars().nth(value).unwrap()
}

#[test]
fn long_notes_and_many_lines_have_a_limit() {
    let signer = key("a.example", 1);
    let overhead = format!("\n{}\n", signer.sign("x\n")).len();
    let text = "x".repeat(MAX_NOTE_LEN - overhead - 1) + "\n";
    let longest = Note::new(&text).unwrap().with_signature(signer.sign(&text)).unwrap();
    assert_eq!(longest.to_bytes().len(), MAX_NOTE_LEN);
    assert!(Note::parse(&longest.to_bytes()).is_ok());
    let text = "x".to_owned() + &text;
    let longer = Note::new(&text).unwrap().with_signature(signer.sign(&text));
    assert_eq!(longer, Err(InvalidNote::TooLong));
    assert_eq!(Note::parse(&vec![b'x'; MAX_NOTE_LEN + 1]), Err(InvalidNote::TooLong));

    let keys: Vec<SigningKey> = (0..=MAX_SIGNATURES).map(|i| key(&format!("k{i}"), 1)).collect();
    let most = note(&keys[1..].iter().collect::<Vec<_>>());
    assert!(Note::parse(&most.to_bytes()).is_ok());
    let one_more = format!("{most}{}\n", keys[0].sign(TEXT));
    assert_eq!(Note::parse(one_more.as_bytes()), Err(InvalidNote::TooManySignatures));
    assert_eq!(most.with_signature(keys[0].sign(TEXT)), Err(InvalidNote::TooManySignatures));
}

#[test]
fn texts_that_cannot_be_a_note_are_refused() {
    for text in ["", "no line feed", "a\r\n", "a\tb\n", "\u{1f}\n"] {
        assert!(Note::new(text).is_err(), "{text:?}");
    }
}

#[test]
fn known_keys_are_verified_and_unknown_ones_ignored() {
    let (a, b, c) = (key("a.example", 1), key("b.example", 2), key("c.example", 3));
    let note = note(&[&a, &b]);
    let keys = [public(&b), public(&c), public(&a)];
    assert_eq!(note.verify(&keys).unwrap(), [&public(&a), &public(&b)], "in the order of lines");
    assert_eq!(note.verify(&[public(&c)]), Err(NoteError::NoKnownSignature));
    assert_eq!(note.verify(&[]), Err(NoteError::NoKnownSignature));
    assert_eq!(Note::new(TEXT).unwrap().verify(&keys), Err(NoteError::NoKnownSignature));
}

#[test]
fn one_bad_signature_of_a_known_key_refuses_the_note() {
    let (a, b) = (key("a.example", 1), key("b.example", 2));
    let note = note(&[&a]).with_signature(forged(&b)).unwrap();
    let bad = NoteError::BadSignature { name: "b.example".into(), id: public(&b).id() };
    assert_eq!(note.verify(&[public(&a), public(&b)]), Err(bad));
    assert_eq!(note.verify(&[public(&a)]).unwrap(), [&public(&a)], "unless it is unknown");
}

#[test]
fn name_and_id_must_both_match() {
    let a = key("a.example", 1);
    let (same_name, same_key) = (key("a.example", 2), key("b.example", 1));
    let note = note(&[&same_name, &same_key]);
    assert_eq!(note.verify(&[public(&a)]), Err(NoteError::NoKnownSignature));
}

#[test]
fn every_changed_byte_of_text_and_signature_is_noticed() {
    let a = key("a.example", 1);
    let bytes = note(&[&a]).to_bytes();
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << bit;
            let verdict = Note::parse(&changed).map(|note| note.verify(&[public(&a)]).is_ok());
            assert!(!matches!(verdict, Ok(true)), "bit {bit} of byte {at}");
        }
    }
}

#[test]
fn only_the_first_line_of_a_key_counts() {
    let a = key("a.example", 1);
    let text = format!("{TEXT}\n{}\n{}\n", a.sign(TEXT), forged(&a));
    assert!(Note::parse(text.as_bytes()).unwrap().verify(&[public(&a)]).is_ok());
    let text = format!("{TEXT}\n{}\n{}\n", forged(&a), a.sign(TEXT));
    assert!(Note::parse(text.as_bytes()).unwrap().verify(&[public(&a)]).is_err());
}

#[test]
fn a_line_replaces_an_earlier_one_of_its_key() {
    let (a, b) = (key("a.example", 1), key("b.example", 2));
    let note = note(&[&a, &b]).with_signature(forged(&a)).unwrap();
    assert_eq!(note.signatures(), [forged(&a), b.sign(TEXT)]);
}

#[test]
fn a_key_given_twice_is_one_key() {
    let a = key("a.example", 1);
    let note = note(&[&a]);
    assert_eq!(note.verify(&[public(&a), public(&a)]).unwrap().len(), 1);
}

/// Key IDs are short enough for two keys of one name to share one: these seeds were searched for.
#[test]
fn keys_that_share_name_and_id_are_not_guessed_between() {
    let twin = |number: u32| {
        let mut seed = [0; 32];
        seed[..4].copy_from_slice(&number.to_be_bytes());
        SigningKey::from_seed("twin.example", &seed).unwrap()
    };
    let (one, other) = (twin(68_723), twin(147_353));
    assert_ne!(public(&one), public(&other));
    let ambiguous = NoteError::AmbiguousKeys { name: "twin.example".into(), id: public(&one).id() };
    let note = note(&[&one]);
    assert_eq!(note.verify(&[public(&one), public(&other)]), Err(ambiguous));
    assert!(note.verify(&[public(&one)]).is_ok());
    assert!(note.verify(&[public(&other)]).is_err(), "the ID alone proves nothing");
}
