// Runs the web page's verifier in Node, on files of evidence.
//
//     node verify_evidence.mjs --key VKEY FILE...     a line for each file: accepted or refused, and why
//     node verify_evidence.mjs --key VKEY --batch     the same for files on standard input, each after its
//                                                     length as 8 big-endian bytes
//
// A refusal says first whether a check failed (`disproven`) or could not be made (`undecided`).
// Needs Node 18 or later. Exit code 0 if all files were accepted.
import { webcrypto } from "node:crypto";
import { readFileSync } from "node:fs";

import { parseKey, Refused, verifyEvidence } from "../../src/site/assets/verify.mjs";

// Before version 20 it has another place.
globalThis.crypto ??= webcrypto;

/** Files that stand one after the other, each behind its length. */
function* batch(bytes) {
  for (let at = 0; at < bytes.length; ) {
    const start = at + 8;
    at = start + Number(bytes.readBigUInt64BE(at));
    yield bytes.subarray(start, at);
  }
}

/** As JSON, in ASCII. */
const ascii = (value) =>
  JSON.stringify(value).replace(/[\u007f-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);

async function judge(bytes, trust) {
  try {
    const { kind, value, entries, checkpoint } = await verifyEvidence(new Uint8Array(bytes), trust);
    const positions = entries.map(({ index }) => String(index)).join(", ");
    return `accepted [${ascii(`${kind} ${value}`)}, [${positions}], ${checkpoint.size}]`;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return `refused ${error.disproven ? "disproven" : "undecided"} ${error.message}`;
  }
}

const [option, vkey, ...names] = process.argv.slice(2);
if (option !== "--key" || names.length === 0) {
  console.error("usage: verify_evidence.mjs --key VKEY (FILE... | --batch)");
  process.exit(2);
}
const trust = { log: await parseKey(vkey), witnesses: [] };
const files = names[0] === "--batch" ? batch(readFileSync(0)) : names.map((name) => readFileSync(name));
let good = true;
for (const bytes of files) {
  const line = await judge(bytes, trust);
  good &&= line.startsWith("accepted");
  console.log(line);
}
process.exit(good ? 0 : 1);
