// What lock files pin: `uv.lock`, `pylock.toml` and requirements with hashes.

import { Refused } from "./bytes.mjs";

const refuse = (why) => {
  throw new Refused(why, false);
};

/** The normalised name of a project. */
export const normalise = (name) => name.toLowerCase().replace(/[-_.]+/g, "-");

const SIMPLE = { b: "\b", t: "\t", n: "\n", f: "\f", r: "\r", e: "\x1b", '"': '"', "\\": "\\" };
const ESCAPE = /\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|x([0-9a-fA-F]{2})|([btnfre"\\])|[ \t]*\r?\n\s*)/g;

function unescape(text) {
  return text.replace(ESCAPE, (_, short, long, byte, simple) => {
    const code = short ?? long ?? byte;
    if (code === undefined) return SIMPLE[simple] ?? "";
    return String.fromCodePoint(parseInt(code, 16));
  });
}

/** Reads TOML as far as lock files use it: other values than texts stay as they are written. */
class Toml {
  constructor(text) {
    this.text = text;
    this.at = 0;
  }

  take(pattern) {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found) this.at = pattern.lastIndex;
    return found;
  }

  fail() {
    const line = this.text.slice(0, this.at).split("\n").length;
    return refuse(`line ${line} is not TOML as lock files have it`);
  }

  /** White space, comments and line ends. */
  skip() {
    this.take(/(?:[ \t\r\n]|#[^\n]*)*/y);
  }

  key() {
    const path = [];
    do {
      this.take(/[ \t]*/y);
      const bare = this.take(/[A-Za-z0-9_-]+/y);
      path.push(bare ? bare[0] : this.string());
      this.take(/[ \t]*/y);
    } while (this.take(/\./y));
    return path;
  }

  string() {
    const found =
      this.take(/"""\r?\n?((?:[^\\]|\\[^])*?)"""(?!")/y) ?? this.take(/"((?:[^"\\\n]|\\.)*)"/y);
    if (found) return unescape(found[1]);
    const literal = this.take(/'''\r?\n?([^]*?)'''(?!')/y) ?? this.take(/'([^'\n]*)'/y);
    return literal ? literal[1] : this.fail();
  }

  value() {
    const next = this.text[this.at];
    if (next === '"' || next === "'") return this.string();
    if (this.take(/\[/y)) return this.many(/\]/y, [], (list) => list.push(this.value()));
    if (this.take(/\{/y)) return this.many(/\}/y, Object.create(null), (table) => this.pair(table));
    return (this.take(/[^\s,\]}#]+/y) ?? this.fail())[0];
  }

  /** Members up to the end, with commas between them. */
  many(end, into, read) {
    this.skip();
    while (!this.take(end)) {
      read(into);
      this.skip();
      if (!this.take(/,/y)) return this.take(end) ? into : this.fail();
      this.skip();
    }
    return into;
  }

  pair(table) {
    const path = this.key();
    const last = path.pop();
    const inner = descend(table, path) ?? this.fail();
    if (!this.take(/=[ \t]*/y) || last in inner) this.fail();
    inner[last] = this.value();
  }

  document() {
    const root = Object.create(null);
    let table = root;
    for (this.skip(); this.at < this.text.length; this.skip()) {
      const header = this.take(/\[\[?/y);
      if (!header) this.pair(table);
      else {
        const path = this.key();
        if (!this.take(header[0] === "[[" ? /\]\]/y : /\]/y)) this.fail();
        table = header[0] === "[[" ? append(root, path) : descend(root, path);
        table ?? this.fail();
      }
      if (!this.take(/[ \t\r]*(?:#[^\n]*)?(?=\n|$)/y)) this.fail();
    }
    return root;
  }
}

/** The table at a path, made if it is not there; of an array of tables the last. */
function descend(table, path) {
  for (const name of path) {
    table[name] ??= Object.create(null);
    table = Array.isArray(table[name]) ? table[name].at(-1) : table[name];
    if (typeof table !== "object") return undefined;
  }
  return table;
}

function append(root, path) {
  const parent = descend(root, path.slice(0, -1));
  const list = (parent[path.at(-1)] ??= []);
  if (!Array.isArray(list)) return undefined;
  return list[list.push(Object.create(null)) - 1];
}

export const parseToml = (text) => new Toml(text.replace(/^\ufeff/, "")).document();

/** The last part of a path or URL. */
function lastPart(place) {
  const name = typeof place === "string" ? place.split(/[?#]/)[0].split("/").pop() : "";
  try {
    return decodeURIComponent(name) || undefined;
  } catch {
    return name;
  }
}

const list = (value) => (value === undefined ? [] : Array.isArray(value) ? value : [value]);
const isHash = (hex) => typeof hex === "string" && /^[0-9a-f]{64}$/.test(hex.toLowerCase());

/** A pin: the file, by name if the source names it, and its hash if it is one that the log has. */
function pin(project, version, filename, hash, elsewhere) {
  const [algorithm, hex] = hash?.split(":") ?? [];
  const sha256 = algorithm === "sha256" && isHash(hex) ? hex.toLowerCase() : undefined;
  return { project: normalise(project), version, filename, sha256, elsewhere };
}

function readUv({ package: packages = [] }) {
  const found = [];
  for (const { name, version, source = {}, sdist, wheels } of packages) {
    const elsewhere = source.registry === undefined;
    const files = [...list(sdist), ...list(wheels)];
    for (const { url, path, filename, hash } of files) {
      const named = filename ?? lastPart(url ?? path ?? source.url ?? source.path);
      found.push(pin(name, version, named, hash, elsewhere));
    }
    if (files.length === 0 && name) found.push(pin(name, version, undefined, undefined, elsewhere));
  }
  return found;
}

function readPylock({ packages = [] }) {
  const found = [];
  for (const { name, version, sdist, wheels, archive, vcs, directory } of packages) {
    const elsewhere = archive !== undefined || vcs !== undefined || directory !== undefined;
    const files = [...list(sdist), ...list(wheels), ...list(archive)];
    for (const file of files) {
      const [algorithm, hex] = Object.entries(file.hashes ?? {}).sort(([a]) => (a === "sha256" ? -1 : 1))[0] ?? [];
      const hash = algorithm && `${algorithm}:${hex}`;
      found.push(pin(name, version, file.name ?? lastPart(file.url ?? file.path), hash, elsewhere));
    }
    if (files.length === 0 && name) found.push(pin(name, version, undefined, undefined, elsewhere));
  }
  return found;
}

const REQUIREMENT = /^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?\s*(?:===?\s*([^\s;,]+))?(@\s*(\S+))?/;

/** One pin for each hash: requirements name no files. */
function readRequirements(text) {
  const lines = text.replace(/\\\r?\n/g, " ").split(/\r?\n/);
  const found = [];
  for (const line of lines.map((line) => line.replace(/(^|\s)#.*$/, "").trim())) {
    const named = REQUIREMENT.exec(line);
    if (!named) continue;
    const [, name, version, at, url] = named;
    const hashes = [...line.matchAll(/--hash[= ]([a-z0-9]+:[0-9a-fA-F]+)/g)].map(([, hash]) => hash);
    const fragment = /#(sha256)=([0-9a-f]{64})/.exec(url ?? "");
    if (fragment) hashes.push(`sha256:${fragment[2]}`);
    for (const hash of hashes.length > 0 ? hashes : [undefined]) {
      found.push(pin(name, version, url && lastPart(url), hash, at !== undefined));
    }
  }
  return found;
}

/** What a file pins, and what sort of file it is. */
export function readPins(name, text) {
  const lower = name.toLowerCase();
  let found;
  if (lower.endsWith(".lock") || lower.endsWith(".toml")) {
    const document = parseToml(text);
    const isPylock = document["lock-version"] !== undefined;
    if (!isPylock && document.version !== "1") refuse("neither a uv.lock of version 1 nor a pylock.toml");
    found = isPylock ? readPylock(document) : readUv(document);
  } else if (lower.endsWith(".txt") || lower.endsWith(".in")) {
    found = readRequirements(text);
  } else {
    refuse("not a wheel, an sdist, a uv.lock, a pylock.toml or requirements");
  }
  return found.length > 0 ? found : refuse("this file pins nothing");
}
