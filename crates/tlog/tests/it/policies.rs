//! Policies: the text, and who must have signed.

use std::fmt::Write as _;

use proptest::prelude::*;
use tlog::{
    Checkpoint, CosigningKey, InvalidKey, InvalidPolicy, NoteError, Policy, PolicyError,
    SignedCheckpoint, SigningKey, VerifyingKey, cosign,
};

use crate::fixture::TestLog;

const ORIGIN: &str = "log.example/pypi";

fn log_key(seed: u8) -> SigningKey {
    SigningKey::from_seed(ORIGIN, &[seed; 32]).unwrap()
}

fn log_vkey() -> VerifyingKey {
    log_key(1).verifying_key().clone()
}

fn witness(number: u8) -> CosigningKey {
    CosigningKey::from_seed(&format!("witness.example/w{number}"), &[100 + number; 32]).unwrap()
}

fn vkey(number: u8) -> VerifyingKey {
    witness(number).verifying_key().clone()
}

/// A checkpoint cosigned by some of the witnesses.
fn checkpoint(cosigners: &[u8]) -> SignedCheckpoint {
    let cosigners: Vec<(u8, u64)> =
        cosigners.iter().map(|number| (*number, 1_700_000_000)).collect();
    checkpoint_of(&cosigners)
}

/// A checkpoint cosigned by some of the witnesses at these times.
fn checkpoint_of(cosigners: &[(u8, u64)]) -> SignedCheckpoint {
    let checkpoint = Checkpoint::new(ORIGIN, TestLog::new(5).head()).unwrap();
    let text = checkpoint.to_string();
    let signed = SignedCheckpoint::sign(&checkpoint, &log_key(1));
    cosigners.iter().fold(signed, |signed, (number, time)| {
        signed.with_cosignature(cosign(&text, &witness(*number), *time)).unwrap()
    })
}

/// A policy of one log and four witnesses, a to d, with more lines.
fn policy(lines: &str) -> Policy {
    Policy::parse(&text(lines)).unwrap()
}

fn text(lines: &str) -> String {
    let witnesses = ["a", "b", "c", "d"].iter().zip(1..);
    let witnesses = witnesses.map(|(name, number)| format!("witness {name} {}\n", vkey(number)));
    format!("log {}\n{}{lines}\n", log_vkey(), witnesses.collect::<String>())
}

fn refused(text: &str) -> InvalidPolicy {
    Policy::parse(text).unwrap_err()
}

#[test]
fn quorums_count_witnesses_and_groups() {
    let nested = "group x all a b\ngroup y any c d\ngroup z 1 x\ngroup q all z y\nquorum q";
    let cases: [(&str, &[u8], bool); 17] = [
        ("quorum none", &[], true),
        ("quorum a", &[], false),
        ("quorum a", &[2, 3, 4], false),
        ("quorum a", &[1], true),
        ("group g any a b c\nquorum g", &[], false),
        ("group g any a b c\nquorum g", &[3], true),
        ("group g any a b c\nquorum g", &[4], false),
        ("group g all a b c\nquorum g", &[1, 2], false),
        ("group g all a b c\nquorum g", &[3, 2, 1], true),
        ("group g 2 a b c\nquorum g", &[1], false),
        ("group g 2 a b c\nquorum g", &[1, 3], true),
        ("group g 2 a b c\nquorum g", &[1, 4], false),
        (nested, &[1, 2], false),
        (nested, &[1, 3, 4], false),
        (nested, &[1, 2, 4], true),
        (nested, &[3, 4], false),
        (nested, &[1, 2, 3, 4], true),
    ];
    for (lines, cosigners, met) in cases {
        let verdict = policy(lines).verify(&checkpoint(cosigners));
        assert_eq!(verdict.is_ok(), met, "{lines} with {cosigners:?}");
    }
}

