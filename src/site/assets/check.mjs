// Files that are dropped on the page: read and hashed here, and judged by what the log can prove. Nothing
// of a file leaves the browser but the names and hashes that are asked for.

import { describeHead, show, showRefusal } from "./page.mjs";
import { Facts, classOf, judge } from "./judge.mjs";
import { readPins } from "./pins.mjs";
import { Refused, hex } from "./bytes.mjs";

const ARTIFACT = /\.(whl|zip|egg|exe|msi|rpm|tgz|tbz2?|tar(\.(gz|bz2|xz|lzma|z))?)$/i;
const MAX_ARTIFACT = 2 ** 30;
const MAX_LOCK = 32 * 2 ** 20;
const MAX_PINS = 5000;
/** Questions that are open at the same time. */
const AT_ONCE = 6;

/** Project and version of a wheel or sdist of today, by its name. */
function nameOf(filename) {
  const wheel = /^([A-Za-z0-9._]+)-([^-]+)(?:-\d[^-]*)?-[^-]+-[^-]+-[^-]+\.whl$/i.exec(filename);
  const sdist = /^(.+)-([^-]+)\.(?:tar\.gz|zip)$/i.exec(filename);
  const found = wheel ?? sdist;
  return found ? { project: found[1].toLowerCase().replace(/[-_.]+/g, "-"), version: found[2] } : {};
}

async function pinsOf(file) {
  if (!ARTIFACT.test(file.name)) {
    if (file.size > MAX_LOCK) throw new Refused("too large for a lock file", false);
    return readPins(file.name, await file.text());
  }
  if (file.size > MAX_ARTIFACT) throw new Refused("too large to be hashed in a browser: use indelible verify", false);
  const hash = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
  return [{ ...nameOf(file.name), filename: file.name, sha256: hex(new Uint8Array(hash)) }];
}

const progress = (text) => (document.querySelector("#progress").textContent = text);

function cell(name, text, className) {
  const made = document.createElement(name);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

function row(pin, verdict, detail) {
  const line = document.createElement("tr");
  const name = pin.filename ?? [pin.project, pin.version].filter(Boolean).join(" ");
  const what = cell("td", "");
  const link = cell("a", name);
  link.href = pin.filename ? `/files/${encodeURIComponent(pin.filename)}` : `/projects/${encodeURIComponent(pin.project)}`;
  what.append(link);
  line.append(cell("td", verdict, `verdict ${classOf(verdict)}`), what, cell("td", detail, "detail"));
  line.dataset.verdict = verdict;
  return line;
}

/** A table of one file's verdicts. */
function table(file) {
  const section = document.createElement("section");
  const wide = cell("div", "", "results-wide");
  const made = document.createElement("table");
  const head = document.createElement("thead");
  const titles = document.createElement("tr");
  for (const title of ["verdict", "file", "why"]) {
    const heading = cell("th", title);
    heading.scope = "col";
    titles.append(heading);
  }
  head.append(titles);
  made.append(head, document.createElement("tbody"));
  wide.append(made);
  section.append(cell("h2", file.name), cell("p", "", "note"), wide);
  return section;
}

function summary(counts) {
  const texts = [...counts].sort().map(([verdict, count]) => `${count} ${verdict}`);
  return texts.join(", ");
}

/** Judges pins some at a time, and shows each when it is decided, in the order of the source. */
async function judgeAll(facts, pins, body, done) {
  const lines = pins.map(() => body.appendChild(document.createElement("tr")));
  let next = 0;
  let failure;
  const worker = async () => {
    while (next < pins.length && !failure) {
      const at = next++;
      try {
        const [verdict, detail] = await judge(facts, pins[at]);
        lines[at].replaceWith(row(pins[at], verdict, detail));
        done(verdict);
      } catch (error) {
        failure ??= error;
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  if (failure) throw failure;
}

async function checkFile(log, file, results) {
  const section = table(file);
  results.append(section);
  const says = section.querySelector("p");
  const counts = new Map();
  try {
    const pins = await pinsOf(file);
    if (pins.length > MAX_PINS) throw new Refused(`${pins.length} pins are too many here: use indelible audit`, false);
    let decided = 0;
    await judgeAll(new Facts(log), pins, section.querySelector("tbody"), (verdict) => {
      counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
      progress(`${file.name}: ${(decided += 1)} of ${pins.length}`);
    });
    says.textContent = summary(counts);
    return [...counts.keys()].map(classOf);
  } catch (error) {
    says.textContent = error instanceof Refused ? `Could not be checked: ${error.message}.` : `Could not be read: ${error}`;
    if (error.disproven) throw error;
    section.querySelector(".results-wide").remove();
    return ["undecided"];
  }
}

async function check(log, files) {
  const results = document.querySelector("#results");
  results.replaceChildren();
  results.hidden = false;
  show("checking", "Being checked", "Evidence is fetched and verified in this browser.");
  const classes = new Set();
  try {
    for (const file of files) (await checkFile(log, file, results)).forEach((found) => classes.add(found));
    const details = describeHead(log, await log.head());
    if (classes.has("bad")) {
      show("bad", "Proven: at least one file is not what it should be", "The verdicts below are verified. Look at those that say conflict or unexpected.", details);
    } else if (classes.has("undecided")) {
      show("undecided", "Some could not be decided", "The other verdicts below are verified in this browser.", details);
    } else {
      show("verified", "Verified in this browser", "Every verdict below rests on evidence that was verified here.", details);
    }
  } catch (error) {
    showRefusal(error);
  }
  progress("");
}

/** Takes files, from the button or from anywhere on the page. */
export async function open(log) {
  const [form, input] = [document.querySelector("#drop"), document.querySelector("#files")];
  const head = await log.head();
  show("checking", "Ready", "Nothing was checked yet.", describeHead(log, head));
  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  input.addEventListener("change", () => check(log, [...input.files]));
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    form.classList.add("over");
  });
  document.addEventListener("dragleave", () => form.classList.remove("over"));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    form.classList.remove("over");
    check(log, [...event.dataTransfer.files]);
  });
}
