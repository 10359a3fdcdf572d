"""Verify a served log with aics-tlog: checkpoint, every tile and bundle, proofs; then change files.

usage: verify_log.py URL VKEY          exit code 0: all is well, 1: something is not
"""

import sys
import urllib.request

import aics_tlog


class ChangedReader:
    """Passes on what another reader reads, with one bit of one file flipped."""

    def __init__(self, reader, kind, level, index, place):
        self.reader, self.file, self.place = reader, (kind, level, index), place

    def change(self, file, data):
        if data is None or file != self.file:
            return data
        place = self.place % len(data)
        return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]

    def read_tile(self, level, index, width):
        return self.change(("tile", level, index), self.reader.read_tile(level, index, width))

    def read_entry_bundle(self, index, width):
        return self.change(("bundle", 0, index), self.reader.read_entry_bundle(index, width))


def check(condition, what):
    if not condition:
        sys.exit(f"not verified: {what}")


def refuses(reader, size, root):
    try:
        aics_tlog.audit_tiles(reader, size, root)
    except aics_tlog.TileVerificationError:
        return True
    return False


def verified_checkpoint(url, key):
    with urllib.request.urlopen(f"{url}/checkpoint", timeout=30) as answer:
        data = answer.read()
    origin = key.name
    note = aics_tlog.parse_note(data)
    result = aics_tlog.verify_checkpoint(note, key, expected_origin=origin)
    check(result.ok, f"checkpoint: {result}")
    for place in range(0, len(data), 7):
        changed = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        try:
            result = aics_tlog.verify_checkpoint(
                aics_tlog.parse_note(changed), key, expected_origin=origin
            )
        except ValueError:
            continue
        check(not result.ok, f"checkpoint with byte {place} changed was accepted")
    return aics_tlog.parse_checkpoint(note.text)


def main(url, vkey):
    checkpoint = verified_checkpoint(url, aics_tlog.parse_vkey(vkey))
    size, root = checkpoint.size, checkpoint.root
    print(f"checkpoint of {size} entries")

    served = aics_tlog.HttpTileReader(url, proxies={})
    report = aics_tlog.audit_tiles(served, size, root)
    print(f"{report.tiles} tiles and {report.bundles} bundles audited")

    reader = aics_tlog.VerifiedTileReader(served, size, root)
    indexes = range(0, size, 10)
    for index in indexes:
        entry = aics_tlog.read_entry(reader, index, size)
        proof = aics_tlog.inclusion_proof_from_tiles(reader, index, size)
        verified = aics_tlog.verify_leaf_inclusion(entry, index, size, proof, root)
        check(verified, f"inclusion of {index}")
        check(
            not aics_tlog.verify_leaf_inclusion(entry + b" ", index, size, proof, root),
            f"inclusion of another entry at {index}",
        )
    print(f"{len(indexes)} inclusion proofs")

    older_sizes = [0, 1, 2, 3, 255, 256, 257, 511, 512, 513, size - 1, size]
    for older in older_sizes:
        older_root = aics_tlog.tree_root_from_tiles(reader, older, size)
        proof = aics_tlog.consistency_proof_from_tiles(reader, older, size)
        verified = aics_tlog.verify_consistency(older, size, older_root, root, proof)
        check(verified, f"consistency from {older}")
    print(f"{len(older_sizes)} consistency proofs")

    files = [("tile", 0, 0), ("tile", 0, 1), ("tile", 1, 0), ("bundle", 0, 0), ("bundle", 0, 2)]
    changes = [(*file, place) for file in files for place in (5, 4099)][:9]
    for change in changes:
        check(refuses(ChangedReader(served, *change), size, root), f"{change} was accepted")
    print(f"{len(changes)} changed files refused")


if __name__ == "__main__":
    main(*sys.argv[1:])
