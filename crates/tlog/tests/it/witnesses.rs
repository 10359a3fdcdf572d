//! What a witness is asked and how it judges: every row of the protocol's table, and their order.

use proptest::prelude::*;
use tlog::{
    AddCheckpoint, Checkpoint, ConsistencyProof, CosigningKey, Hash, InvalidAddCheckpoint,
    InvalidCheckpoint, InvalidNote, InvalidTlogSize, MAX_ADD_CHECKPOINT_LEN, MAX_PROOF_HASHES,
    NoteError, ProofError, SignedCheckpoint, SigningKey, TreeHead, TreeSize, VerifyingKey,
    WitnessRefusal, cosign, cosignature_time, format_tlog_size, parse_signature_lines,
    parse_tlog_size,
};

use crate::fixture::{TestLog, flip, leaves, size};
use crate::oracle;

const ORIGIN: &str = "log.example/pypi";

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(ORIGIN, &[seed; 32]).unwrap()
}

fn trusted() -> Vec<VerifyingKey> {
    vec![key(1).verifying_key().clone()]
}

fn witness() -> CosigningKey {
    CosigningKey::from_seed("witness.example/w1", &[9; 32]).unwrap()
}

fn head(n: usize) -> TreeHead {
    TreeHead { size: size(n), root: oracle::root(&leaves(n)) }
}

/// The head of another log of `n` entries.
fn other_head(n: usize) -> TreeHead {
    TreeHead { root: flip(&head(n).root, 0), ..head(n) }
}

fn signed(head: TreeHead) -> SignedCheckpoint {
    SignedCheckpoint::sign(&Checkpoint::new(ORIGIN, head).unwrap(), &key(1))
}

fn proof(older: usize, newer: usize) -> Vec<Hash> {
    TestLog::new(newer).all().consistency(size(older)).unwrap().hashes().to_vec()
}

/// The text of a request, right or wrong.
fn body(old: usize, proof: &[Hash], note: &str) -> String {
    let hashes = proof.iter().fold(String::new(), |hashes, hash| hashes + &hash.to_string() + "\n");
    format!("old {old}\n{hashes}\n{note}")
}

/// A request as the honest log sends it.
fn honest(old: usize, new: usize) -> AddCheckpoint {
    request(&body(old, &proof(old, new), &signed(head(new)).to_string()))
}

fn request(body: &str) -> AddCheckpoint {
    AddCheckpoint::parse(body.as_bytes()).unwrap()
}

/// A note that any key signs, whether its text is a checkpoint or not.
fn note(text: &str, key: &SigningKey) -> String {
    format!("{text}\n{}\n", key.sign(text))
}

/// An empty tree with a root that it can not have.
fn wrong_empty(key: &SigningKey) -> String {
    note(&format!("{ORIGIN}\n0\n{}\n", head(1).root), key)
}

fn refusal(body: &str, latest: TreeHead) -> WitnessRefusal {
    request(body).judge(&trusted(), latest).unwrap_err()
}

#[test]
fn the_log_grows_and_every_step_is_cosigned() {
    for newer in 0..=40 {
        for older in 0..=newer {
            let cosignable = honest(older, newer).judge(&trusted(), head(older)).unwrap();
            assert_eq!(cosignable.checkpoint(), &signed(head(newer)), "{older} to {newer}");
        }
    }
}

#[test]
fn a_cosigned_checkpoint_has_the_lines_of_log_and_witness_alone() {
    let text = signed(head(5)).checkpoint().to_string();
    let stranger = CosigningKey::from_seed("witness.example/w2", &[8; 32]).unwrap();
    let mut forged = signed(head(5)).to_string();
    for line in [
        cosign("another text\n", &stranger, 5),
        cosign("a forged one\n", &witness(), 5),
        key(2).sign(&text),
        key(1).sign("a repeated line is not looked at\n"),
    ] {
        forged = forged + &line.to_string() + "\n";
    }
    let cosignable = request(&body(0, &[], &forged)).judge(&trusted(), TreeHead::EMPTY).unwrap();
    let cosigned = cosignable.cosign(&witness(), 1_700_000_000).unwrap();
    assert_eq!(
        cosigned.note().signatures(),
        [key(1).sign(&text), cosign(&text, &witness(), 1_700_000_000)]
    );
    let keys = [trusted(), vec![witness().verifying_key().clone()]].concat();
    let verified = cosigned.verify(ORIGIN, &keys).unwrap();
    assert_eq!(verified.cosigned_at(), [("witness.example/w1".to_owned(), 1_700_000_000)]);
}

