// Verifies the page that it is on, and says how that ended: verified, disproven, or undecided, which are
// never the same. Of files that were given to it `bad` says that a conflict is proven.

import { openLog, pin, pinned, unpin } from "./log.mjs";
import { Refused, hex } from "./verify.mjs";
import { alarmsOf, factsOf, hashesOf, rowsOf, squash } from "./history.mjs";
import { Publisher } from "./publishers.mjs";

const NEIGHBOURS = 20;
const ROWS = 100;

const find = (selector) => document.querySelector(selector);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const demand = (holds, why) => {
  if (!holds) throw new Refused(why, true);
};

function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

/** Shows how the verification stands. */
export function show(state, title, says, details = []) {
  const panel = find("#verification");
  if (!panel) return;
  panel.dataset.state = state;
  document.body.dataset.verdict = state;
  find("#verdict").textContent = title;
  find("#verdict-says").textContent = says;
  const list = find("#verdict-details");
  list.replaceChildren(...details.map((detail) => (typeof detail === "string" ? element("li", detail) : detail)));
  list.hidden = details.length === 0;
  // Nothing stands before a warning.
  if (state === "disproven") find("#main").prepend(panel);
}

/** Two signed heads, to be kept: they are evidence. */
function headsToKeep(heads) {
  return heads.map(({ size, note }) => {
    const item = element("li", `A signed head of ${size} entries; keep it: `);
    item.append(element("pre", note));
    return item;
  });
}

/** Shows why there is no verification. */
export function showRefusal(error) {
  const known = error instanceof Refused;
  const heads = headsToKeep(error.heads ?? []);
  if (known && error.disproven) {
    show("disproven", "False: do not believe this page", `A check was made, and failed: ${error.message}.`, heads);
  } else {
    const why = known ? error.message : `this browser can not check it (${error})`;
    show("undecided", "Could not be verified", `Nothing is shown for or against this page: ${why}.`, heads);
  }
}

/** By whom a head is signed and how fresh it is, in words. */
export function describeHead(log, checkpoint, epoch) {
  const whose = log.isPinned ? "the key that you pinned" : "the key that this server names";
  const details = [`Signed by ${whose}: a head of ${checkpoint.size} entries.`];
  for (const witness of log.trust.witnesses) {
    const line = checkpoint.cosigned.find(({ name }) => name === witness.name);
    const at = line && new Date(line.time * 1000).toISOString().replace(".000", "");
    details.push(line ? `Cosigned by ${witness.name} at ${at}, by its clock.` : `Not cosigned by ${witness.name}.`);
  }
  if (log.trust.witnesses.length === 0) details.push("No witness is known here: nobody else vouches for this head.");
  if (epoch) {
    const swept = epoch.swept ? `last read the index completely from ${epoch.swept} on` : "never read the index completely";
    details.push(`By its own signed word the log ${swept}; its newest summary is of ${epoch.time}.`);
  }
  return details;
}

/** The page says of each entry what the entry says, and shows each that belongs on it. */
function compareRows(history, entries) {
  const { kind, before } = history.dataset;
  const below = rowsOf(entries, kind === "project").filter(({ index }) => !before || index < Number(before));
  const expected = below.slice(-ROWS).reverse();
  const rows = all("#rows > li");
  rows.forEach((row, at) => {
    const same =
      expected[at] !== undefined &&
      row.dataset.position === String(expected[at].index) &&
      row.dataset.leaf === expected[at].leaf &&
      squash(row.textContent) === expected[at].text;
    row.dataset.proof = same ? "verified" : "false";
    demand(same, `the row of entry ${row.dataset.position} does not say what the log holds`);
  });
  demand(rows.length === expected.length, "rows are missing from this page");
}

function compareTexts(what, shown, expected) {
  const same = shown.length === expected.length && shown.every((text, at) => text === expected[at]);
  demand(same, `${what} on this page do not follow from the entries of the log`);
}

/** The publisher of a project, as it stood below a size; or in words why it could not be read. */
async function publisherOf(log, size, answer, project) {
  try {
    const asked = answer.kind === "project" ? answer : await log.lookup("project", project);
    const known = asked.entries.filter(({ index }) => index < size);
    return await Publisher.of(asked.checkpoint.origin, project, known);
  } catch (error) {
    // Of a project with too many entries for one answer only this remains open.
    if (!(error instanceof Refused) || error.disproven || error.heads) throw error;
    return `Not checked is what the publisher of ${project} says: ${error.message}.`;
  }
}

