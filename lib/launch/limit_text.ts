/**
 * Limits as people and variables write them. `shims/cuda/limit_text.c` has the same, and a test holds them
 * together.
 *
 * @module
 */

/** A list or map that cannot be read. The message says why, without the text. */
export class LimitTextError extends Error {
  override readonly name = "LimitTextError";
}

/** An entry of a list: a value for one GPU, or for all. */
export interface LimitEntry<T> {
  /** As it was written; null for all GPUs. */
  key: string | null;
  value: T;
}

const BYTES = /^(\d+)(?:\.(\d{1,6}))?[ \t]*(?:([kmgt])(i?b?)|b)?$/i;

/** 2^64 - 1 stands for no limit. */
const MOST = 0xffff_ffff_ffff_ffffn;

/**
 * A size in bytes: `8GiB`, `8g` and `8Gi` are of 1024, `8GB` is 8 x 10^9; null for `none`; undefined for
 * what is no size.
 */
export function parseBytes(text: string): bigint | null | undefined {
  const trimmed = text.replaceAll(/^[ \t]+|[ \t]+$/g, "");
  if (trimmed.toLowerCase() === "none") return null;
  const match = BYTES.exec(trimmed);
  if (match === null) return undefined;
  const [, whole = "", part, prefix, rest = ""] = match;
  if (part !== undefined && prefix === undefined) return undefined;
  // `Ki` alone of the two-letter units has its i in lower case.
  if (rest === "I") return undefined;
  const step = rest.toLowerCase() === "b" ? 1000n : 1024n;
  const power = prefix === undefined ? 0 : "kmgt".indexOf(prefix.toLowerCase()) + 1;
  const unit = step ** BigInt(power);
  const more = part === undefined ? 0n : BigInt(part) * unit / 10n ** BigInt(part.length);
  const bytes = BigInt(whole) * unit + more;
  return bytes < MOST ? bytes : undefined;
}

/** A percentage from 1 to 100: `30%`, `30`; 100 for `none`; undefined for what is none. */
export function parsePercent(text: string): number | undefined {
  const trimmed = text.replaceAll(/^[ \t]+|[ \t]+$/g, "");
  if (trimmed.toLowerCase() === "none") return 100;
  const match = /^(\d{1,3})[ \t]*%?$/.exec(trimmed);
  const value = Number(match?.[1] ?? 0);
  return value >= 1 && value <= 100 ? value : undefined;
}

/** Whether text is a CUDA ordinal, or a UUID with or without `GPU-` or `MIG-`. */
export function isGpuKey(text: string): boolean {
  return /^\d{1,4}$/.test(text) ||
    /^(?:gpu-|mig-)?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);
}

/**
 * Parses `8GiB`, `0=8GiB,1=4GiB`, `8GiB,1=none`.
 *
 * @param value parses an amount; undefined is none.
 * @param isKey says whether text can name a GPU.
 * @throws {LimitTextError} where an entry is none.
 */
export function parseLimitList<T>(
  text: string,
  value: (text: string) => T | undefined,
  isKey: (text: string) => boolean = isGpuKey,
): LimitEntry<T>[] {
  return text.split(",").map((entry) => {
    const at = entry.indexOf("=");
    const key = at < 0 ? null : entry.slice(0, at).replaceAll(/^[ \t]+|[ \t]+$/g, "");
    if (key !== null && !isKey(key)) {
      throw new LimitTextError("before '=' stands no ordinal and no UUID");
    }
    const amount = value(entry.slice(at + 1));
    if (amount === undefined) throw new LimitTextError("it is no such amount");
    return { key, value: amount };
  });
}

/**
 * Parses TENSOR_FUSION's maps: a JSON object of whole numbers.
 *
 * @throws {LimitTextError} where it is none.
 */
export function parseLimitMap(text: string): LimitEntry<bigint>[] {
  const object = /^[ \t\n\r]*\{([^]*)\}[ \t\n\r]*$/.exec(text)?.[1];
  if (object === undefined) throw new LimitTextError("it is no JSON object");
  if (/^[ \t\n\r]*$/.test(object)) return [];
  return object.split(",").map((member) => {
    const match = /^[ \t\n\r]*"([^"\\]*)"[ \t\n\r]*:[ \t\n\r]*(0|[1-9]\d*)[ \t\n\r]*$/.exec(member);
    const [, key = "", digits = ""] = match ?? [];
    if (match === null) {
      throw new LimitTextError("a member of the JSON object is no key and whole number");
    }
    if (!isGpuKey(key)) {
      throw new LimitTextError("a key of the JSON object is no ordinal and no UUID");
    }
    if (BigInt(digits) > MOST) throw new LimitTextError("a value of the JSON object is too large");
    return { key, value: BigInt(digits) };
  });
}
