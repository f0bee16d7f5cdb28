/**
 * What a terminal sends for keys.
 *
 * Source: ECMA-48, section 5.4 (control sequences), and xterm's "PC-Style Function Keys".
 *
 * @module
 */

import type { Key } from "../render/status_state.ts";

/** Final characters of control sequences (`ESC [ A`) and of single shifts (`ESC O A`). */
const BY_LETTER: Readonly<Record<string, Key>> = {
  A: "<up>",
  B: "<down>",
  C: "<right>",
  D: "<left>",
  F: "<end>",
  H: "<home>",
  P: "<f1>",
  Q: "<f2>",
  R: "<f3>",
  S: "<f4>",
};

/** Parameters of sequences that end with a tilde. */
const BY_NUMBER: Readonly<Record<string, Key>> = {
  1: "<home>",
  4: "<end>",
  5: "<pageup>",
  6: "<pagedown>",
  7: "<home>",
  8: "<end>",
  11: "<f1>",
  12: "<f2>",
  13: "<f3>",
  14: "<f4>",
  15: "<f5>",
  17: "<f6>",
  18: "<f7>",
  19: "<f8>",
  20: "<f9>",
  21: "<f10>",
};

const BY_CONTROL: Readonly<Record<string, Key>> = {
  "\r": "<enter>",
  "\n": "<enter>",
  "\t": "<tab>",
  "\x7f": "<backspace>",
  "\b": "<backspace>",
  "\x15": "<clear>",
  "\x0c": "<redraw>",
};

const PASTE_BEGINS = "200~", PASTE_ENDS = "\x1b[201~";
/** No key has a sequence as long as this. */
const LONGEST_SEQUENCE = 32;

/**
 * Turns what is read from a terminal into keys. Sequences may come in pieces; text that is pasted is no key,
 * and is dropped, as are keys without a name.
 *
 * @example
 * ```ts
 * import { KeyDecoder } from "./keys.ts";
 * import assert from "node:assert/strict";
 *
 * const decoder = new KeyDecoder();
 * assert.deepEqual(decoder.feed(new TextEncoder().encode("q\x1b[A")), ["q", "<up>"]);
 * ```
 */
export class KeyDecoder {
  readonly #decoder = new TextDecoder();
  #rest = "";
  #isPasting = false;

  /** Takes the next bytes; gives the keys that are complete. */
  feed(bytes: Uint8Array): Key[] {
    this.#rest += this.#decoder.decode(bytes, { stream: true });
    const keys: Key[] = [];
    while (this.#rest !== "") {
      const taken = this.#isPasting ? this.#endPaste() : this.#take();
      if (taken === undefined) break;
      if (taken !== null) keys.push(taken);
    }
    return keys;
  }

  /** Whether something has come that may be the beginning of a sequence: see {@linkcode flush}. */
  get isWaiting(): boolean {
    return this.#rest !== "" && !this.#isPasting;
  }

  /** Nothing more has come for a while: an escape character alone was the Escape key. */
  flush(): Key[] {
    if (this.#isPasting) return [];
    const keys = this.#rest === "\x1b" ? ["<escape>"] : [];
    this.#rest = "";
    return keys;
  }

  #drop(count: number): null {
    this.#rest = this.#rest.slice(count);
    return null;
  }

  /** Drops what was pasted. Of its end, a beginning may be there. */
  #endPaste(): null | undefined {
    const end = this.#rest.indexOf(PASTE_ENDS);
    if (end < 0) {
      this.#rest = this.#rest.slice(-(PASTE_ENDS.length - 1));
      return undefined;
    }
    this.#isPasting = false;
    return this.#drop(end + PASTE_ENDS.length);
  }

  /** The next key; null for something that is none; undefined where more has to come. */
  #take(): Key | null | undefined {
    const rest = this.#rest;
    if (!rest.startsWith("\x1b")) return this.#takeCharacter();
    if (rest.length === 1) return undefined;
    if (rest.startsWith("\x1b\x1b")) return this.#found(1, "<escape>");
    if (rest.startsWith("\x1bO")) {
      return rest.length === 2 ? undefined : this.#found(3, BY_LETTER[rest[2] ?? ""]);
    }
    // With Alt held.
    if (!rest.startsWith("\x1b[")) {
      return this.#drop(1 + String.fromCodePoint(rest.codePointAt(1) ?? 0).length);
    }
    // The Linux console's F1 to F5.
    if (rest.startsWith("\x1b[[")) {
      if (rest.length === 3) return undefined;
      const number = "ABCDE".indexOf(rest[3] ?? "");
      return this.#found(4, number < 0 ? undefined : `<f${number + 1}>`);
    }
    // deno-lint-ignore no-control-regex -- escape sequences are what this reads
    const sequence = /^\x1b\[([0-?]*)[ -/]*([@-~])/.exec(rest);
    if (sequence === null) {
      // deno-lint-ignore no-control-regex -- as above
      const isIncomplete = /^\x1b\[[0-?]*[ -/]*$/.test(rest) && rest.length < LONGEST_SEQUENCE;
      return isIncomplete ? undefined : this.#drop(2);
    }
    const [whole, parameters = "", final = ""] = sequence;
    if (`${parameters}${final}` === PASTE_BEGINS) this.#isPasting = true;
    // What follows a semicolon tells of Shift, Control and Alt.
    const [number = ""] = parameters.split(";");
    return this.#found(whole.length, final === "~" ? BY_NUMBER[number] : BY_LETTER[final]);
  }

  #takeCharacter(): Key | null {
    const character = String.fromCodePoint(this.#rest.codePointAt(0) ?? 0);
    const isText = !/[\p{Cc}\p{Cs}\ufffd]/u.test(character);
    return this.#found(character.length, isText ? character : BY_CONTROL[character]);
  }

  #found(length: number, key: Key | undefined): Key | null {
    this.#drop(length);
    return key ?? null;
  }
}
