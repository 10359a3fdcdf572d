// From verified entries to a verdict about one file. Verdicts and rules are those of crates/client
// (decide.rs): what is known by name counts first, then the bytes, then that nothing is known.

import { Publisher } from "./publishers.mjs";
import { seenHashes } from "./history.mjs";

const CLASSES = { conflict: "bad", unexpected: "bad", "not-yet-observed": "undecided" };
const NOTES = ["known-release-unknown-hash", "unknown-release", "not-from-index", "uncovered-algorithm"];

/** How long a publisher who expects every file may take to expect one that is listed, in seconds. */
const GRACE = 3600;

/** `good`, `note`, `undecided` or `bad`. */
export const classOf = (verdict) => CLASSES[verdict] ?? (NOTES.includes(verdict) ? "note" : "good");

const VERSION =
  /^v?(?:(\d+)!)?(\d+(?:\.\d+)*)(?:[-_.]?(alpha|beta|preview|pre|rc|a|b|c)[-_.]?(\d+)?)?(?:[-_.]?(post|rev|r)[-_.]?(\d+)?|-(\d+))?(?:[-_.]?(dev)[-_.]?(\d+)?)?(?:\+([a-z0-9]+(?:[-_.][a-z0-9]+)*))?$/;
const PHASES = { alpha: "a", beta: "b", preview: "rc", pre: "rc", rc: "rc", a: "a", b: "b", c: "rc" };

/** The spelling that equal versions share (PEP 440); what is no such version is equal to itself alone. */
export function canonicalVersion(text) {
  const found = VERSION.exec(text.trim().toLowerCase());
  if (!found) return `=${text}`;
  const [, epoch = "0", release, phase, pre = "0", post, rev = "0", short, dev, day = "0", local = ""] = found;
  const numbers = release.split(".").map((number) => BigInt(number));
  while (numbers.length > 1 && numbers.at(-1) === 0n) numbers.pop();
  const parts = [BigInt(epoch), numbers.join(".")];
  parts.push(phase ? `${PHASES[phase]}${BigInt(pre)}` : "");
  parts.push(post || short !== undefined ? `post${BigInt(short ?? rev)}` : "");
  parts.push(dev ? `dev${BigInt(day)}` : "");
  parts.push(local.split(/[-_.]/).map((part) => (/^\d+$/.test(part) ? BigInt(part) : part)).join("."));
  return parts.join("|");
}

const sameVersion = (a, b) => a === b || canonicalVersion(a) === canonicalVersion(b);
const isSighting = ({ entry }) => entry.kind !== "expected";
const saw = (hash) => ({ entry }) => seenHashes(entry).includes(hash);

/** The pages that list a file: an import never overrules what the log saw itself. */
function pagesOf(entries) {
  const pages = new Map();
  for (const { entry } of entries) {
    const page = pages.get(entry.project);
    const yields = entry.via === undefined || !page || page.imported;
    if (!yields || (entry.kind !== "file" && !page)) continue;
    const imported = entry.via !== undefined;
    if (entry.kind === "file") {
      pages.delete(entry.project);
      pages.set(entry.project, { listed: true, yanked: entry.yanked !== undefined, imported });
    }
    if (entry.kind === "removed") Object.assign(page, { listed: false, imported });
    if (entry.kind === "status") page.yanked = entry.status === "yanked";
  }
  return [...pages.values()];
}

/** Whether the project, or the release, is quarantined. */
function isQuarantined(version, projectEntries) {
  let [project, release] = ["active", "active"];
  for (const { entry } of projectEntries) {
    if (entry.kind !== "status" || entry.filename !== undefined) continue;
    if (entry.version === undefined) project = entry.status;
    else if (entry.version === version) release = entry.status;
  }
  return project === "quarantined" || release === "quarantined";
}

/** What the publisher says of a file with this hash, if that decides. */
function opinion(publisher, filename, sha256, asOf) {
  const hashes = publisher.expected(filename).map((expected) => expected.sha256);
  if (publisher.contradicts(filename)) return ["unexpected", "the publisher contradicts itself: ask it"];
  if (hashes.length > 0 && !hashes.includes(sha256)) {
    return ["unexpected", `the publisher expects ${[...new Set(hashes)].join(" or ")}`];
  }
  if (hashes.length > 0 && !publisher.isListed(filename)) {
    return ["not-yet-observed", "the publisher expects these bytes, but the index was not seen to list them"];
  }
  const first = publisher.undeclared(filename);
  if (!first) return undefined;
  const isOver = (Date.parse(asOf) - Date.parse(first.observed)) / 1000 >= GRACE;
  return isOver
    ? ["unexpected", "the publisher expects every file, but not this one"]
    : ["not-yet-observed", "the publisher, who expects every file, has not said whether it expects this one"];
}

