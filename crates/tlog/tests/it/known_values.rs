//! Values computed by others: test vectors of the specifications and their implementations.

use tlog::{CosigningKey, Hash, Note, SigningKey, VerifyingKey, cosign, leaf_hash, node_hash};

use crate::fixture::TestLog;

fn hash(hex: &str) -> Hash {
    let digits = hex.as_bytes().chunks(2).map(|pair| str::from_utf8(pair).unwrap());
    let bytes: Vec<u8> = digits.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect();
    Hash::try_from(bytes.as_slice()).unwrap()
}

#[test]
fn hashes_of_rfc_6962() {
    let empty = hash("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_eq!(Hash::EMPTY_ROOT, empty);
    let leaf = hash("6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
    assert_eq!(leaf_hash(b""), leaf);
    let node = hash("fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125");
    assert_eq!(node_hash(&leaf_hash(b""), &leaf_hash(b"\0")), node);
}

#[test]
fn roots_of_numbered_trees() {
    let cases = [
        (256, "FeLdSXOuRN6MjPMEj9mNF62q6mKH9OBgalWmQ2F0CMA="),
        (257, "1BjAhzJZvOfQVhqwBEhhEkFsHESQhlQVNCv+BuZzFGw="),
        (70_000, "B1kWeg+Y416ALUb/fH0p0sPwOmOiVt62q7/zV6kbY7E="),
    ];
    for (size, root) in cases {
        assert_eq!(TestLog::new(size).head().root.to_string(), root, "size {size}");
    }
}

#[test]
fn the_example_note_verifies() {
    let key = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    let note = "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq\
                6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
    let key = VerifyingKey::parse(key).unwrap();
    let note = Note::parse(note.as_bytes()).unwrap();
    assert_eq!(note.verify(std::slice::from_ref(&key)), Ok(vec![&key]));
}

#[test]
fn signing_is_deterministic() {
    let key = SigningKey::parse(
        "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz",
    )
    .unwrap();
    let text = "If you think cryptography is the answer to your problem,\n\
                then you don't know what your problem is.\n";
    let line = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgK\
                vqfqdngotpRZb6KE6RyyBwJnAM=";
    assert_eq!(key.sign(text).to_string(), line);
}

#[test]
fn a_cosignature_by_the_same_seed() {
    let seed = [
        0x81, 0x0a, 0x14, 0x02, 0xd5, 0x14, 0x6c, 0x8d, 0x84, 0xf2, 0x44, 0x33, 0x30, 0xf5, 0x40,
        0x80, 0xeb, 0xf9, 0x8e, 0xe1, 0x7d, 0x9c, 0x74, 0xf6, 0x25, 0x2f, 0xc5, 0xd5, 0xc7, 0x28,
        0x31, 0x73,
    ];
    let key = CosigningKey::from_seed("witness.example.com/w1", &seed).unwrap();
    let vkey = "witness.example.com/w1+d46a2b1b+BBpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    assert_eq!(key.verifying_key().to_string(), vkey);
    let text = "example.com/behind-the-sofa\n20852163\n\
                CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
    let line = "— witness.example.com/w1 1GorGwAAAABkGFDLJeR//pqzhnEKVvEm2wWbh2RJ6oru5+cUUfm5X9Nnl\
                aGr8aSH9QE5RVZD4QGlxl2F5UpVIIi94p178KLfqPPsAA==";
    assert_eq!(cosign(text, &key, 1_679_315_147).to_string(), line);
}
