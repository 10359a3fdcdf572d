#!/usr/bin/env python3
"""Verifies evidence of Indelible logs, independently of the programs that write it.

    verify_evidence.py --key VKEY FILE...      a line for each file: accepted or refused, and why
    verify_evidence.py --key VKEY --batch      the same for files on standard input, each after its
                                               length as 8 big-endian bytes

Needs Python 3.12 and `cryptography`. The format and what it proves are described in
crates/record/src/evidence/mod.rs. Of entries only canonical form and keys are checked: the rules of
fields are the log's affair. Exit code 0 if all files were accepted.
"""

import argparse
import base64
import hashlib
import json
import re
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

MAX_ENTRIES = 20_000
MAX_ENTRY_LEN = 65_535
MAX_HASHES = 63
MAX_NOTE_LEN = 1_000_000
MAX_SIGNATURES = 100
KINDS = {"file", "removed", "status", "content", "expected", "key", "epoch"}
WHITE_SPACE = re.compile("[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]")


class Refused(Exception):
    """The file does not prove anything."""


def demand(holds, why):
    if not holds:
        raise Refused(why)


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def decode(text, length=None):
    """Canonical base64."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except ValueError:
        raise Refused("not base64") from None
    demand(base64.b64encode(data).decode() == text, "base64 is not canonical")
    demand(length is None or len(data) == length, "not the length of a hash")
    return data


def number(text):
    demand(re.fullmatch("0|[1-9][0-9]{0,18}", text, re.ASCII) and int(text) < 1 << 63, "not a number")
    return int(text)


def verify_inclusion(root, size, index, leaf, proof):
    """RFC 9162 section 2.1.3.2."""
    demand(index < size, "a position beyond the tree")
    fn, sn, node = index, size - 1, leaf
    for sibling in proof:
        demand(sn != 0, "too many hashes")
        if fn & 1 or fn == sn:
            node = sha256(b"\x01", sibling, node)
            while not fn & 1 and fn != 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            node = sha256(b"\x01", node, sibling)
        fn, sn = fn >> 1, sn >> 1
    demand(sn == 0 and node == root, "an inclusion proof does not lead to the root")


def root_of(edge, start, tail):
    """Root of a tree of which the roots of the first `start` entries and all others are given."""
    demand(len(edge) == start.bit_count(), "the edge does not fit the epoch")
    roots, size = list(edge), start
    for entry in tail:
        node, rest = sha256(b"\x00", entry), size
        while rest & 1:
            node, rest = sha256(b"\x01", roots.pop(), node), rest >> 1
        roots.append(node)
        size += 1
    node = roots.pop()
    while roots:
        node = sha256(b"\x01", roots.pop(), node)
    return node


def bit(key, index):
    return key[index // 8] >> 7 - index % 8 & 1


def uvarint(data):
    demand(data, "the map proof is cut off")
    if data[0] < 0x80:
        return data[0], data[1:]
    demand(len(data) > 1 and 1 <= data[1] < 0x80, "not the shortest form of a number")
    return data[0] & 0x7F | data[1] << 7, data[2:]


def verify_map(root, key, positions, proof):
    leaf = [key, sha256(*(position.to_bytes(8) for position in positions))]
    if not positions and not proof:
        return demand(root == sha256(), "the map is not empty")
    if not positions:
        for word in range(2):
            length, proof = uvarint(proof)
            demand(length == 32 and len(proof) >= 32, "not a key or value of the map")
            leaf[word], proof = proof[:32], proof[32:]
        demand(leaf[0] != key, "the leaf shown is the one said to be absent")
    node = sha256(b"\x00\x20", leaf[0], b"\x20", leaf[1])
    last = 256
    while proof:
        at, rest = uvarint(proof)
        demand(at < last, "the steps of the map proof do not descend")
        demand(len(rest) >= 32, "the map proof is cut off")
        demand(bit(leaf[0], at) == bit(key, at), "the leaf shown is not on the key's way")
        pair = (rest[:32], node) if bit(key, at) else (node, rest[:32])
        node = sha256(b"\x01", proof[: len(proof) - len(rest)], *pair)
        last, proof = at, rest[32:]
    demand(node == root, "the map proof does not lead to the epoch's root")


def parse_entry(data):
    """The fields of an entry in canonical JSON; `{}` for a kind that is not known."""

    def fields(pairs):
        demand(len(dict(pairs)) == len(pairs), "a field stands twice")
        return dict(pairs)

    demand(len(data) <= MAX_ENTRY_LEN, "an entry is too long")
    try:
        entry = json.loads(data.decode(), object_pairs_hook=fields)
    except (ValueError, RecursionError):
        raise Refused("an entry is not JSON") from None
    demand(isinstance(entry, dict), "an entry is no object")
    if entry.get("v") != 1 or entry.get("kind") not in KINDS:
        return {}
    written = json.dumps(entry, ensure_ascii=False, separators=(",", ":"))
    demand(written.encode() == data, "an entry is not canonical")
    return entry


def map_keys(entry):
    if entry.get("kind") == "epoch":
        return set()
    names = [("project", "project"), ("filename", "file"), ("sha256", "sha256"), ("got", "sha256")]
    return {sha256(f"{prefix}:{entry[name]}".encode()) for name, prefix in names if name in entry}


def parse_key(vkey):
    name, key_id, encoded = vkey.split("+", 2)
    data = decode(encoded, 33)
    demand(data[0] == 1, "not an Ed25519 key")
    demand(sha256(name.encode(), b"\n", data)[:4].hex() == key_id, "the key's ID is not its own")
    return name, bytes.fromhex(key_id), Ed25519PublicKey.from_public_bytes(data[1:])


def verify_checkpoint(note, key):
    """Size and root of a checkpoint that the key signed."""
    name, key_id, public = key
    demand(len(note.encode()) <= MAX_NOTE_LEN, "the checkpoint is too long")
    demand(not re.search("[\x00-\x09\x0b-\x1f]", note), "a control character")
    text, blank, lines = note.rpartition("\n\n")
    demand(blank and lines.endswith("\n"), "not a signed note")
    lines = lines[:-1].split("\n")
    demand(len(lines) <= MAX_SIGNATURES, "too many signatures")
    signatures = []
    for line in lines:
        match = re.fullmatch("\u2014 ([^ ]+) ([^ ]+)", line)
        demand(match and "+" not in match[1] and not WHITE_SPACE.search(match[1]), "not a signature")
        data = decode(match[2])
        demand(len(data) > 4, "not a signature")
        if (match[1], data[:4]) == (name, key_id):
            signatures.append(data[4:])
    text += "\n"
    demand(text.count("\n") >= 3, "not a checkpoint")
    origin, size, root, *extensions = text[:-1].split("\n")
    demand(0 < len(origin.encode()) <= 255 and all(extensions), "not a checkpoint")
    size, root = number(size), decode(root, 32)
    demand(origin == name, "the checkpoint is of another log")
    demand(signatures, "the log's signature is missing")
    try:
        # A repeated line of one key is ignored after its first.
        public.verify(signatures[0], text.encode())
    except InvalidSignature:
        raise Refused("the log's signature is false") from None
    return size, root


class Lines:
    def __init__(self, text):
        self.left = text.split("\n")[::-1]

    def take(self, pattern):
        """The next line if it has this form."""
        match = re.fullmatch(pattern, self.left[-1], re.ASCII) if self.left else None
        if match:
            self.left.pop()
        return match

    def many(self, pattern, limit):
        found = []
        while match := self.take(pattern):
            found.append(match[1])
            demand(len(found) <= limit, "too many lines of a sort")
        return found

    def proven(self, keyword, limit):
        found = []
        while match := self.take(f"{keyword} ([0-9]+) ([^ ]*)"):
            proof = [decode(line, 32) for line in self.many("([A-Za-z0-9+/]{43}=)", MAX_HASHES)]
            found.append((number(match[1]), decode(match[2]), proof))
            demand(len(found) <= limit, "too many entries")
        return found


def parse_lookup_key(kind, value):
    if kind == "file":
        good = 0 < len(value.encode()) <= 1024 and not re.search("[\x00-\x1f\x7f]", value)
    elif kind == "project":
        good = re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", value, re.ASCII) and len(value) <= 512
    else:
        good = re.fullmatch("[0-9a-f]{64}", value, re.ASCII)
    demand(good, "not a filename, a normalised project or a hash")
    return sha256(f"{kind}:{value}".encode())


def verify(data, key):
    """What the file proves: the positions of all entries of a key, below a size."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise Refused("not UTF-8") from None
    answer, blank, note = text.partition("\n\n")
    demand(blank, "there is no checkpoint")
    size, root = verify_checkpoint(note, key)

    lines = Lines(answer)
    demand(lines.take("indelible-evidence@v1"), "not evidence")
    asked = lines.take("key (file|project|sha256) (.*)")
    demand(asked, "there is no key")
    map_key = parse_lookup_key(*asked.groups())
    entries, epochs = lines.proven("entry", MAX_ENTRIES), lines.proven("epoch", 1)
    map_proof = lines.take("map(?: ([^ ]+))?")
    edge = [decode(line, 32) for line in lines.many("edge ([^ ]+)", MAX_HASHES)]
    tail = [decode(line) for line in lines.many("tail ([^ ]*)", MAX_ENTRIES)]
    demand(epochs and map_proof and not lines.left, "lines are missing or misplaced")

    for index, entry, proof in entries + epochs:
        verify_inclusion(root, size, index, sha256(b"\x00", entry), proof)
    positions = [index for index, _, _ in entries]
    demand(all(a < b for a, b in zip(positions, positions[1:])), "entries are out of order")
    demand(all(map_key in map_keys(parse_entry(e)) for _, e, _ in entries), "another key's entry")

    position, epoch = epochs[0][0], parse_entry(epochs[0][1])
    demand(epoch.get("kind") == "epoch", "the epoch is none")
    covered = [index for index in positions if index < position]
    verify_map(bytes.fromhex(epoch["map"]), map_key, covered, decode(map_proof[1] or ""))

    demand(position + 1 + len(tail) == size, "not all entries after the epoch")
    demand(root_of(edge, position + 1, tail) == root, "the tail does not lead to the root")
    after = [(position + 1 + n, parse_entry(entry)) for n, entry in enumerate(tail)]
    demand(all(entry.get("kind") != "epoch" for _, entry in after), "the epoch is not the newest")
    found = [index for index, entry in after if map_key in map_keys(entry)]
    demand(found == positions[len(covered):], "entries after the epoch were left out")
    return asked[0][4:], positions, size


def batch(stream):
    while length := stream.read(8):
        yield stream.read(int.from_bytes(length))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--key", required=True, metavar="VKEY", help="the log's public key")
    parser.add_argument("--batch", action="store_true", help="read files from standard input")
    parser.add_argument("files", nargs="*", metavar="FILE")
    args = parser.parse_args()
    key = parse_key(args.key)
    read = (open(name, "rb").read() for name in args.files)
    files = batch(sys.stdin.buffer) if args.batch else read
    good = True
    for data in files:
        try:
            asked, positions, size = verify(data, key)
            print(f"accepted {json.dumps([asked, positions, size])}")
        except Refused as refusal:
            good = False
            print(f"refused {refusal}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
