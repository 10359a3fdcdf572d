//! Who speaks for a project, and who can not make himself do so.

use record::{KeyAction, KeyEntry, KeyRefusal, MAX_ACTIVE_KEYS, PublicKey, StatementRefusal};
use tlog::{CosigningKey, SigningKey};

use crate::fixture::digest;
use crate::fixture::{History, ORIGIN, expectation, expected, key, project, public, sign};

use KeyAction::{Add, Complete, Enrol, Partial, Revoke, Rotate};

fn active(history: &History) -> Vec<PublicKey> {
    history.state.ring().active().map(|state| state.key.clone()).collect()
}

#[test]
fn keys_come_and_go_by_keys() {
    let mut history = History::enrolled();
    history.change(Add, &key(2), &key(1)).unwrap();
    assert_eq!(active(&history), [public(&key(1)), public(&key(2))]);
    history.change(Rotate, &key(3), &key(1)).unwrap();
    assert_eq!(active(&history), [public(&key(2)), public(&key(3))]);
    history.change(Revoke, &key(2), &key(3)).unwrap();
    history.change(Revoke, &key(3), &key(3)).unwrap();
    assert_eq!(active(&history), []);
    let ended = history.state.ring().keys().iter().map(|state| state.ended.unwrap().0);
    assert_eq!(ended.collect::<Vec<_>>(), [Rotate, Revoke, Revoke]);
}

#[test]
fn nobody_enrols_over_a_key() {
    let mut history = History::enrolled();
    let thief = key(66);
    let refused = |result: Result<_, KeyRefusal>| result.map(|_: tlog::LeafIndex| ()).unwrap_err();
    assert_eq!(refused(history.change(Enrol, &thief, &thief)), KeyRefusal::HasKeys);
    assert_eq!(refused(history.operator(Enrol, &thief)), KeyRefusal::HasKeys);
    let not_active = KeyRefusal::NotActive(public(&thief));
    assert_eq!(refused(history.change(Add, &thief, &thief)), not_active);
    assert_eq!(refused(history.change(Rotate, &thief, &thief)), not_active);
    assert_eq!(refused(history.change(Revoke, &key(1), &thief)), not_active);
    // In the name of the publisher, but signed by somebody else.
    let forged =
        KeyEntry { by: public(&key(1)).to_string(), ..history.signed(Add, &thief, &thief) };
    let by = public(&key(1));
    assert_eq!(refused(history.push_key(forged)), KeyRefusal::Signature { by });
    for action in [Add, Rotate] {
        let refusal = KeyRefusal::NotForOperator("operator".into());
        assert_eq!(refused(history.operator(action, &thief)), refusal);
    }
    assert_eq!(active(&history), [public(&key(1))]);
}

#[test]
fn where_no_key_is_left_only_the_operator_enrols() {
    let mut history = History::enrolled();
    history.operator(Revoke, &key(1)).unwrap();
    assert_eq!(history.change(Enrol, &key(66), &key(66)), Err(KeyRefusal::HasKeys));
    assert_eq!(history.operator(Enrol, &key(1)), Err(KeyRefusal::Gone(public(&key(1)))));
    history.operator(Enrol, &key(2)).unwrap();
    assert_eq!(active(&history), [public(&key(2))]);
}

#[test]
fn a_statement_holds_at_one_place_only() {
    let mut history = History::enrolled();
    let add = history.signed(Add, &key(2), &key(1));
    let complete = history.signed(Complete, &key(1), &key(1));
    history.push_key(add.clone()).unwrap();
    history.change(Revoke, &key(2), &key(1)).unwrap();
    assert_eq!(history.push_key(add), Err(KeyRefusal::Gone(public(&key(2)))));
    // Signed before the last two changes.
    let by = public(&key(1));
    assert_eq!(history.push_key(complete), Err(KeyRefusal::Signature { by: by.clone() }));

    history.change(Complete, &key(1), &key(1)).unwrap();
    let partial = history.signed(Partial, &key(1), &key(1));
    history.push_key(partial.clone()).unwrap();
    history.change(Complete, &key(1), &key(1)).unwrap();
    assert_eq!(history.push_key(partial), Err(KeyRefusal::Signature { by }));
    assert!(history.state.ring().complete_since().is_some());
}

