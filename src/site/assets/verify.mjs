// Verifies what an Indelible log says, with nothing but its public key.
//
// The format of evidence, and what it proves, is described in crates/record/src/evidence/mod.rs; tiles,
// notes and cosignatures are those of C2SP. This file needs WebCrypto (SHA-256 and Ed25519) and nothing
// else: it runs unchanged in browsers, where pages on `https` and on this machine have it, and in Node.
//
//     const trust = { log: await parseKey(vkey), witnesses: [] };
//     const answer = await verifyEvidence(bytes, trust);        // throws Refused
//
// Of entries the canonical form and the keys are checked; the rules of single fields are the log's affair.
// Positions and sizes from 2^53 on are refused as undecided: JavaScript can not count that far.

import { Refused, decode, demand, equal, fromHex, hex, number, refute, sha256, text, utf8 } from "./bytes.mjs";

export { Refused, hex, sha256 } from "./bytes.mjs";

const MAX_ENTRIES = 20_000;
const MAX_ENTRY_LEN = 65_535;
const MAX_HASHES = 63;
const MAX_NOTE_LEN = 1_000_000;
const MAX_SIGNATURES = 100;
const KINDS = ["content", "epoch", "expected", "file", "key", "removed", "status"];
const LOG_KEY = 1;
const WITNESS_KEY = 4;
// SHA-256 of nothing, the root of the empty tree.
const EMPTY_ROOT = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
// The property White_Space of Unicode, which differs from `\s`.
const WHITE_SPACE = /[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;

/** RFC 6962: the hash of an entry. */
export const leafHash = (bytes) => sha256([0], bytes);

/** Inner nodes of one tree, each hashed once: proofs of one answer share most of theirs. */
class Nodes {
  #known = new Map();

  async of(left, right) {
    const pair = String.fromCharCode(...left, ...right);
    let node = this.#known.get(pair);
    if (!node) {
      node = await sha256([1], left, right);
      this.#known.set(pair, node);
    }
    return node;
  }
}

const half = (n) => Math.floor(n / 2);
const odd = (n) => n % 2 === 1;

/** RFC 9162 section 2.1.3.2. */
async function verifyInclusion(nodes, { size, root }, index, leaf, proof) {
  refute(index < size, "a position beyond the tree");
  let [fn, sn, node] = [index, size - 1, leaf];
  for (const sibling of proof) {
    refute(sn !== 0, `the proof of entry ${index} has too many hashes`);
    if (odd(fn) || fn === sn) {
      node = await nodes.of(sibling, node);
      while (!odd(fn) && fn !== 0) [fn, sn] = [half(fn), half(sn)];
    } else {
      node = await nodes.of(node, sibling);
    }
    [fn, sn] = [half(fn), half(sn)];
  }
  refute(sn === 0 && equal(node, root), `the proof of entry ${index} does not lead to the signed root`);
}

/**
 * RFC 9162 section 2.1.4.2: that the tree of `newer` begins with that of `older`.
 *
 * A proof that leads to the newer root and from another older one shows a fork: `Refused.fork` is true.
 */
export async function verifyConsistency(older, newer, lines) {
  const hashes = lines.map((line) => decode(line, 32));
  demand(older.size <= newer.size, "the heads are the wrong way round");
  const nodes = new Nodes();
  const disagree = (isFork) => {
    const refusal = new Refused("the newer tree does not begin with the older one", true);
    throw Object.assign(refusal, { fork: isFork });
  };
  if (older.size === newer.size || older.size === 0) {
    demand(hashes.length === 0, "a consistency proof that is too long");
    return older.size === 0 || equal(older.root, newer.root) || disagree(true);
  }
  let [fn, sn] = [older.size - 1, newer.size - 1];
  while (odd(fn)) [fn, sn] = [half(fn), half(sn)];
  const given = fn === 0 ? [older.root, ...hashes] : hashes;
  demand(given.length > 0, "a consistency proof that is empty");
  let [fr, sr] = [given[0], given[0]];
  for (const hash of given.slice(1)) {
    demand(sn !== 0, "a consistency proof that is too long");
    if (odd(fn) || fn === sn) {
      [fr, sr] = [await nodes.of(hash, fr), await nodes.of(hash, sr)];
      while (!odd(fn) && fn !== 0) [fn, sn] = [half(fn), half(sn)];
    } else {
      sr = await nodes.of(sr, hash);
    }
    [fn, sn] = [half(fn), half(sn)];
  }
  demand(sn === 0, "a consistency proof that is too short");
  return (equal(sr, newer.root) && equal(fr, older.root)) || disagree(equal(sr, newer.root));
}

/** Root of a tree of which the roots of the first `size` entries and the leaves of the rest are given. */
async function rootOf(edge, size, leaves) {
  const nodes = new Nodes();
  let ones = 0;
  for (let rest = size; rest > 0; rest = half(rest)) ones += rest % 2;
  demand(edge.length === ones, "the number of roots does not fit the epoch's position");
  const roots = [...edge];
  for (let node of leaves) {
    for (let rest = size; odd(rest); rest = half(rest)) node = await nodes.of(roots.pop(), node);
    roots.push(node);
    size += 1;
  }
  let node = roots.pop();
  while (roots.length > 0) node = await nodes.of(roots.pop(), node);
  return node;
}

const bit = (key, index) => (key[index >> 3] >> (7 - (index & 7))) & 1;

function uvarint(data) {
  demand(data.length > 0, "the map proof is cut off");
  if (data[0] < 0x80) return [data[0], data.subarray(1)];
  demand(data.length > 1 && data[1] >= 1 && data[1] < 0x80, "not the shortest form of a number");
  return [(data[0] & 0x7f) | (data[1] << 7), data.subarray(2)];
}

/** The leaf of another key that stands where an absent one would. */
function otherLeaf(proof) {
  const words = [];
  while (words.length < 2) {
    const [length, rest] = uvarint(proof);
    demand(length === 32 && rest.length >= 32, "not a key or value of the map");
    words.push(rest.subarray(0, 32));
    proof = rest.subarray(32);
  }
  return [words, proof];
}

function steps(proof) {
  const found = [];
  for (let last = 256; proof.length > 0; ) {
    const [at, rest] = uvarint(proof);
    demand(at < last, "the steps of the map proof do not descend");
    demand(rest.length >= 32, "the map proof is cut off");
    found.push({ at, number: proof.subarray(0, proof.length - rest.length), sibling: rest.subarray(0, 32) });
    [last, proof] = [at, rest.subarray(32)];
  }
  return found;
}

/** That the map with this root has for `key` exactly these positions, or does not have it if there are none. */
async function verifyMap(root, key, positions, proof) {
  if (positions.length === 0 && proof.length === 0) {
    return refute(equal(root, await sha256()), "the map is not empty");
  }
  let leaf;
  if (positions.length === 0) {
    [leaf, proof] = otherLeaf(proof);
  } else {
    const value = new DataView(new ArrayBuffer(8 * positions.length));
    positions.forEach((position, at) => value.setBigUint64(8 * at, BigInt(position)));
    leaf = [key, await sha256(new Uint8Array(value.buffer))];
  }
  const path = steps(proof);
  refute(positions.length > 0 || !equal(leaf[0], key), "the leaf shown is the one said to be absent");
  let node = await sha256([0, 32], leaf[0], [32], leaf[1]);
  for (const { at, number, sibling } of path) {
    refute(bit(leaf[0], at) === bit(key, at), "the leaf shown is not on the key's way");
    const pair = bit(key, at) ? [sibling, node] : [node, sibling];
    node = await sha256([1], number, ...pair);
  }
  refute(equal(node, root), "the map of the newest epoch says otherwise: these are not all entries");
}

/** The fields of an entry in canonical JSON; `{}` for a kind that is not known. */
export function parseEntry(bytes) {
  demand(bytes.length <= MAX_ENTRY_LEN, "an entry is too long");
  let written, entry;
  try {
    written = text(bytes);
    entry = JSON.parse(written);
  } catch {
    throw new Refused("an entry of the log is not JSON", true);
  }
  const is_object = typeof entry === "object" && entry !== null && !Array.isArray(entry);
  refute(is_object && "v" in entry && typeof entry.kind === "string", "an entry of the log is none");
  if (entry.v !== 1 || !KINDS.includes(entry.kind)) return {};
  // Fields that stand twice are one in the text that is written again.
  refute(JSON.stringify(entry) === written, "an entry of the log is not canonical");
  return entry;
}

/** Whether the log lists the entry under a project, a filename or a hash. */
function hasKey(entry, [kind, value]) {
  if (entry.kind === undefined || entry.kind === "epoch") return false;
  if (kind === "project") return entry.project === value;
  return kind === "file" ? entry.filename === value : entry.sha256 === value || entry.got === value;
}

/** A public key as C2SP signed-note writes it, of a log or of a witness. */
export async function parseKey(vkey) {
  const [name, id, ...rest] = vkey.trim().split("+");
  demand(rest.length > 0 && name !== "" && !WHITE_SPACE.test(name), "not a verification key");
  const data = decode(rest.join("+"), 33);
  demand(data[0] === LOG_KEY || data[0] === WITNESS_KEY, "not an Ed25519 key");
  demand(hex((await sha256(name, [10], data)).subarray(0, 4)) === id, "the key's ID is not its own");
  let key;
  try {
    key = await crypto.subtle.importKey("raw", data.subarray(1), "Ed25519", false, ["verify"]);
  } catch {
    throw new Refused("Ed25519 can not be checked here", false);
  }
  return { vkey: vkey.trim(), name, id, isWitness: data[0] === WITNESS_KEY, key };
}

/** Whether `signature` is that of a key over a text. */
export const verifySignature = ({ key }, signature, message) =>
  crypto.subtle.verify("Ed25519", key, signature, utf8.encode(message));

function splitNote(note) {
  demand(utf8.encode(note).length <= MAX_NOTE_LEN, "the checkpoint is too long");
  demand(!/[\x00-\x09\x0b-\x1f]/.test(note), "a control character in the checkpoint");
  const blank = note.lastIndexOf("\n\n");
  demand(blank >= 0 && note.endsWith("\n") && blank + 2 < note.length, "not a signed note");
  const lines = note.slice(blank + 2, -1).split("\n");
  demand(lines.length <= MAX_SIGNATURES, "too many signatures");
  const signatures = lines.map((line) => {
    const [dash, name, encoded, ...more] = line.split(" ");
    demand(dash === "\u2014" && name && encoded && more.length === 0, "not a signature line");
    demand(!name.includes("+") && !WHITE_SPACE.test(name), "not a key's name");
    const data = decode(encoded);
    demand(data.length > 4, "not a signature");
    return { name, id: hex(data.subarray(0, 4)), bytes: data.subarray(4) };
  });
  return [note.slice(0, blank + 1), signatures];
}

function parseCheckpoint(body) {
  const [origin, size, root, ...extensions] = body.slice(0, -1).split("\n");
  demand(root !== undefined && !extensions.includes(""), "not a checkpoint");
  demand(size !== "0" || root === EMPTY_ROOT, "an empty tree with the root of another");
  const length = utf8.encode(origin).length;
  demand(length > 0 && length <= 255, "not the name of a log");
  return { origin, size: number(size), root: decode(root, 32) };
}

async function verifyCosignature(witness, { bytes }, body) {
  const time = bytes.length === 72 ? new DataView(bytes.slice(0, 8).buffer).getBigUint64(0) : 0n;
  const message = `cosignature/v1\ntime ${time}\n${body}`;
  const good = bytes.length === 72 && (await verifySignature(witness, bytes.subarray(8), message));
  refute(good, `the cosignature of ${witness.name} is forged or damaged`);
  return { name: witness.name, time: Number(time) };
}

/** A checkpoint that the log's key signed; a bad line of any known key refuses the whole. */
export async function verifyCheckpoint(note, { log, witnesses = [] }) {
  const [body, signatures] = splitNote(note);
  const checkpoint = parseCheckpoint(body);
  demand(checkpoint.origin === log.name, `a checkpoint of another log, ${checkpoint.origin}`);
  // A repeated line of one key is ignored after its first.
  const of = (key) => signatures.find(({ name, id }) => name === key.name && id === key.id);
  const signature = of(log);
  demand(signature, "the log's signature is missing: another key signed, if any");
  const good = await verifySignature(log, signature.bytes, body);
  refute(good, "the log's signature is not that of the key in use: the head is forged or damaged");
  const cosigned = [];
  for (const witness of witnesses) {
    const line = of(witness);
    if (line) cosigned.push(await verifyCosignature(witness, line, body));
  }
  return { ...checkpoint, note, cosigned };
}

/** Takes lines of a file in order. */
class Lines {
  constructor(lines) {
    this.left = lines.split("\n").reverse();
  }

  /** What follows `keyword` in the next line, if it begins so. */
  after(keyword) {
    return this.left.at(-1)?.startsWith(keyword) ? this.left.pop().slice(keyword.length) : undefined;
  }

  many(keyword, limit, read) {
    const found = [];
    for (let line; (line = this.after(keyword)) !== undefined; found.push(read(line))) {
      demand(found.length < limit, "too many lines of a sort");
    }
    return found;
  }

  proven(keyword, limit) {
    return this.many(`${keyword} `, limit, (line) => {
      const [index, encoded, ...more] = line.split(" ");
      demand(encoded !== undefined && more.length === 0, "not an entry");
      const proof = [];
      while (/^[A-Za-z0-9+/]{43}=$/.test(this.left.at(-1) ?? "")) {
        demand(proof.length < MAX_HASHES, "a proof that is too long");
        proof.push(decode(this.left.pop(), 32));
      }
      return { index: number(index), bytes: decode(encoded), proof };
    });
  }
}

function parseLookupKey(line) {
  const blank = line?.indexOf(" ") ?? -1;
  demand(blank > 0, "there is no key");
  const [kind, value] = [line.slice(0, blank), line.slice(blank + 1)];
  const length = utf8.encode(value).length;
  const good = {
    file: () => length > 0 && length <= 1024 && !/[\x00-\x1f\x7f]/.test(value),
    project: () => /^[a-z0-9]+(-[a-z0-9]+)*$/.test(value) && length <= 512,
    sha256: () => /^[0-9a-f]{64}$/.test(value),
  };
  demand(Object.hasOwn(good, kind) && good[kind](), "not a filename, a normalised project or a hash");
  return [kind, value];
}

/** Reads a file of evidence; nothing of it is verified. */
function parseEvidence(bytes) {
  const whole = text(bytes);
  const blank = whole.indexOf("\n\n");
  demand(blank >= 0, "there is no checkpoint");
  const lines = new Lines(whole.slice(0, blank));
  demand(lines.left.pop() === "indelible-evidence@v1", "not evidence");
  const key = parseLookupKey(lines.after("key "));
  const entries = lines.proven("entry", MAX_ENTRIES);
  const [epoch] = lines.proven("epoch", 1);
  const map = lines.after("map");
  demand(epoch && (map === "" || (map?.startsWith(" ") && map !== " ")), "lines are missing or misplaced");
  const edge = lines.many("edge ", MAX_HASHES, (line) => decode(line, 32));
  const tail = lines.many("tail ", MAX_ENTRIES, (line) => decode(line));
  demand(lines.left.length === 0, "lines are missing or misplaced");
  const note = whole.slice(blank + 2);
  parseCheckpoint(splitNote(note)[0]);
  return { key, entries, epoch, map: decode(map.slice(1)), edge, tail, note };
}

/** The parsed entry at a position of the tree, with its leaf hash. */
async function verifyEntry(nodes, head, { index, bytes, proof }) {
  demand(bytes.length <= MAX_ENTRY_LEN, "an entry is too long");
  const leaf = await leafHash(bytes);
  await verifyInclusion(nodes, head, index, leaf, proof);
  return { index, bytes, leaf: hex(leaf), entry: parseEntry(bytes) };
}

/**
 * What evidence proves: all entries of a key in the tree of a checkpoint.
 *
 * Throws `Refused` if it does not prove that; see there for the two ways in which it may not.
 */
export async function verifyEvidence(bytes, trust) {
  const { key, entries, epoch, map, edge, tail, note } = parseEvidence(bytes);
  const checkpoint = await verifyCheckpoint(note, trust);
  const nodes = new Nodes();
  const newest = await verifyEntry(nodes, checkpoint, epoch);
  refute(newest.entry.kind === "epoch", "the epoch is none");

  demand(epoch.index + 1 + tail.length === checkpoint.size, "not all entries after the epoch, or more");
  const leaves = await Promise.all(tail.map(leafHash));
  const root = await rootOf(edge, epoch.index + 1, leaves);
  refute(equal(root, checkpoint.root), "the newest entries do not lead to the signed root");
  const after = tail.map((entry) => parseEntry(entry));
  demand(after.every(({ kind }) => kind !== "epoch"), "the epoch is not the newest");

  const verified = [];
  for (const entry of entries) verified.push(await verifyEntry(nodes, checkpoint, entry));
  const positions = verified.map(({ index }) => index);
  refute(positions.every((at, i) => i === 0 || positions[i - 1] < at), "entries are out of order");
  refute(verified.every(({ entry }) => hasKey(entry, key)), "an entry that was not asked for");
  const covered = positions.filter((at) => at < epoch.index);
  await verifyMap(fromHex(newest.entry.map), await sha256(key.join(":")), covered, map);
  const found = after.flatMap((entry, at) => (hasKey(entry, key) ? [epoch.index + 1 + at] : []));
  refute(equal(found, positions.slice(covered.length)), "entries were left out that the log has");
  return { kind: key[0], value: key[1], entries: verified, epoch: newest, checkpoint };
}