#[test]
fn a_quorum_vouches_as_of_a_time_and_was_met_at_one() {
    let nested = "group x all a b\ngroup y any c d\ngroup q all x y\nquorum q";
    // When a, b, c and d cosigned, as of when the quorum vouches, and when it was met.
    let cases: [(&str, [u64; 4], u64, u64); 11] = [
        ("quorum a", [30, 10, 20, 40], 30, 30),
        ("group g any a b c\nquorum g", [30, 10, 20, 40], 30, 10),
        ("group g any b\nquorum g", [30, 10, 20, 40], 10, 10),
        ("group g all a b c\nquorum g", [30, 10, 20, 40], 10, 30),
        ("group g 2 a b c\nquorum g", [30, 10, 20, 40], 20, 20),
        ("group g 2 a b c d\nquorum g", [30, 10, 20, 40], 30, 20),
        ("group g 3 a b c d\nquorum g", [7, 7, 7, 7], 7, 7),
        (nested, [30, 10, 20, 40], 10, 30),
        (nested, [30, 40, 20, 10], 20, 40),
        (nested, [40, 30, 10, 20], 20, 40),
        ("group y any c d\ngroup q 2 a b y\nquorum q", [30, 10, 20, 40], 30, 20),
    ];
    for (lines, times, vouched_at, met_at) in cases {
        let policy = policy(lines);
        let cosigners: Vec<(u8, u64)> = (1..).zip(times).collect();
        let verified = policy.verify(&checkpoint_of(&cosigners)).unwrap();
        assert!(policy.asks_for_witnesses());
        assert_eq!(policy.vouched_at(&verified, u64::MAX), Some(vouched_at), "{lines}, {times:?}");
        assert_eq!(policy.quorum_met_at(&verified), Some(met_at), "{lines}, {times:?}");
        let named: Vec<_> = policy.cosigners(&verified).map(|(w, t)| (w.name(), t)).collect();
        assert_eq!(named, ["a", "b", "c", "d"].into_iter().zip(times).collect::<Vec<_>>());
    }
}

#[test]
fn who_did_not_cosign_vouches_for_nothing() {
    let policy = policy("group g 2 a b c\nquorum g");
    let verified = policy.verify(&checkpoint_of(&[(4, 90), (3, 20), (1, 50)])).unwrap();
    assert_eq!(
        (policy.vouched_at(&verified, u64::MAX), policy.quorum_met_at(&verified)),
        (Some(20), Some(50))
    );
    // What is said to be later than now does not count.
    assert_eq!(policy.vouched_at(&verified, 50), Some(20));
    assert_eq!(policy.vouched_at(&verified, 49), None);

    let nobody = Policy::parse(&text("quorum none")).unwrap();
    let verified = nobody.verify(&checkpoint_of(&[(1, 50)])).unwrap();
    assert!(!nobody.asks_for_witnesses());
    assert_eq!(
        (nobody.vouched_at(&verified, u64::MAX), nobody.quorum_met_at(&verified)),
        (None, None)
    );
    // Lines that were not verified are no cosignatures.
    let unmet = checkpoint_of(&[(1, 50), (2, 50)]).verify(ORIGIN, &[log_vkey()]).unwrap();
    assert_eq!((policy.vouched_at(&unmet, u64::MAX), policy.quorum_met_at(&unmet)), (None, None));
}

#[test]
fn witnesses_of_one_name_are_told_apart() {
    let old = CosigningKey::from_seed("witness.example/w1", &[55; 32]).unwrap();
    let lines = format!("witness e {}\ngroup g all a e\nquorum g", old.verifying_key());
    let policy = policy(&lines);
    let signed = checkpoint_of(&[(1, 50)]);
    let line = cosign(&signed.checkpoint().to_string(), &old, 20);
    let verified = policy.verify(&signed.with_cosignature(line).unwrap()).unwrap();
    assert_eq!(
        (policy.vouched_at(&verified, u64::MAX), policy.quorum_met_at(&verified)),
        (Some(20), Some(50))
    );
}

#[test]
fn an_unmet_quorum_says_who_cosigned() {
    let error = policy("group two 2 a b c\nquorum two").verify(&checkpoint(&[2, 4])).unwrap_err();
    let cosigners = vec!["b".to_string(), "d".to_string()];
    assert_eq!(error, PolicyError::QuorumNotMet { quorum: "two".into(), cosigners });
    assert_eq!(error.to_string(), "the quorum 'two' is not met: cosigned by b, d");
}

