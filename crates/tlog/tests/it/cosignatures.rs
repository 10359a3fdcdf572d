//! Cosignatures, and the mistakes others have made with them.

use tlog::{
    CosigningKey, MAX_SIZE, Note, NoteError, NoteSignature, SigningKey, cosign, cosignature_time,
};

const TEXT: &str =
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

fn witness() -> CosigningKey {
    CosigningKey::from_seed("witness.example.com/w1", &[2; 32]).unwrap()
}

fn verify(line: &NoteSignature) -> Result<(), NoteError> {
    let note = Note::new(TEXT).unwrap().with_signature(line.clone()).unwrap();
    note.verify(&[witness().verifying_key().clone()]).map(|_| ())
}

/// The line with its signature field replaced.
fn with_field(field: &[u8]) -> NoteSignature {
    use base64::Engine as _;
    let id = witness().verifying_key().id();
    let bytes = [id.as_bytes().as_slice(), field].concat();
    let field = base64::engine::general_purpose::STANDARD.encode(bytes);
    NoteSignature::parse(&format!("— witness.example.com/w1 {field}")).unwrap()
}

#[test]
fn a_cosignature_states_its_time() {
    for time in [0, 1, 1_700_000_000, MAX_SIZE] {
        let line = cosign(TEXT, &witness(), time);
        assert_eq!(cosignature_time(&line), Some(time));
        assert_eq!(line.bytes()[..8], time.to_be_bytes());
        assert_eq!(line.bytes().len(), 8 + 64);
        assert_eq!(verify(&line), Ok(()));
    }
    assert_eq!(cosignature_time(&cosign(TEXT, &witness(), u64::MAX)), Some(MAX_SIZE));
}

#[test]
fn the_time_is_signed_and_in_network_order() {
    let field = cosign(TEXT, &witness(), 1_700_000_000).bytes().to_vec();
    assert_eq!(verify(&with_field(&field)), Ok(()));
    for at in 0..field.len() {
        let mut changed = field.clone();
        changed[at] ^= 1;
        assert!(verify(&with_field(&changed)).is_err(), "byte {at}");
    }
    let mut little_endian = field.clone();
    little_endian[..8].reverse();
    assert!(verify(&with_field(&little_endian)).is_err());
}

#[test]
fn fields_of_another_length_or_time_are_no_cosignature() {
    let field = cosign(TEXT, &witness(), 5).bytes().to_vec();
    let longer = [&field[..], &[0]].concat();
    let beyond = [&(MAX_SIZE + 1).to_be_bytes()[..], &field[8..]].concat();
    for wrong in [&field[..1], &field[..8], &field[..71], &field[8..], &longer, &beyond] {
        let line = with_field(wrong);
        assert_eq!(cosignature_time(&line), None);
        assert!(verify(&line).is_err());
    }
}

#[test]
fn a_plain_signature_by_the_same_seed_is_not_a_cosignature() {
    let log = SigningKey::from_seed("witness.example.com/w1", &[2; 32]).unwrap();
    assert_eq!(verify(&log.sign(TEXT)), Err(NoteError::NoKnownSignature), "it has another ID");
    let time = 5_u64.to_be_bytes();
    let plain = [&time[..], log.sign(TEXT).bytes()].concat();
    assert!(verify(&with_field(&plain)).is_err(), "the time is not part of what was signed");
}
