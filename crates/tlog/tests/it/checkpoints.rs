//! Checkpoints: the text, and whose signature makes it count.

use tlog::{
    Checkpoint, CosigningKey, Hash, InvalidCheckpoint, MAX_ORIGIN_LEN, NoteError, PolicyError,
    SignedCheckpoint, SigningKey, TreeHead, cosign,
};

use crate::fixture::{TestLog, size};

const ORIGIN: &str = "log.example/pypi";
const ROOT: &str = "B1kWeg+Y416ALUb/fH0p0sPwOmOiVt62q7/zV6kbY7E=";

fn log_key() -> SigningKey {
    SigningKey::from_seed(ORIGIN, &[1; 32]).unwrap()
}

fn signed() -> SignedCheckpoint {
    let checkpoint = Checkpoint::new(ORIGIN, TestLog::new(5).head()).unwrap();
    SignedCheckpoint::sign(&checkpoint, &log_key())
}

#[test]
fn the_text_is_three_lines() {
    let head = TreeHead { size: size(70_000), root: Hash::parse(ROOT).unwrap() };
    let checkpoint = Checkpoint::new(ORIGIN, head).unwrap();
    assert_eq!(checkpoint.to_string(), format!("{ORIGIN}\n70000\n{ROOT}\n"));
    assert_eq!(Checkpoint::parse(&checkpoint.to_string()), Ok(checkpoint));
}

#[test]
fn texts_that_are_not_canonical_are_refused() {
    use InvalidCheckpoint::{EmptyRoot, Origin, Syntax};
    let empty = Hash::EMPTY_ROOT;
    let cases = [
        (format!("{ORIGIN}\n70000\n"), Syntax),
        (format!("{ORIGIN}\n"), Syntax),
        ("\n".into(), Syntax),
        (format!("{ORIGIN}\n+5\n{ROOT}\n"), Syntax),
        (format!("{ORIGIN}\n05\n{ROOT}\n"), Syntax),
        (format!("{ORIGIN}\n+05\n{ROOT}\n"), Syntax),
        (format!("{ORIGIN}\n-0\n{ROOT}\n"), Syntax),
        (format!("{ORIGIN}\n00\n{empty}\n"), Syntax),
        (format!("{ORIGIN}\n 5\n{ROOT}\n"), Syntax),
        (format!("{ORIGIN}\n\n{ROOT}\n"), Syntax),
        (format!("{ORIGIN}\n0x5\n{ROOT}\n"), Syntax),
        (format!("{ORIGIN}\n9223372036854775808\n{ROOT}\n"), Syntax),
        (format!("{ORIGIN}\n18446744073709551616\n{ROOT}\n"), Syntax),
        (format!("{ORIGIN}\n5\n{}\n", &ROOT[..43]), Syntax),
        (format!("{ORIGIN}\n5\n{}\n", ROOT.replace("7E=", "7F=")), Syntax),
        (format!("{ORIGIN}\n5\n{ROOT} \n"), Syntax),
        (format!("{ORIGIN}\n5\n{}\n", &ROOT[4..]), Syntax),
        (format!("{ORIGIN}\n5\n{ROOT}\n\n"), Syntax),
        (format!("{ORIGIN}\n5\n{ROOT}\nextension\n\n"), Syntax),
        (format!("\n5\n{ROOT}\n"), Origin),
        (format!("{}\n5\n{ROOT}\n", "o".repeat(MAX_ORIGIN_LEN + 1)), Origin),
        (format!("{ORIGIN}\n0\n{ROOT}\n"), EmptyRoot),
    ];
    for (text, error) in cases {
        assert_eq!(Checkpoint::parse(&text), Err(error), "{text:?}");
    }
    for text in [format!("{ORIGIN}\n5\n{ROOT}"), format!("{ORIGIN}\r\n5\n{ROOT}\n"), String::new()]
    {
        let refused = Checkpoint::parse(&text);
        assert!(matches!(refused, Err(InvalidCheckpoint::Note(_))), "{text:?}");
    }
    for text in [
        format!("{ORIGIN}\n0\n{empty}\n"),
        format!("{ORIGIN}\n9223372036854775807\n{ROOT}\n"),
        format!("{}\n5\n{ROOT}\n", "o".repeat(MAX_ORIGIN_LEN)),
        format!("an origin with spaces\n5\n{ROOT}\n"),
    ] {
        assert_eq!(Checkpoint::parse(&text).unwrap().to_string(), text);
    }
}