/** Looks each key up once. */
export class Facts {
  #answers = new Map();
  #publishers = new Map();

  constructor(log) {
    this.log = log;
  }

  lookup(kind, value) {
    const key = `${kind} ${value}`;
    if (!this.#answers.has(key)) this.#answers.set(key, this.log.lookup(kind, value));
    return this.#answers.get(key);
  }

  async publisher(project) {
    const { entries, checkpoint } = await this.lookup("project", project);
    if (!this.#publishers.has(project)) {
      this.#publishers.set(project, Publisher.of(checkpoint.origin, project, entries));
    }
    return this.#publishers.get(project);
  }
}

/** The verdict by what the log holds under the file's name; `undefined` if it holds nothing. */
async function judgeName(facts, filename, pin) {
  const { entries } = await facts.lookup("file", filename);
  const sightings = entries.filter(isSighting);
  const others = [...new Set(sightings.flatMap(({ entry }) => seenHashes(entry)))].filter((hash) => hash !== pin.sha256);
  if (others.length > 0) return ["conflict", `this file has sha256 ${pin.sha256}, the log has others: ${others.join(", ")}`];
  const project = sightings.at(-1)?.entry.project ?? pin.project;
  if (project === undefined) return undefined;
  const about = await facts.lookup("project", project);
  const said = opinion(await facts.publisher(project), filename, pin.sha256, about.epoch.entry.time);
  if (said) return said;
  if (sightings.length === 0) return undefined;
  const listing = sightings.findLast(({ entry }) => entry.kind === "file");
  const pages = pagesOf(sightings);
  const current = pages.findLast(({ listed }) => listed) ?? pages.at(-1);
  const first = `first observed ${listing ? sightings[0].entry.observed : "never"} (entry ${sightings[0].index})`;
  if (listing && isQuarantined(listing.entry.version, about.entries)) return ["match-quarantined", first];
  if (!current?.listed) return ["match-removed", first];
  return [current.yanked ? "match-yanked" : "match", first];
}

/** The verdict by the bytes: they are known under another name. */
function judgeBytes(sightings, pin) {
  const known = sightings.filter(saw(pin.sha256)).map(({ entry }) => entry);
  if (known.length === 0) return undefined;
  const isOfRelease = ({ project, version }) => pin.version !== undefined && project === pin.project && sameVersion(version, pin.version);
  const sibling = known.find(isOfRelease);
  const verdict = sibling ? "same-release-other-file" : "same-bytes-other-name";
  return [verdict, `these bytes are ${(sibling ?? known[0]).filename}`];
}

async function judgeAbsence(facts, pin, about) {
  if (pin.elsewhere) return ["not-from-index", "not from the package index"];
  if (pin.project !== undefined && pin.version !== undefined) {
    const { entries } = await facts.lookup("project", pin.project);
    const isFile = ({ entry }) => entry.kind === "file" && sameVersion(entry.version, pin.version);
    const names = new Set(entries.filter(isFile).map(({ entry }) => entry.filename));
    if (names.size > 0) return ["known-release-unknown-hash", `the release has ${names.size} other files, none with this hash`];
  }
  const { swept } = about.epoch.entry;
  if (swept === undefined) return ["not-yet-observed", "the log does not have it, and does not say how far it has seen the index"];
  return ["unknown-release", `the log does not have it; its last complete reading of the index began ${swept}`];
}

/** The worst of several, else what is plainly listed. */
function worst(findings) {
  const rank = ([verdict]) => 2 * ["good", "note", "undecided", "bad"].indexOf(classOf(verdict)) + (verdict === "match");
  return findings.reduce((one, other) => (rank(other) >= rank(one) ? other : one));
}

/** Verdict and reason for a pin; every answer it rests on is verified, or `Refused` is thrown. */
export async function judge(facts, pin) {
  if (pin.sha256 === undefined) {
    return pin.elsewhere ? ["not-from-index", "not from the package index"] : ["uncovered-algorithm", "the log holds SHA-256 alone, and none is stated"];
  }
  const about = await facts.lookup("sha256", pin.sha256);
  const sightings = about.entries.filter(isSighting);
  if (pin.filename === undefined) {
    const fits = ({ entry }) =>
      pin.project === undefined || (entry.project === pin.project && (pin.version === undefined || sameVersion(entry.version, pin.version)));
    const names = [...new Set(sightings.filter(saw(pin.sha256)).filter(fits).map(({ entry }) => entry.filename))];
    const found = await Promise.all(names.map((name) => judgeName(facts, name, pin)));
    if (found.length > 0) return worst(found);
  } else if (!pin.elsewhere || sightings.some(({ entry }) => entry.filename === pin.filename)) {
    const found = await judgeName(facts, pin.filename, pin);
    if (found) return found;
  }
  return judgeBytes(sightings, pin) ?? judgeAbsence(facts, pin, about);
}
