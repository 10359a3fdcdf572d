// What a project's publisher has said: the fold of the project's entries, with every signature verified.
// The rules are those of crates/record/src/publisher.

import { Refused, parseKey, sha256, hex, verifySignature } from "./verify.mjs";

const OPERATOR = "operator";
const MAX_ACTIVE = 32;
const SSH_TYPE = "\xffindelible-ssh-ed25519";
const NAMESPACE = "indelible-statement";

const bytesOf = (binary) => Uint8Array.from(binary, (character) => character.charCodeAt(0));
const base64 = (digits) => btoa(String.fromCharCode(...digits.match(/../g).map((pair) => parseInt(pair, 16))));

/** What an SSH signature of a text is over (PROTOCOL.sshsig). */
async function sshBytes(text) {
  const hash = await crypto.subtle.digest("SHA-512", new TextEncoder().encode(text));
  const strings = [bytesOf(NAMESPACE), bytesOf(""), bytesOf("sha512"), new Uint8Array(hash)];
  return bytesOf("SSHSIG" + strings.map((s) => `\0\0\0${String.fromCharCode(s.length, ...s)}`).join(""));
}

/** Whether a statement is signed with a publisher's key; a key that makes no such signatures signs nothing. */
async function verifies(vkey, signature, text) {
  try {
    const [name, id, ...rest] = vkey.split("+");
    const binary = atob(rest.join("+"));
    if (!binary.startsWith(SSH_TYPE)) {
      const key = await parseKey(vkey);
      return !key.isWitness && (await verifySignature(key, bytesOf(atob(signature)), text));
    }
    const is_own = hex((await sha256(name, [10], bytesOf(binary))).subarray(0, 4)) === id;
    const raw = bytesOf(binary.slice(SSH_TYPE.length));
    const key = await crypto.subtle.importKey("raw", raw, "Ed25519", false, ["verify"]);
    const signed = bytesOf(atob(signature));
    return is_own && (await crypto.subtle.verify("Ed25519", key, signed, await sshBytes(text)));
  } catch (error) {
    if (error instanceof Refused || error instanceof DOMException) return false;
    throw error;
  }
}

const statement = (lines) => `indelible-statement@v1\n${lines.join("\n")}\n`;

/** What one publisher has said of one project, in a log with this origin. */
export class Publisher {
  #keys = [];
  #last = "none";
  #files = new Map();

  constructor(origin, project) {
    this.origin = origin;
    this.project = project;
    /** Where it was declared that every file is expected, if that holds now. */
    this.complete = undefined;
  }

  /** The fold of verified entries in their order. */
  static async of(origin, project, entries) {
    const publisher = new Publisher(origin, project);
    for (const verified of entries) await publisher.apply(verified);
    return publisher;
  }

  /** Takes in the next entry; what an honest log would not have logged changes nothing. */
  async apply({ index, leaf, entry }) {
    if (entry.project !== this.project) return;
    if (entry.kind === "key" && (await this.#counts(entry))) this.#change(index, leaf, entry);
    if (entry.kind === "file") this.#file(entry.filename).listings.push({ index, ...entry });
    if (entry.kind === "expected" && this.#isActive(entry.key)) {
      const { project, version, filename, sha256, key, signature } = entry;
      const lines = [`project ${project}`, `version ${version}`, `filename ${filename}`, `sha256 ${sha256}`];
      const text = statement([`log ${this.origin}`, "expect", ...lines]);
      if (await verifies(key, signature, text)) this.#file(filename).expected.push({ index, key, sha256 });
    }
  }

  #file(name) {
    if (!this.#files.has(name)) this.#files.set(name, { listings: [], expected: [] });
    return this.#files.get(name);
  }

  #state = (vkey) => this.#keys.find((key) => key.vkey === vkey);
  #isActive = (vkey) => this.#state(vkey)?.ended === null;
  #active = () => this.#keys.filter(({ ended }) => ended === null);

  /** Whether a change of keys was allowed at its place, and signed. */
  async #counts(entry) {
    const { action, key, by, signature } = entry;
    const isOperator = by === OPERATOR;
    const declares = action === "complete" || action === "partial";
    if (["add", "enrol", "rotate"].includes(action)) {
      if (this.#state(key)) return false;
      if (action === "add" && this.#active().length >= MAX_ACTIVE) return false;
      const taken = this.#active().length > 0 || (!isOperator && this.#keys.length > 0);
      if (action === "enrol" && taken) return false;
    } else {
      if (!this.#isActive(key)) return false;
      if (declares && ((by !== key && !isOperator) || (this.complete !== undefined) === (action === "complete"))) return false;
    }
    if (isOperator) return action === "enrol" || action === "revoke";
    if (action === "enrol" ? by !== key : !this.#isActive(by)) return false;
    const lines = [`log ${this.origin}`, action, `project ${this.project}`, `key ${key}`, `after ${this.#last}`];
    return signature !== undefined && verifies(by, signature, statement(lines));
  }

  #change(index, leaf, { action, key, by }) {
    if (action === "complete") this.complete = index;
    if (action === "partial") this.complete = undefined;
    if (action === "revoke") this.#state(key).ended = action;
    if (action === "rotate") this.#state(by).ended = action;
    if (["add", "enrol", "rotate"].includes(action)) this.#keys.push({ vkey: key, ended: null });
    this.#last = base64(leaf);
  }

  /** The expectations of a file that are to be believed. */
  expected(filename) {
    const all = this.#files.get(filename)?.expected ?? [];
    const sound = all.filter(({ key }) => this.#state(key).ended !== "revoke");
    return sound.length > 0 ? sound : all;
  }

  /** Whether one key expects two different hashes of a file. */
  contradicts(filename) {
    const all = this.expected(filename);
    return all.some((one, at) => all.slice(0, at).some(({ key, sha256 }) => key === one.key && sha256 !== one.sha256));
  }

  /** Whether the index listed the file otherwise than it is expected. */
  differs(filename) {
    const hashes = this.expected(filename).map(({ sha256 }) => sha256);
    const listings = this.#files.get(filename)?.listings ?? [];
    return hashes.length > 0 && listings.some(({ sha256 }) => !hashes.includes(sha256));
  }

  /** The first listing of a file that nobody expects although every file was declared to be expected. */
  undeclared(filename) {
    const first = this.#files.get(filename)?.listings[0];
    const isBound = first && first.via === undefined && this.complete !== undefined && this.complete < first.index;
    return isBound && this.expected(filename).length === 0 ? first : undefined;
  }

  /** Whether the index was seen to list the file. */
  isListed = (filename) => (this.#files.get(filename)?.listings.length ?? 0) > 0;
}