#[test]
fn a_checkpoint_that_cannot_be_written_is_not_made() {
    let head = TestLog::new(3).head();
    for origin in ["", "a\nb", "a\tb", &"o".repeat(256)] {
        assert_eq!(Checkpoint::new(origin, head), Err(InvalidCheckpoint::Origin));
    }
    let false_empty = TreeHead { size: size(0), ..head };
    assert_eq!(Checkpoint::new(ORIGIN, false_empty), Err(InvalidCheckpoint::EmptyRoot));
}

/// Cosignatures cover the extension lines of foreign logs, so these must survive.
#[test]
fn extension_lines_are_kept() {
    let text = format!("{ORIGIN}\n5\n{ROOT}\nfirst\n— second line\n");
    let checkpoint = Checkpoint::parse(&text).unwrap();
    assert_eq!(checkpoint.extensions(), ["first", "— second line"]);
    assert_eq!(checkpoint.to_string(), text);
    let witness = CosigningKey::from_seed("witness.example/w1", &[2; 32]).unwrap();
    let signed = SignedCheckpoint::sign(&checkpoint, &log_key())
        .with_cosignature(cosign(&text, &witness, 7))
        .unwrap();
    let received = SignedCheckpoint::parse(&signed.to_bytes()).unwrap();
    let keys = [log_key().verifying_key().clone(), witness.verifying_key().clone()];
    let verified = received.verify(ORIGIN, &keys).unwrap();
    assert_eq!(verified.cosigned_at(), [("witness.example/w1".to_string(), 7)]);

    let three_lines = format!("{ORIGIN}\n5\n{ROOT}\n");
    let wrong = SignedCheckpoint::sign(&checkpoint, &log_key())
        .with_cosignature(cosign(&three_lines, &witness, 7))
        .unwrap();
    assert!(wrong.verify(ORIGIN, &keys).is_err(), "a cosignature of the first three lines only");
}

#[test]
fn a_signed_checkpoint_is_written_as_it_was_read() {
    let signed = signed();
    let received = SignedCheckpoint::parse(&signed.to_bytes()).unwrap();
    assert_eq!(received, signed);
    let verified = received.verify(ORIGIN, &[log_key().verifying_key().clone()]).unwrap();
    assert_eq!((verified.origin(), verified.head()), (ORIGIN, TestLog::new(5).head()));
    assert_eq!(verified.signed(), &signed);
    assert!(verified.cosigned_at().is_empty());
}

#[test]
fn a_note_that_is_no_checkpoint_is_refused() {
    let key = log_key();
    let note = format!("{ORIGIN}\n5\n\n{}\n", key.sign(&format!("{ORIGIN}\n5\n")));
    assert_eq!(SignedCheckpoint::parse(note.as_bytes()), Err(InvalidCheckpoint::Syntax));
    let text = signed().checkpoint().to_string();
    let unsigned = SignedCheckpoint::parse(text.as_bytes());
    assert!(matches!(unsigned, Err(InvalidCheckpoint::Note(_))));
}

#[test]
fn only_a_key_of_the_log_makes_it_count() {
    let signed = signed();
    let key = log_key().verifying_key().clone();
    let other = SigningKey::from_seed(ORIGIN, &[9; 32]).unwrap().verifying_key().clone();
    let witness = CosigningKey::from_seed("witness.example/w1", &[2; 32]).unwrap();
    let text = signed.checkpoint().to_string();
    let cosigned = signed.clone().with_cosignature(cosign(&text, &witness, 7)).unwrap();
    let witness = witness.verifying_key().clone();

    let unknown = PolicyError::UnknownOrigin(ORIGIN.into());
    assert_eq!(signed.verify("log.example/other", std::slice::from_ref(&key)), Err(unknown));
    let unsigned = Err(PolicyError::NoLogSignature);
    assert_eq!(signed.verify(ORIGIN, &[other]), unsigned);
    assert_eq!(signed.verify(ORIGIN, &[]), unsigned);
    let witnesses = [witness];
    assert_eq!(cosigned.verify(ORIGIN, &witnesses), unsigned, "a witness is not the log");
    let [witness] = witnesses;
    assert!(cosigned.verify(ORIGIN, &[witness, key.clone()]).is_ok());

    let forged = log_key().sign("another text\n");
    let forged = signed.with_cosignature(forged).unwrap();
    let bad = NoteError::BadSignature { name: ORIGIN.into(), id: key.id() };
    assert_eq!(forged.verify(ORIGIN, &[key]), Err(PolicyError::Note(bad)));
}
