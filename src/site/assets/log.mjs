// Asks the log that served this page, and remembers its newest head: a head that was verified once must be
// continued by every later one.

import { Refused, parseKey, verifyCheckpoint, verifyConsistency, verifyEvidence } from "./verify.mjs";

const PINNED = "indelible:key";

/** Keys of a policy or a list of keys: of its lines the words that are keys. */
async function parseKeys(text) {
  const keys = [];
  for (const line of text.split("\n").filter((line) => !/^\s*(#|group|quorum|$)/.test(line))) {
    const word = line.trim().split(/\s+/).find((word) => word.split("+").length > 2);
    if (!word) throw new Refused(`no key in the line "${line.trim()}"`, false);
    keys.push(await parseKey(word));
  }
  const logs = keys.filter((key) => !key.isWitness);
  if (logs.length !== 1) throw new Refused("name one key of a log, and any number of witnesses", false);
  return { log: logs[0], witnesses: keys.filter((key) => key.isWitness) };
}

/** Remembers keys that the reader has from elsewhere. */
export async function pin(text) {
  await parseKeys(text);
  localStorage.setItem(PINNED, text);
}

/** Goes back to the key that the server names. */
export const unpin = () => localStorage.removeItem(PINNED);

/** What the reader pinned, if anything. */
export const pinned = () => localStorage.getItem(PINNED);

/** The log, as it is trusted on this page. */
export async function openLog({ key, witnesses }) {
  const text = pinned() ?? `${key}\n${witnesses}`;
  return new Log(await parseKeys(text), pinned() !== null);
}

/** A newer head that does not continue the remembered one: both are evidence. */
function forked(error, older, newer) {
  const title = error.fork
    ? "the log signed two heads that contradict each other: it forked"
    : "the log does not show that its head continues the one that was seen before";
  return Object.assign(new Refused(title, true), { heads: [older, newer] });
}

async function get(path) {
  let response;
  try {
    response = await fetch(path, { cache: "no-cache", credentials: "same-origin", redirect: "error" });
  } catch {
    throw new Refused("the log can not be reached", false);
  }
  if (!response.ok) {
    const why = (await response.text()).trim().slice(0, 300);
    throw new Refused(`the log did not answer: ${why || response.status}`, false);
  }
  return response;
}

class Log {
  #turn = Promise.resolve();

  constructor(trust, isPinned) {
    this.trust = trust;
    this.isPinned = isPinned;
    this.place = `indelible:head:${trust.log.vkey}`;
    /** What was remembered when the page was opened: an answer need not be newer than that. */
    this.floor = undefined;
  }

  /** The remembered head; none if it is not there, or no head of this key. */
  async remembered() {
    const note = localStorage.getItem(this.place);
    if (note === null) return undefined;
    try {
      return await verifyCheckpoint(note, { log: this.trust.log });
    } catch {
      return undefined;
    }
  }

  /** Accepts a verified head, one after the other, if it continues what was seen before. */
  accept(head) {
    const accepted = this.#turn.then(() => this.#advance(head));
    this.#turn = accepted.catch(() => {});
    return accepted;
  }

  async #advance(head) {
    const known = await this.remembered();
    this.floor ??= known?.size ?? 0;
    if (known === undefined) {
      localStorage.setItem(this.place, head.note);
      return "first";
    }
    const [older, newer] = head.size < known.size ? [head, known] : [known, head];
    await this.continues(older, newer);
    if (head.size < this.floor) {
      const title = `the log was rolled back: it showed this browser ${known.size} entries before, and now ${head.size}`;
      throw Object.assign(new Refused(title, false), { heads: [known, head] });
    }
    if (head.size >= known.size) localStorage.setItem(this.place, head.note);
    return "continued";
  }

  /** That one head continues another. */
  async continues(older, newer) {
    let lines = [];
    if (older.size > 0 && older.size < newer.size) {
      try {
        const text = await (await get(`/consistency/${older.size}/${newer.size}`)).text();
        lines = text.split("\n").slice(0, -1);
      } catch (error) {
        // Of a log that was rolled back the proof can not be had.
        if (newer.size <= this.floor) return;
        throw error;
      }
    }
    try {
      await verifyConsistency(older, newer, lines);
    } catch (error) {
      throw error.disproven ? forked(error, older, newer) : error;
    }
  }

  /** The log's head, verified. */
  async head() {
    const head = await verifyCheckpoint(await (await get("/checkpoint")).text(), this.trust);
    await this.accept(head);
    return head;
  }

  /** All entries about a project, a file or a hash, verified. */
  async lookup(kind, value) {
    const response = await get(`/evidence/${kind}/${encodeURIComponent(value)}.evidence`);
    const answer = await verifyEvidence(new Uint8Array(await response.arrayBuffer()), this.trust);
    if (answer.kind !== kind || answer.value !== value) {
      throw new Refused("the log answered about something else than was asked for", true);
    }
    await this.accept(answer.checkpoint);
    return answer;
  }
}
