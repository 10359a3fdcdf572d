// The rows, facts and alarms of a history, from verified entries: what row.rs, history.rs and alarms.rs in
// src/site make of the same entries on the server. Where the two differ, the page that was served is false.

const FIELDS = [
  ["observed", "observed, by this log's clock"],
  ["received", "received, by this log's clock"],
  ["uploaded", "uploaded, by the index's word"],
  ["via", "seen by others, imported from"],
  ["project", "project"],
  ["version", "version"],
  ["sha256", "sha256"],
  ["got", "sha256 of what was downloaded"],
  ["status", "status"],
  ["reason", "reason"],
  ["yanked", "yanked, reason"],
  ["action", "action"],
  ["key", "key"],
  ["by", "decided by"],
  ["size", "size in bytes"],
  ["metadata", "sha256 of its metadata"],
];

const HIDDEN = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/** Text of others without characters that would hide or turn around what stands beside them. */
export const printable = (text) => text.replace(HIDDEN, "\ufffd");

/** Text as it is read: how it is broken into lines says nothing. */
export const squash = (text) => text.replace(/\s+/g, " ").trim();

/** When the log wrote an entry, by its own clock. */
export const timeOf = (entry) => entry.observed ?? entry.received ?? entry.time;

/** The hashes with which a file was seen, as one entry tells. */
export function seenHashes({ kind, sha256, got }) {
  if (kind === "content") return [sha256, got];
  return kind === "file" || kind === "removed" ? [sha256] : [];
}

function listed(seen, { filename, sha256 }) {
  if (!seen.has(filename)) seen.set(filename, new Set());
  const hashes = seen.get(filename);
  const [count, known] = [hashes.size, hashes.has(sha256)];
  hashes.add(sha256);
  if (count === 0) return "Listed for the first time";
  if (!known) return "Listed with another hash";
  return count === 1 ? "Listed again, or with other details" : "Listed with an earlier hash again";
}

function headline(seen, entry) {
  const of = {
    content: () => "Downloaded with other bytes than the index lists",
    epoch: () => `Epoch ${entry.epoch}`,
    expected: () => "Publisher's word: released as",
    file: () => listed(seen, entry),
    key: () => `Publisher's key: ${entry.action}`,
    removed: () => "Listed no more",
    status: () => `Now ${entry.status}`,
  };
  return of[entry.kind]();
}

function value(found) {
  if (found === "") return "(none given)";
  return typeof found === "string" ? printable(found) : String(found);
}

/** What a row has to say about each entry, by position: oldest first. */
export function rowsOf(entries, ofProject) {
  const seen = new Map();
  return entries.map(({ index, leaf, entry }) => {
    const release = entry.version === undefined ? entry.project : `${entry.project} ${entry.version}`;
    const subject = printable(entry.filename ?? release);
    const shown = FIELDS.filter(([name]) => name in entry && !(ofProject && name === "project"));
    const fields = shown.map(([name, label]) => `${label} ${value(entry[name])}`);
    const text = [headline(seen, entry), subject, ...fields, `Entry ${index}`, "Proof"].join(" ");
    return { index, leaf, text: squash(text) };
  });
}

/** What is said of the whole. */
export function factsOf(entries) {
  if (entries.length === 0) return [];
  const files = new Set(entries.flatMap(({ entry }) => entry.filename ?? []));
  return [
    `entries ${entries.length}`,
    `files ${files.size}`,
    `first entry, by this log's clock ${timeOf(entries[0].entry)}`,
    `latest entry, by this log's clock ${timeOf(entries.at(-1).entry)}`,
  ];
}

/** Filenames with the hashes with which each was seen. */
export function hashesOf(entries) {
  const hashes = new Map();
  for (const { entry } of entries.filter(({ entry }) => entry.filename !== undefined)) {
    if (!hashes.has(entry.filename)) hashes.set(entry.filename, new Set());
    seenHashes(entry).forEach((hash) => hashes.get(entry.filename).add(hash));
  }
  return hashes;
}

/** What must not be overlooked: files with several hashes, and files that differ from their publisher's word. */
export function alarmsOf(hashes, publishers) {
  const names = [...hashes.keys()];
  const conflicts = names
    .filter((name) => hashes.get(name).size > 1)
    .map((name) => `${printable(name)} was seen with ${hashes.get(name).size} different hashes`);
  const unexpected = publishers.flatMap((publisher) =>
    names
      .filter((name) => publisher.differs(name) || publisher.contradicts(name))
      .map((name) => `${printable(name)} is not what its publisher says was released`),
  );
  return [...conflicts, ...unexpected].map(squash).sort();
}
