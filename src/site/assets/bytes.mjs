// Bytes, their spellings and their hashes; and the ways in which a check can end badly.

/** Nothing is proven. `disproven`: a check was made and failed; else it could not be made. */
export class Refused extends Error {
  constructor(message, disproven) {
    super(message);
    this.disproven = disproven;
  }
}

/** Demands what has to hold for a check to be possible at all. */
export function demand(holds, why) {
  if (!holds) throw new Refused(why, false);
}

/** Demands what an honest log's answer always fulfils. */
export function refute(holds, why) {
  if (!holds) throw new Refused(why, true);
}

export const utf8 = new TextEncoder();

function concat(parts) {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** SHA-256 of the parts, one after the other; texts count as UTF-8. */
export async function sha256(...parts) {
  const bytes = parts.map((part) => (typeof part === "string" ? utf8.encode(part) : part));
  return new Uint8Array(await crypto.subtle.digest("SHA-256", concat(bytes)));
}

export const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

export const fromHex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));

export const equal = (a, b) => a.length === b.length && a.every((byte, at) => byte === b[at]);

/** Canonical base64. */
export function decode(text, length) {
  let binary;
  try {
    binary = atob(text);
  } catch {
    throw new Refused("not base64", false);
  }
  demand(btoa(binary) === text, "base64 is not canonical");
  demand(length === undefined || binary.length === length, "not the length of a hash");
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

export function text(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Refused("not UTF-8", false);
  }
}

export function number(digits) {
  demand(/^(0|[1-9][0-9]{0,15})$/.test(digits), "not a number");
  demand(Number.isSafeInteger(Number(digits)), "a number that is too large");
  return Number(digits);
}