#[test]
fn a_known_witness_with_a_bad_signature_refuses_the_checkpoint() {
    let forged = cosign("another text\n", &witness(1), 7);
    let signed = checkpoint(&[]).with_cosignature(forged).unwrap();
    let id = vkey(1).id();
    let bad = NoteError::BadSignature { name: "witness.example/w1".into(), id };
    assert_eq!(policy("quorum none").verify(&signed), Err(PolicyError::Note(bad)));
    assert!(Policy::single(log_vkey()).unwrap().verify(&signed).is_ok(), "unknown there");
}

#[test]
fn the_log_itself_must_have_signed() {
    let text = checkpoint(&[]).checkpoint().to_string();
    let other = SignedCheckpoint::sign(checkpoint(&[]).checkpoint(), &log_key(9));
    let other = other.with_cosignature(cosign(&text, &witness(1), 7)).unwrap();
    assert_eq!(policy("quorum a").verify(&other), Err(PolicyError::NoLogSignature));

    let foreign = Checkpoint::new("log.example/other", TestLog::new(5).head()).unwrap();
    let foreign = SignedCheckpoint::sign(&foreign, &log_key(1));
    let unknown = PolicyError::UnknownOrigin("log.example/other".into());
    assert_eq!(policy("quorum none").verify(&foreign), Err(unknown), "a key signs one origin");
}

#[test]
fn any_one_of_several_logs_suffices() {
    let other = SigningKey::from_seed("log.example/two", &[8; 32]).unwrap();
    let other_key = log_key(7);
    let lines = format!(
        "log {}\nlog {}\nlog {} https://log.example/pypi\nquorum none",
        other.verifying_key(),
        other_key.verifying_key(),
        log_vkey(),
    );
    let policy = Policy::parse(&lines).unwrap();
    assert!(policy.verify(&checkpoint(&[])).is_ok());
    let by_other_key = SignedCheckpoint::sign(checkpoint(&[]).checkpoint(), &other_key);
    assert!(policy.verify(&by_other_key).is_ok());
    let origins: Vec<_> = policy.logs().iter().map(|log| (log.origin(), log.url())).collect();
    let expected =
        [("log.example/two", None), (ORIGIN, None), (ORIGIN, Some("https://log.example/pypi"))];
    assert_eq!(origins, expected);
}

#[test]
fn spacing_and_comments_are_free() {
    let text = format!(
        "# a comment\n\n \t # another\n\tlog\t{}  https://log.example/pypi\t\n \n\
         witness  a\t{} https://witness.example\nwitness é {}\n#quorum none\n\
         group g\t1  a é \nquorum g",
        log_vkey(),
        vkey(1),
        vkey(2),
    );
    let policy = Policy::parse(&text).unwrap();
    assert_eq!(policy.witnesses()[0].url(), Some("https://witness.example"));
    assert_eq!(policy.witnesses()[1].name(), "é");
    let canonical = format!(
        "log {} https://log.example/pypi\nwitness a {} https://witness.example\nwitness é {}\n\
         group g any a é\nquorum g\n",
        log_vkey(),
        vkey(1),
        vkey(2),
    );
    assert_eq!(policy.to_string(), canonical);
    assert_eq!(Policy::parse(&canonical).unwrap(), policy);
}