/// A row of the table: the request, what was cosigned last, and what becomes of it.
type Row = (&'static str, String, TreeHead, u16, fn(&WitnessRefusal) -> bool);

fn rows() -> Vec<Row> {
    use WitnessRefusal as R;
    let good = |n: usize| signed(head(n)).to_string();
    let text = |n: usize| signed(head(n)).checkpoint().to_string();
    let foreign_key = SigningKey::from_seed("log.example/other", &[1; 32]).unwrap();
    let foreign = Checkpoint::new("log.example/other", head(5)).unwrap();
    let foreign = SignedCheckpoint::sign(&foreign, &foreign_key).to_string();
    let cosigned = format!("{}\n{}\n", text(5), cosign(&text(5), &witness(), 1));
    let bad_and_good = format!("{}\n{}\n{}\n", text(5), key(1).sign("x\n"), key(1).sign(&text(5)));
    let other = |n: usize| signed(other_head(n)).to_string();
    let spoilt: Vec<Hash> = proof(3, 5).iter().map(|hash| flip(hash, 7)).collect();
    vec![
        (
            "unknown origin",
            body(0, &[], &foreign),
            TreeHead::EMPTY,
            404,
            |r| matches!(r, R::UnknownOrigin(origin) if origin == "log.example/other"),
        ),
        ("unknown key", body(0, &[], &note(&text(5), &key(2))), TreeHead::EMPTY, 403, |r| {
            matches!(r, R::Signature(NoteError::NoKnownSignature))
        }),
        ("no log signature", body(0, &[], &cosigned), TreeHead::EMPTY, 403, |r| {
            matches!(r, R::Signature(NoteError::NoKnownSignature))
        }),
        ("bad signature", body(0, &[], &bad_and_good), TreeHead::EMPTY, 403, |r| {
            matches!(r, R::Signature(NoteError::BadSignature { .. }))
        }),
        ("old beyond size", body(6, &[], &good(5)), head(6), 400, |r| {
            *r == R::OldBeyondSize { old: size(6), size: size(5) }
        }),
        ("never cosigned", body(3, &proof(3, 5), &good(5)), TreeHead::EMPTY, 409, |r| {
            *r == R::OldIsNotLatest { old: size(3), latest: size(0) }
        }),
        ("asking for the size", body(0, &[], &good(5)), head(3), 409, |r| {
            *r == R::OldIsNotLatest { old: size(0), latest: size(3) }
        }),
        ("rolled back", body(3, &proof(3, 5), &good(5)), head(9), 409, |r| {
            *r == R::OldIsNotLatest { old: size(3), latest: size(9) }
        }),
        (
            "empty tree, other root",
            body(0, &[], &wrong_empty(&key(1))),
            TreeHead::EMPTY,
            422,
            |r| *r == R::EmptyRoot,
        ),
        ("old 0 with a proof", body(0, &proof(3, 5), &good(5)), TreeHead::EMPTY, 422, |r| {
            *r == R::Inconsistent(ProofError::WrongLength { expected: 0, got: 4 })
        }),
        ("empty again with a proof", body(0, &proof(3, 5), &good(0)), TreeHead::EMPTY, 422, |r| {
            *r == R::Inconsistent(ProofError::WrongLength { expected: 0, got: 4 })
        }),
        ("no proof", body(3, &[], &good(5)), head(3), 422, |r| {
            matches!(r, R::Inconsistent(ProofError::WrongLength { got: 0, .. }))
        }),
        ("spoilt proof", body(3, &spoilt, &good(5)), head(3), 422, |r| {
            matches!(r, R::Inconsistent(ProofError::RootMismatch { .. }))
        }),
        ("forked before the old size", body(3, &proof(3, 5), &good(5)), other_head(3), 422, |r| {
            matches!(r, R::Inconsistent(ProofError::RootMismatch { .. }))
        }),
        ("forked after the old size", body(3, &proof(3, 5), &other(5)), head(3), 422, |r| {
            matches!(r, R::Inconsistent(ProofError::RootMismatch { .. }))
        }),
        (
            "same size, other root",
            body(5, &[], &other(5)),
            head(5),
            422,
            |r| matches!(r, R::OtherRoot(fork) if *fork.checkpoint() == signed(other_head(5))),
        ),
        (
            "same size, other root, some proof",
            body(5, &proof(3, 5), &other(5)),
            head(5),
            422,
            |r| matches!(r, R::OtherRoot(_)),
        ),
        ("same size with a proof", body(5, &proof(3, 5), &good(5)), head(5), 422, |r| {
            matches!(r, R::Inconsistent(ProofError::WrongLength { expected: 0, .. }))
        }),
    ]
}

#[test]
fn every_row_of_the_table() {
    for (name, body, latest, status, expected) in rows() {
        let refusal = refusal(&body, latest);
        assert!(expected(&refusal), "{name}: {refusal:?}");
        assert_eq!(refusal.status(), status, "{name}");
        assert!(!refusal.to_string().is_empty());
    }
}

/// Each request has everything wrong from some row on; the first wrong thing is what is answered.
#[test]
fn the_first_row_that_applies_is_the_answer() {
    let foreign = note(&format!("log.example/other\n0\n{}\n", head(1).root), &key(2));
    let junk = proof(3, 5);
    let cases = [
        (body(7, &junk, &foreign), head(5), 404),
        (body(7, &junk, &wrong_empty(&key(2))), head(5), 403),
        (body(7, &junk, &wrong_empty(&key(1))), head(5), 400),
        (body(0, &junk, &wrong_empty(&key(1))), head(5), 409),
        (body(4, &junk, &signed(other_head(5)).to_string()), head(5), 409),
    ];
    for (body, latest, status) in cases {
        assert_eq!(refusal(&body, latest).status(), status, "{body}");
    }
    let before_the_proof = refusal(&body(0, &junk, &wrong_empty(&key(1))), TreeHead::EMPTY);
    assert_eq!(before_the_proof, WitnessRefusal::EmptyRoot);
}

#[test]
fn the_same_size_is_cosigned_again_with_the_new_time() {
    for n in [0, 1, 5, 8] {
        for time in [10, 20] {
            let cosignable = honest(n, n).judge(&trusted(), head(n)).unwrap();
            let cosigned = cosignable.cosign(&witness(), time).unwrap();
            let line = &cosigned.note().signatures()[1];
            assert_eq!(cosignature_time(line), Some(time));
        }
    }
}

/// Keys of the right name and another kind do not make a log known; any one of several does.
#[test]
fn keys_count_by_name_and_kind() {
    let cosigner = CosigningKey::from_seed(ORIGIN, &[1; 32]).unwrap();
    let only_cosigner = [cosigner.verifying_key().clone()];
    let judged = honest(0, 5).judge(&only_cosigner, TreeHead::EMPTY);
    assert_eq!(judged.unwrap_err().status(), 404);
    let both = [key(2).verifying_key().clone(), key(1).verifying_key().clone()];
    assert!(honest(0, 5).judge(&both, TreeHead::EMPTY).is_ok());
}

#[test]
fn no_changed_proof_is_accepted() {
    for (older, newer) in [(1, 2), (3, 4), (3, 7), (4, 7), (6, 7), (8, 21), (13, 21), (33, 40)] {
        let hashes = proof(older, newer);
        let judge = |hashes: &[Hash], new: TreeHead| {
            let body = body(older, hashes, &signed(new).to_string());
            request(&body).judge(&trusted(), head(older)).map_err(|refusal| refusal.status())
        };
        assert!(judge(&hashes, head(newer)).is_ok());
        for place in 0..hashes.len() {
            for bit in (0..8 * Hash::SIZE).step_by(37) {
                let mut changed = hashes.clone();
                changed[place] = flip(&changed[place], bit);
                assert_eq!(
                    judge(&changed, head(newer)),
                    Err(422),
                    "hash {place} of {older}-{newer}"
                );
            }
            let mut without = hashes.clone();
            without.remove(place);
            assert_eq!(judge(&without, head(newer)), Err(422), "{older} to {newer}");
        }
        let longer = [&hashes[..], &[Hash::EMPTY_ROOT]].concat();
        assert_eq!(judge(&longer, head(newer)), Err(422));
        assert_eq!(judge(&hashes, other_head(newer)), Err(422));
        assert!(judge(&hashes, head(newer + 1)).is_err());
    }
}

/// What a witness keeps, in one line: the head cosigned last.
struct Memory(TreeHead);

impl Memory {
    fn ask(&mut self, request: &AddCheckpoint) -> u16 {
        match request.judge(&trusted(), self.0) {
            Ok(cosignable) => {
                let next = cosignable.checkpoint().checkpoint().head();
                assert!(next.size >= self.0.size, "never back");
                self.0 = next;
                200
            }
            Err(refusal) => refusal.status(),
        }
    }
}

#[test]
fn of_two_requests_from_one_head_only_the_first_to_come_moves_it() {
    let mut memory = Memory(TreeHead::EMPTY);
    let script = [
        (honest(0, 3), 200),
        (honest(0, 5), 409), // raced with the first
        (honest(3, 5), 200),
        (honest(3, 4), 409), // raced with it, and would be a step back
        (honest(5, 5), 200),
        (honest(4, 9), 409),
        (request(&body(5, &[], &signed(other_head(5)).to_string())), 422),
        (request(&body(5, &[], &signed(head(3)).to_string())), 400),
        (honest(5, 9), 200),
        (honest(5, 9), 409), // sent twice because the answer was lost
        (honest(9, 9), 200),
    ];
    for (step, (request, status)) in script.iter().enumerate() {
        assert_eq!(memory.ask(request), *status, "step {step}");
    }
    assert_eq!(memory.0, head(9));
}

#[test]
fn a_request_is_written_as_the_specification_says() {
    let checkpoint = signed(head(5));
    let proof = ConsistencyProof::new(proof(3, 5));
    let request = AddCheckpoint::new(size(3), proof.clone(), checkpoint.clone()).unwrap();
    let [a, b, c, d] = proof.hashes() else { panic!("{proof:?}") };
    let expected = format!(
        "old 3\n{a}\n{b}\n{c}\n{d}\n\n{ORIGIN}\n5\n{}\n\n{}\n",
        head(5).root,
        checkpoint.note().signatures()[0],
    );
    assert_eq!(request.to_string(), expected);
    assert_eq!(AddCheckpoint::parse(expected.as_bytes()).as_ref(), Ok(&request));
    assert_eq!((request.origin(), request.old()), (ORIGIN, size(3)));
}

#[test]
fn texts_that_are_almost_a_request() {
    use InvalidAddCheckpoint::{Checkpoint as InCheckpoint, Syntax, TooManyHashes};
    let note_text = signed(head(5)).to_string();
    let hash = head(5).root.to_string();
    let empty = wrong_empty(&key(1));
    let mended = |from: &str, to: &str| empty.replacen(from, to, 1);
    let cases = [
        (String::new(), Syntax),
        ("old 0\n\n".into(), InCheckpoint(InvalidCheckpoint::Note(InvalidNote::Layout))),
        (format!("old 0\n{note_text}"), Syntax),
        (format!("\nold 0\n\n{note_text}"), Syntax),
        (format!("old 00\n\n{note_text}"), Syntax),
        (format!("old +1\n\n{note_text}"), Syntax),
        (format!("old -1\n\n{note_text}"), Syntax),
        (format!("old 9223372036854775808\n\n{note_text}"), Syntax),
        (format!("old  1\n\n{note_text}"), Syntax),
        (format!("old 1 \n\n{note_text}"), Syntax),
        (format!("old 1\r\n\n{note_text}"), Syntax),
        (format!("Old 1\n\n{note_text}"), Syntax),
        (format!("{hash}\n\n{note_text}"), Syntax),
        (format!("old 1\n{hash} \n\n{note_text}"), Syntax),
        (format!("old 1\n{}\n\n{note_text}", hash.trim_end_matches('=')), Syntax),
        (format!("old 1\n{}\n\n{note_text}", &hash[..40]), Syntax),
        (format!("old 1\n{}\n{note_text}", format!("{hash}\n").repeat(64)), TooManyHashes),
        (format!("old 1\n\n\n{note_text}"), InCheckpoint(InvalidCheckpoint::Syntax)),
        (
            format!("old 1\n\n{note_text}\n"),
            InCheckpoint(InvalidCheckpoint::Note(InvalidNote::Layout)),
        ),
        (
            format!("old 0\n\n{}", mended("\n0\n", "\n00\n")),
            InCheckpoint(InvalidCheckpoint::Syntax),
        ),
        (
            format!("old 0\n\n{}", mended("\n0\n", "\n-0\n")),
            InCheckpoint(InvalidCheckpoint::Syntax),
        ),
        (format!("old 0\n\n{}", mended(ORIGIN, "")), InCheckpoint(InvalidCheckpoint::Origin)),
    ];
    for (text, expected) in cases {
        assert_eq!(AddCheckpoint::parse(text.as_bytes()), Err(expected), "{text:?}");
    }
    let many = format!("old 1\n{}\n{note_text}", format!("{hash}\n").repeat(MAX_PROOF_HASHES));
    assert!(AddCheckpoint::parse(many.as_bytes()).is_ok());
    assert_eq!(AddCheckpoint::parse(b"old 0\n\n\xff"), Err(Syntax));
}

#[test]
fn requests_have_a_largest_length() {
    let long = SignedCheckpoint::sign(
        &Checkpoint::parse(&format!(
            "{}{}\n",
            signed(head(5)).checkpoint(),
            "x".repeat(MAX_ADD_CHECKPOINT_LEN)
        ))
        .unwrap(),
        &key(1),
    );
    let request = AddCheckpoint::new(TreeSize::ZERO, ConsistencyProof::default(), long.clone());
    assert_eq!(request, Err(InvalidAddCheckpoint::TooLong));
    let text = body(0, &[], &long.to_string());
    assert_eq!(AddCheckpoint::parse(text.as_bytes()), Err(InvalidAddCheckpoint::TooLong));
    let proof = ConsistencyProof::new(vec![Hash::EMPTY_ROOT; MAX_PROOF_HASHES + 1]);
    let request = AddCheckpoint::new(size(1), proof, signed(head(5)));
    assert_eq!(request, Err(InvalidAddCheckpoint::TooManyHashes));
}

/// Cosignatures cover extension lines, so they come through a witness unchanged.
#[test]
fn extension_lines_are_kept() {
    let text = format!("{}an extension\n", signed(head(5)).checkpoint());
    let cosignable = request(&body(0, &[], &note(&text, &key(1))));
    let cosignable = cosignable.judge(&trusted(), TreeHead::EMPTY).unwrap();
    assert_eq!(cosignable.checkpoint().note().text(), text);
    let empty = format!("{ORIGIN}\n0\n{}\nan extension\n", head(1).root);
    let refused = refusal(&body(0, &[], &note(&empty, &key(1))), TreeHead::EMPTY);
    assert_eq!(refused, WitnessRefusal::EmptyRoot);
}

#[test]
fn sizes_in_answers_are_canonical() {
    for n in [0, 1, 20_852_163, i64::MAX as u64] {
        let n = TreeSize::new(n).unwrap();
        assert_eq!(parse_tlog_size(format_tlog_size(n).as_bytes()), Ok(n));
    }
    let wrong: [&[u8]; 11] = [
        b"",
        b"\n",
        b"5",
        b"5\r\n",
        b"5\n\n",
        b"05\n",
        b"+5\n",
        b"-5\n",
        b" 5\n",
        b"\xff\n",
        b"9223372036854775808\n",
    ];
    for wrong in wrong {
        assert_eq!(parse_tlog_size(wrong), Err(InvalidTlogSize), "{wrong:?}");
    }
}

#[test]
fn answers_are_signature_lines_and_nothing_else() {
    let lines = [cosign("a text\n", &witness(), 1), key(1).sign("a text\n")];
    let [first, second] = &lines;
    assert_eq!(parse_signature_lines(format!("{first}\n").as_bytes()).unwrap(), lines[..1]);
    assert_eq!(parse_signature_lines(format!("{first}\n{second}\n").as_bytes()).unwrap(), lines);
    let wrong = [
        String::new(),
        "\n".into(),
        first.to_string(),
        format!("{first}\n\n"),
        format!("\n{first}\n"),
    ];
    for wrong in wrong {
        assert!(parse_signature_lines(wrong.as_bytes()).is_err(), "{wrong:?}");
    }
    assert_eq!(parse_signature_lines(b"\xff\n"), Err(InvalidNote::Characters));
}

proptest! {
    /// Whatever a witness is asked, and in whatever order: what it cosigns is the log it began with,
    /// and never a smaller part of it than before.
    #[test]
    fn any_sequence_of_requests_moves_forward_only(
        requests in prop::collection::vec((1usize..12, 1usize..12, any::<bool>()), 1..30),
    ) {
        let mut memory = Memory(head(1));
        for (old, new, forked) in requests {
            let hashes = if old <= new { proof(old, new) } else { vec![] };
            let stated = if forked { other_head(new) } else { head(new) };
            let before = memory.0;
            let status = memory.ask(&request(&body(old, &hashes, &signed(stated).to_string())));
            let due = !forked && before.size == size(old) && old <= new;
            prop_assert_eq!(status == 200, due);
            prop_assert_eq!(memory.0, if due { head(new) } else { before });
        }
    }
}