/** The alarms follow from the entries. Where a publisher's word is not known, an alarm by it is left open. */
function compareAlarms(shown, expected, isOpen) {
  const open = (text) => isOpen && text.endsWith("is not what its publisher says was released");
  const counted = shown.filter((text) => expected.includes(text) || !open(text));
  compareTexts("the alarms", counted, expected);
}

/** Of a hash's files also the entries with other hashes count. */
async function hashesAround(log, size, answer, entries) {
  const hashes = hashesOf(entries);
  if (answer.kind !== "sha256") return hashes;
  const names = [...hashes.keys()].sort().slice(0, NEIGHBOURS);
  const files = await Promise.all(names.map((name) => log.lookup("file", name)));
  return hashesOf(files.flatMap((file) => file.entries).filter(({ index }) => index < size));
}

async function verifyHistory(history, log) {
  const { kind, value } = history.dataset;
  const size = Number(history.dataset.size);
  const answer = await log.lookup(kind, value);
  if (answer.checkpoint.size < size) throw new Refused("the evidence is older than the page", false);
  const entries = answer.entries.filter(({ index }) => index < size);
  demand(history.dataset.total === String(entries.length), "the page states another number of entries");
  compareRows(history, entries);
  compareTexts("the facts", all(".facts > div").map((fact) => squash(fact.textContent)), factsOf(entries));
  const hashes = await hashesAround(log, size, answer, entries);
  const projects = [...new Set(entries.map(({ entry }) => entry.project))].sort().slice(0, NEIGHBOURS);
  const found = await Promise.all(projects.map((project) => publisherOf(log, size, answer, project)));
  const open = found.filter((publisher) => typeof publisher === "string");
  const publishers = found.filter((publisher) => typeof publisher !== "string");
  const alarms = all(".alarms li").map((alarm) => squash(alarm.textContent)).sort();
  compareAlarms(alarms, alarmsOf(hashes, publishers), open.length > 0);

  const details = [...open, ...describeHead(log, answer.checkpoint, answer.epoch.entry)];
  const newer = answer.entries.length - entries.length;
  if (newer > 0) details.unshift(`There are ${newer} newer entries: reload the page to see them.`);
  const what =
    entries.length === 0
      ? "It is proven that the log has no entry about this."
      : `All ${entries.length} entries are in the log, none was left out, and what is written here is what they say.`;
  const title = open.length > 0 ? "Verified in this browser, but for the publisher's word" : "Verified in this browser";
  show("verified", title, what, details);
}

async function verifyHome(home, log) {
  const shown = { size: Number(home.dataset.size), root: home.dataset.root };
  const head = await log.head();
  const root = Uint8Array.from(atob(shown.root), (character) => character.charCodeAt(0));
  demand(find("#size").textContent === String(shown.size), "the page states two sizes");
  await log.continues({ size: shown.size, root, note: `(shown on this page, not signed)\n${shown.size}\n${hex(root)}` }, head);
  const says = "The head is signed, and continues what this browser saw before. The lists and charts below are this server's word: what they lead to is verified when you open it.";
  show("verified", "The head is verified in this browser", says, describeHead(log, head));
}

function openKeys() {
  const form = find("#pin");
  const says = (text) => (find("#pin-says").textContent = text);
  const known = pinned();
  if (known !== null) {
    find("#vkey").value = known;
    find("#key-in-use").textContent = known;
    find("#key-from").textContent = "pinned by you in this browser";
  }
  form.hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    pin(find("#vkey").value).then(() => location.reload(), (error) => says(`Not used: ${error.message}.`));
  });
  form.addEventListener("reset", () => {
    unpin();
    location.reload();
  });
}

async function start() {
  openKeys();
  if (!find("#verification")) return;
  if (!globalThis.crypto?.subtle) throw new Refused("browsers verify only pages on https or on this machine", false);
  show("checking", "Being verified", "Evidence is fetched and checked in this browser.");
  const log = await openLog(document.body.dataset);
  const [home, history, check] = ["#home", "#history", "#check"].map(find);
  if (home) await verifyHome(home, log);
  if (history) await verifyHistory(history, log);
  if (check) await (await import("./check.mjs")).open(log);
}

start()
  .catch(showRefusal)
  // For those who measure.
  .finally(() => performance.mark("indelible:ended"));
