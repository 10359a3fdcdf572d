//! vkeys, secret keys and key names.

use tlog::{CosigningKey, InvalidKey, KeyKind, SigningKey, VerifyingKey};

const VKEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

#[test]
fn a_vkey_is_written_as_it_was_read() {
    let key = VerifyingKey::parse(VKEY).unwrap();
    assert_eq!(key.to_string(), VKEY);
    assert_eq!(key.id().to_string(), "530d903a");
    assert_eq!(key.kind(), KeyKind::Ed25519);
    assert_eq!(key.public_bytes()[..4], [0xe9, 0x32, 0x79, 0x1a]);
}

#[test]
fn vkeys_that_are_not_canonical_are_refused() {
    use InvalidKey::{IdMismatch, Name, PublicKey, Syntax, UnsupportedKind};
    let base64 = "AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    let zeros = "A".repeat(42);
    let cases = [
        (String::new(), Syntax),
        ("example.com/foo".into(), Syntax),
        ("example.com/foo+530d903a".into(), Syntax),
        (format!("example.com/foo+530D903A+{base64}"), Syntax),
        (format!("example.com/foo+30d903a+{base64}"), Syntax),
        (format!("example.com/foo++530d903+{base64}"), Syntax),
        (format!("example.com/foo+0530d903a+{base64}"), Syntax),
        (format!("example.com/foo+530d903a+{base64}="), Syntax),
        (format!("example.com/foo+530d903a+{base64}\n"), Syntax),
        (format!(" {VKEY}"), Name),
        (format!("+530d903a+{base64}"), Name),
        (format!("a b+530d903a+{base64}"), Name),
        (format!("a\u{a0}b+530d903a+{base64}"), Name),
        (format!("a\u{85}b+530d903a+{base64}"), Name),
        (format!("a\u{2003}b+530d903a+{base64}"), Name),
        (format!("a\u{1}b+530d903a+{base64}"), Name),
        (format!("example.com/foo+530d903b+{base64}"), IdMismatch),
        (format!("example.com/bar+530d903a+{base64}"), IdMismatch),
        ("example.com/foo+530d903a+".into(), Syntax),
        ("example.com/foo+530d903a+AQ==".into(), Syntax),
        (
            format!("example.com/foo+530d903a+{}", base64.replacen("Ae", "Ce", 1)),
            UnsupportedKind(9),
        ),
        // The neutral element: every message has a signature of it.
        (format!("example.com/foo+530d903a+AQ{}", "E".to_owned() + &zeros[1..]), PublicKey),
    ];
    for (text, error) in cases {
        assert_eq!(VerifyingKey::parse(&text), Err(error), "{text:?}");
    }
}

#[test]
fn secret_texts_come_back_and_do_not_mix() {
    let log = SigningKey::from_seed("log.example/pypi", &[1; 32]).unwrap();
    let witness = CosigningKey::from_seed("witness.example/w1", &[2; 32]).unwrap();
    let (log_text, witness_text) = (log.secret_text(), witness.secret_text());
    let again = SigningKey::parse(&log_text).unwrap();
    assert_eq!(again.verifying_key(), log.verifying_key());
    assert_eq!(again.secret_text(), log_text);
    let again = CosigningKey::parse(&witness_text).unwrap();
    assert_eq!(again.verifying_key(), witness.verifying_key());
    assert_eq!(CosigningKey::parse(&log_text).unwrap_err(), InvalidKey::WrongKind);
    assert_eq!(SigningKey::parse(&witness_text).unwrap_err(), InvalidKey::WrongKind);
}

#[test]
fn secret_texts_are_parsed_strictly_and_never_shown() {
    let key = SigningKey::from_seed("log.example", &[1; 32]).unwrap();
    let text = key.secret_text().to_string();
    let other_id = text.replacen(&key.verifying_key().id().to_string(), "00000000", 1);
    assert_eq!(SigningKey::parse(&other_id).unwrap_err(), InvalidKey::IdMismatch);
    for wrong in [&text[1..], &text[..text.len() - 1], &format!("{text}\n"), VKEY] {
        assert!(SigningKey::parse(wrong).is_err(), "{wrong:?}");
    }
    let seed = &text[text.rfind('+').unwrap() + 1..];
    let cosigning = CosigningKey::from_seed("w", &[1; 32]).unwrap();
    assert!(!format!("{key:?}{cosigning:?}").contains(&seed[4..12]));
}

#[test]
fn a_key_of_two_types_has_two_ids() {
    let log = SigningKey::from_seed("same.example", &[3; 32]).unwrap();
    let witness = CosigningKey::from_seed("same.example", &[3; 32]).unwrap();
    assert_eq!(log.verifying_key().public_bytes(), witness.verifying_key().public_bytes());
    assert_ne!(log.verifying_key().id(), witness.verifying_key().id());
}

#[test]
fn names_that_cannot_be_written_make_no_key() {
    for name in ["", "a b", "a+b", "a\tb", "a\nb", "a\u{a0}", "\u{3000}"] {
        assert_eq!(SigningKey::from_seed(name, &[1; 32]).unwrap_err(), InvalidKey::Name);
        assert_eq!(CosigningKey::from_seed(name, &[1; 32]).unwrap_err(), InvalidKey::Name);
    }
}