#[test]
fn a_statement_is_bound_to_its_log_and_project() {
    let history = History::enrolled();
    let elsewhere = |text: &str, from: &str, to: &str| {
        assert!(text.contains(from));
        sign(&key(1), &text.replacen(from, to, 1))
    };
    let entry = history.signed(Add, &key(2), &key(1));
    let text = record::KeyChange::of(&entry, history.state.ring().last()).text(ORIGIN);
    for (from, to) in [
        ("log log.example/pypi", "log log.example/other"),
        ("project example", "project sample"),
        ("\nadd\n", "\nrotate\n"),
        ("statement@v1", "statement@v2"),
        ("example-2+", "example-3+"),
    ] {
        let signature = Some(elsewhere(&text, from, to));
        let refusal = history.clone().push_key(KeyEntry { signature, ..entry.clone() });
        assert_eq!(refusal, Err(KeyRefusal::Signature { by: public(&key(1)) }), "{to}");
    }
    history.clone().push_key(entry).unwrap();
}

#[test]
fn expectations_are_bound_to_log_project_release_and_file() {
    let history = History::enrolled();
    let what = expectation("example-1.0.tar.gz", digest(1));
    let good = expected(&key(1), what.clone(), ORIGIN);
    let replayed = |entry: record::ExpectedEntry| {
        let refusal = history.clone().push(entry).unwrap_err();
        assert!(matches!(refusal, StatementRefusal::Expectation(_)), "{refusal}");
    };
    replayed(expected(&key(1), what, "log.example/other"));
    replayed(record::ExpectedEntry { version: "1.1".into(), ..good.clone() });
    replayed(record::ExpectedEntry { filename: "example-1.0.zip".into(), ..good.clone() });
    replayed(record::ExpectedEntry { sha256: digest(2), ..good.clone() });
    replayed(record::ExpectedEntry { key: public(&key(2)), ..good.clone() });

    // Another project, in which the same key speaks.
    let mut other = record::PublisherState::new(ORIGIN, project("sample"));
    let enrol = record::KeyChange {
        project: project("sample"),
        action: Enrol,
        key: public(&key(1)),
        after: None,
    };
    let enrol = KeyEntry {
        project: project("sample"),
        signature: Some(sign(&key(1), &enrol.text(ORIGIN))),
        ..history.signed(Enrol, &key(1), &key(1))
    };
    other.apply(tlog::LeafIndex::default(), &enrol.into()).unwrap();
    let moved = record::ExpectedEntry { project: project("sample"), ..good };
    assert!(other.apply(tlog::LeafIndex::default(), &moved.into()).is_err());
}

#[test]
fn declarations_are_made_by_active_keys_about_themselves() {
    let mut history = History::enrolled();
    history.change(Add, &key(2), &key(1)).unwrap();
    assert_eq!(history.change(Partial, &key(1), &key(1)), Err(KeyRefusal::Declared));
    assert_eq!(history.change(Complete, &key(2), &key(1)), Err(KeyRefusal::NotItsOwn));
    let operator = KeyRefusal::NotForOperator("operator".into());
    assert_eq!(history.operator(Complete, &key(1)), Err(operator));
    let declared = history.change(Complete, &key(1), &key(1)).unwrap();
    assert_eq!(history.state.ring().complete_since(), Some(declared));
    assert_eq!(history.change(Complete, &key(2), &key(2)), Err(KeyRefusal::Declared));
    // It is the project's, not the key's: any of its keys takes it back.
    history.change(Revoke, &key(1), &key(2)).unwrap();
    assert_eq!(history.state.ring().complete_since(), Some(declared));
    history.change(Partial, &key(2), &key(2)).unwrap();
    assert_eq!(history.state.ring().complete_since(), None);
}

#[test]
fn keys_that_nobody_can_verify_with_are_refused() {
    let cosigner = CosigningKey::from_seed("example", &[7; 32]).unwrap();
    for text in [
        cosigner.verifying_key().to_string(),
        "example+00000000+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k".into(),
        "example+f2d5e3c1+AQEB".into(),
    ] {
        let mut history = History::new();
        let odd = PublicKey::parse(&text).unwrap();
        let entry = history.signed(Enrol, &key(1), &key(1));
        let entry = KeyEntry { by: "operator".into(), signature: None, key: odd, ..entry };
        let refusal = history.push_key(entry).unwrap_err();
        assert!(matches!(refusal, KeyRefusal::Unsupported(..)), "{refusal}");
    }
}

#[test]
fn keys_are_bounded() {
    let mut history = History::enrolled();
    let many = |number: usize| {
        let seed = [u8::try_from(number).unwrap(); 32];
        SigningKey::from_seed("many", &seed).unwrap()
    };
    for number in 1..MAX_ACTIVE_KEYS {
        history.change(Add, &many(100 + number), &key(1)).unwrap();
    }
    assert_eq!(history.change(Add, &many(99), &key(1)), Err(KeyRefusal::TooMany));
    history.change(Rotate, &many(99), &key(1)).unwrap();
}