#[test]
fn lines_that_are_not_in_order_are_refused() {
    use InvalidPolicy::{
        Characters, DuplicateKey, DuplicateName, MemberTwice, Quorum, Syntax, Threshold,
        UnknownName,
    };
    let cases = [
        ("", Quorum),
        ("quorum none\nquorum none", Quorum),
        ("quorum", Syntax(6)),
        ("quorum a b", Syntax(6)),
        ("Quorum a", Syntax(6)),
        ("log", Syntax(6)),
        ("witness e", Syntax(6)),
        ("group g", Syntax(6)),
        ("quorum none # trailing comments are fields", Syntax(6)),
        ("quorum e", UnknownName(6)),
        ("quorum g\ngroup g any a", UnknownName(6)),
        ("group g any a e", UnknownName(6)),
        ("group g any g", UnknownName(6)),
        ("group g any none", UnknownName(6)),
        ("group a any b", DuplicateName(6)),
        ("group none any b", DuplicateName(6)),
        ("group g any a\ngroup g any b", DuplicateName(7)),
        ("group g any a a", MemberTwice(6)),
        ("group g any a\ngroup h any a", MemberTwice(7)),
        ("group g any", Threshold(6)),
        ("group g all", Threshold(6)),
        ("group g 0 a b", Threshold(6)),
        ("group g 3 a b", Threshold(6)),
        ("group g 01 a b", Threshold(6)),
        ("group g +1 a b", Threshold(6)),
        ("group g -1 a b", Threshold(6)),
        ("group g ANY a b", Threshold(6)),
        ("group g 18446744073709551617 a b", Threshold(6)),
        ("quorum none\r", Characters(6)),
        ("# \u{7f}\nquorum none", Characters(6)),
        ("# \u{0}\nquorum none", Characters(6)),
    ];
    for (lines, error) in cases {
        assert_eq!(refused(&text(lines)), error, "{lines:?}");
    }
    let same_key = format!("witness e {}", vkey(1));
    assert_eq!(refused(&text(&same_key)), DuplicateKey(6));
    let same_log = format!("log {} https://log.example", log_vkey());
    assert_eq!(refused(&text(&same_log)), DuplicateKey(6));
    let renamed = CosigningKey::from_seed("other.example", &[101; 32]).unwrap();
    let renamed = format!("witness e {}", renamed.verifying_key());
    assert_eq!(refused(&text(&renamed)), DuplicateKey(6), "the same key by another name");
    let taken = format!("witness a {}", vkey(5));
    assert_eq!(refused(&text(&taken)), DuplicateName(6));
    assert_eq!(refused("quorum none\n"), InvalidPolicy::NoLog);
}

#[test]
fn keys_have_their_place() {
    let wrong = InvalidPolicy::Key { line: 1, source: InvalidKey::WrongKind };
    assert_eq!(refused(&format!("log {}\nquorum none", vkey(1))), wrong);
    assert_eq!(refused(&format!("witness a {}\nquorum none", log_vkey())), wrong);
    let broken = InvalidPolicy::Key { line: 1, source: InvalidKey::Syntax };
    assert_eq!(refused("log example\nquorum none"), broken);
    assert_eq!(Policy::single(vkey(1)), Err(InvalidKey::WrongKind));
}

#[test]
fn thirty_two_of_each_and_more_are_supported() {
    let mut lines = String::new();
    for number in 0..40_u8 {
        let log = SigningKey::from_seed(&format!("log{number}.example"), &[number; 32]).unwrap();
        let (log, witness) = (log.verifying_key(), vkey(number));
        writeln!(lines, "log {log}\nwitness w{number} {witness}").unwrap();
    }
    lines += "group g0 any w0\n";
    for number in 1..40 {
        writeln!(lines, "group g{number} all w{number} g{}", number - 1).unwrap();
    }
    let policy =
        Policy::parse(&format!("{lines}log {}\nquorum g39\n", log_key(200).verifying_key()))
            .unwrap();
    assert_eq!(policy.witnesses().len(), 40);
    assert!(policy.verify(&checkpoint(&[])).is_err());
    let signed = SignedCheckpoint::sign(checkpoint(&[]).checkpoint(), &log_key(200));
    let text = signed.checkpoint().to_string();
    let all = (0..40).fold(signed, |signed, number| {
        signed.with_cosignature(cosign(&text, &witness(number), 7)).unwrap()
    });
    assert_eq!(policy.verify(&all).unwrap().cosigned_at().len(), 40);
}

proptest! {
    #[test]
    fn what_parses_is_written_and_read_back(
        lines in prop::collection::vec(
            "(group [efg] (any|all|1|2) ([abcdefg] ?){1,3}|quorum [a-gn]|quorum none|#.*|[ \t]*)", 0..5,
        ),
    ) {
        if let Ok(policy) = Policy::parse(&text(&lines.join("\n"))) {
            prop_assert_eq!(Policy::parse(&policy.to_string()), Ok(policy));
        }
    }

    #[test]
    fn arbitrary_text_is_refused_or_read(lines in "(log|witness|group|quorum| |\t|\n|[a-c]|any|none|1|é|\r){0,30}") {
        prop_assert!(Policy::parse(&lines).is_err(), "there is no key in it");
    }
}
