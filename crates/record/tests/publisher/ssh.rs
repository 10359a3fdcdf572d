//! Signatures that OpenSSH made.

use record::{KeyAction, KeyChange, KeyEntry, PublicKey, Signature, SshKey, Timestamp};

use crate::fixture::{History, NOW, ORIGIN, digest, expectation, key, project, public, sign};

/// Public key of `ssh-keygen -t ed25519`.
const PUBLIC: [u8; 32] = [
    229, 146, 134, 212, 159, 158, 8, 86, 150, 93, 47, 18, 134, 33, 95, 33, 234, 193, 30, 218, 82,
    131, 24, 19, 70, 142, 209, 220, 144, 95, 12, 39,
];

/// What `ssh-keygen -Y sign -n indelible-statement` made of the expectation below, without envelope.
const SIGNATURE: &str =
    "kP/tRe/eRikZFYBhngLwR6IGuQ5mA2XFv+ygNyvvjCd0rvqzfcxhy6rDRgji3edeVjDjB29o2gW+FIzlaO/EDQ==";

fn ssh() -> PublicKey {
    SshKey::new("example-ssh", PUBLIC).public_key()
}

#[test]
fn what_openssh_signed_is_verified() {
    let signature = Signature::parse(SIGNATURE).unwrap();
    let what = expectation("example-1.0.tar.gz", digest(0x11));
    assert_eq!(what.verify(ORIGIN, &ssh(), &signature), Ok(()));
    assert!(what.verify("log.example/other", &ssh(), &signature).is_err());
    let plain = sign(&key(1), &what.text(ORIGIN));
    assert!(what.verify(ORIGIN, &ssh(), &plain).is_err());
    for byte in 0..64 {
        let mut bytes = signature.as_bytes().to_vec();
        bytes[byte] ^= 1;
        let flipped = Signature::new(bytes).unwrap();
        assert!(what.verify(ORIGIN, &ssh(), &flipped).is_err(), "byte {byte}");
    }
    // The same 32 bytes as a key of notes are another key, which made another signature.
    let seeded = SshKey::new("example-1", *key(1).verifying_key().public_bytes()).public_key();
    assert_ne!(seeded, public(&key(1)));
    assert!(what.verify(ORIGIN, &seeded, &plain).is_err());
}

#[test]
fn an_ssh_key_speaks_for_a_project_like_any_other() {
    let mut history = History::enrolled();
    let change = KeyChange {
        project: project("example"),
        action: KeyAction::Add,
        key: ssh(),
        after: history.state.ring().last(),
    };
    let add = KeyEntry {
        project: project("example"),
        action: KeyAction::Add,
        key: ssh(),
        by: public(&key(1)).to_string(),
        signature: Some(sign(&key(1), &change.text(ORIGIN))),
        received: Timestamp::from_unix(NOW).unwrap(),
    };
    history.push_key(add).unwrap();
    let what = expectation("example-1.0.tar.gz", digest(0x11));
    let signature = Signature::parse(SIGNATURE).unwrap();
    history.push(what.into_entry(ssh(), signature, Timestamp::from_unix(NOW).unwrap())).unwrap();
    assert_eq!(history.state.expected_hashes("example-1.0.tar.gz"), [digest(0x11)]);
}

#[test]
fn a_key_id_that_does_not_belong_is_refused() {
    let text = ssh().to_string();
    let (name, rest) = text.split_once('+').unwrap();
    let (_, encoded) = rest.split_once('+').unwrap();
    let other = PublicKey::parse(&format!("{name}+00000000+{encoded}")).unwrap();
    assert!(other.check_supported().is_err());
    assert!(ssh().check_supported().is_ok());
}
