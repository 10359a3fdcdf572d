//! Proof files: canonical or refused, and nothing of them counts unverified.

use tlog::{
    Checkpoint, CosigningKey, InclusionProof, InvalidProofFile, MAX_PROOF_HASHES, Policy,
    PolicyError, ProofError, ProofFile, ProofFileError, SignedCheckpoint, SigningKey, cosign,
    leaf_hash,
};

use crate::fixture::{TestLog, entry, index};

const ORIGIN: &str = "log.example/pypi";

fn log_key() -> SigningKey {
    SigningKey::from_seed(ORIGIN, &[1; 32]).unwrap()
}

fn file(extra: Option<&[u8]>) -> ProofFile {
    let log = TestLog::new(300);
    let checkpoint = Checkpoint::new(ORIGIN, log.head()).unwrap();
    ProofFile {
        extra: extra.map(<[u8]>::to_vec),
        index: index(123),
        proof: log.all().inclusion(index(123)).unwrap(),
        checkpoint: SignedCheckpoint::sign(&checkpoint, &log_key()),
    }
}

fn policy() -> Policy {
    Policy::single(log_key().verifying_key().clone()).unwrap()
}

#[test]
fn a_file_is_written_as_it_was_read_and_verifies() {
    for extra in [None, Some(&b"the entry"[..])] {
        let file = file(extra);
        let text = file.to_string();
        assert!(text.starts_with("c2sp.org/tlog-proof@v1\n"));
        assert_eq!(text.contains("\nextra dGhlIGVudHJ5\nindex 123\n"), extra.is_some());
        let read = ProofFile::parse(text.as_bytes()).unwrap();
        assert_eq!(read, file);
        let verified = read.verify(&policy(), &leaf_hash(&entry(123))).unwrap();
        assert_eq!(verified.head(), TestLog::new(300).head());
    }
    assert_eq!(file(Some(b"")).to_string(), file(None).to_string(), "an empty extra is left out");
}

#[test]
fn files_that_are_not_canonical_are_refused() {
    let text = file(Some(b"extra!")).to_string();
    let hash = text.lines().nth(3).unwrap().to_string();
    let many = format!("{hash}\n").repeat(MAX_PROOF_HASHES + 1);
    let cases = [
        String::new(),
        text.replacen("c2sp.org/tlog-proof@v1\n", "", 1),
        text.replacen("@v1", "@v2", 1),
        format!(" {text}"),
        text.replacen("extra ", "extra  ", 1),
        text.replacen("extra ZXh0cmEh\n", "extra \n", 1),
        text.replacen("extra ZXh0cmEh\n", "extra\n", 1),
        text.replacen("extra ZXh0cmEh\n", "extra ZXh0cmE\n", 1),
        text.replacen("extra ZXh0cmEh\n", "extra ZXh0cmEh\nextra ZXh0cmEh\n", 1),
        text.replacen("extra ZXh0cmEh\nindex 123\n", "index 123\nextra ZXh0cmEh\n", 1),
        text.replacen("index 123", "index 0123", 1),
        text.replacen("index 123", "index +123", 1),
        text.replacen("index 123", "index -1", 1),
        text.replacen("index 123", "index", 1),
        text.replacen("index 123", "index 123 ", 1),
        text.replacen("index 123", "index 9223372036854775808", 1),
        text.replacen("index 123", "index 18446744073709551615", 1),
        text.replacen("index 123\n", "", 1),
        text.replacen("index 123\n", "index 123\r\n", 1),
        text.replacen(&hash, &hash[..43], 1),
        text.replacen(&hash, &format!("{hash} "), 1),
        text.replacen(&format!("{hash}\n"), &many, 1),
        text.replacen("\n\n", "\n", 1),
        text.replacen("\n\n", "\n\n\n", 1),
        text.trim_end().to_string(),
        format!("{text}\n"),
        text.replace('\n', "\r\n"),
    ];
    for (number, case) in cases.iter().enumerate() {
        assert!(ProofFile::parse(case.as_bytes()).is_err(), "case {number}: {case}");
    }
    assert_eq!(ProofFile::parse(b"\xff"), Err(InvalidProofFile::Syntax));
    assert!(ProofFile::parse(text.as_bytes()).is_ok());
}

#[test]
fn sixty_three_hashes_are_the_most() {
    let mut most = file(None);
    most.proof = InclusionProof::new(vec![leaf_hash(b""); MAX_PROOF_HASHES]);
    assert_eq!(ProofFile::parse(most.to_string().as_bytes()), Ok(most));
}

#[test]
fn every_changed_byte_is_noticed() {
    let bytes = file(None).to_string().into_bytes();
    let leaf = leaf_hash(&entry(123));
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << bit;
            let verdict =
                ProofFile::parse(&changed).map(|file| file.verify(&policy(), &leaf).is_ok());
            assert!(!matches!(verdict, Ok(true)), "bit {bit} of byte {at}");
        }
    }
}

#[test]
fn the_policy_and_the_entry_both_count() {
    let leaf = leaf_hash(&entry(123));
    let other = SigningKey::from_seed(ORIGIN, &[9; 32]).unwrap();
    let stranger = Policy::single(other.verifying_key().clone()).unwrap();
    let unsigned = ProofFileError::Policy(PolicyError::NoLogSignature);
    assert_eq!(file(None).verify(&stranger, &leaf), Err(unsigned));
    let mismatch = file(None).verify(&policy(), &leaf_hash(&entry(124)));
    let inclusion = ProofFileError::Inclusion;
    assert!(matches!(&mismatch, Err(ProofFileError::Inclusion(ProofError::RootMismatch { .. }))));
    let mut elsewhere = file(None);
    elsewhere.index = index(300);
    let beyond = elsewhere.verify(&policy(), &leaf).unwrap_err();
    let size = TestLog::new(300).head().size;
    assert_eq!(beyond, inclusion(ProofError::IndexOutOfRange { index: index(300), size }));
}

#[test]
fn a_quorum_is_asked_for_before_the_entry() {
    let witness = CosigningKey::from_seed("witness.example/w1", &[2; 32]).unwrap();
    let text = format!(
        "log {}\nwitness w {}\nquorum w\n",
        log_key().verifying_key(),
        witness.verifying_key()
    );
    let policy = Policy::parse(&text).unwrap();
    let leaf = leaf_hash(&entry(123));
    let mut file = file(None);
    let unmet = file.verify(&policy, &leaf);
    assert!(matches!(unmet, Err(ProofFileError::Policy(PolicyError::QuorumNotMet { .. }))));
    let line = cosign(&file.checkpoint.checkpoint().to_string(), &witness, 1_700_000_000);
    file.checkpoint = file.checkpoint.with_cosignature(line).unwrap();
    let verified = file.verify(&policy, &leaf).unwrap();
    assert_eq!(verified.cosigned_at(), [("witness.example/w1".to_string(), 1_700_000_000)]);
}
