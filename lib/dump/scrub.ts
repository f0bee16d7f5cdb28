/**
 * Takes what identifies one machine out of a dump.
 *
 * @module
 */

/** Attributes that hold nothing but a serial number. */
const SERIAL_FILES = /\/(serial_number|unique_id)$/;

const UUID = /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi;

const MAC = /\b[0-9a-f]{2}(?::[0-9a-f]{2}){5}\b/gi;

/** Lines of AMD's compute topology that hold a serial number. */
const KFD_SERIAL = /^((?:unique|hive)_id )(\d+)$/gm;

/** A file's lines, where text; what is not text is a driver's table and has no serial number. */
function asText(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/**
 * Replaces serial numbers, UUIDs and MAC addresses by made-up ones: the same by the same, different ones
 * by different ones, so that what belongs together still does.
 */
export class Scrubber {
  readonly #fakes = new Map<string, number>();

  /** How many different identifiers were replaced. */
  get count(): number {
    return this.#fakes.size;
  }

  #fake(secret: string): number {
    const key = secret.toLowerCase();
    let fake = this.#fakes.get(key);
    if (fake === undefined) this.#fakes.set(key, fake = this.#fakes.size + 1);
    return fake;
  }

  /** A number of the same length in hexadecimal; 0 tells nothing and stays. */
  #serial(secret: string): string {
    if (/^0*$/.test(secret)) return secret;
    return this.#fake(secret).toString(16).padStart(secret.length, "0").slice(-secret.length);
  }

  /** The content of a file without what identifies the machine. */
  scrub(path: string, bytes: Uint8Array): Uint8Array {
    const text = asText(bytes);
    if (text === undefined) return bytes;
    if (SERIAL_FILES.test(path)) {
      return new TextEncoder().encode(text.replace(/[^\s\0]+/, (secret) => this.#serial(secret)));
    }
    const clean = text
      .replaceAll(
        UUID,
        (uuid) => `00000000-0000-0000-0000-${this.#fake(uuid).toString(16).padStart(12, "0")}`,
      )
      .replaceAll(MAC, (mac) => {
        const hex = this.#fake(mac).toString(16).padStart(10, "0");
        return `02:${hex.replaceAll(/..(?!$)/g, "$&:")}`;
      })
      .replaceAll(
        KFD_SERIAL,
        (_, name: string, id: string) => name + (id === "0" ? id : String(this.#fake(id))),
      );
    return clean === text ? bytes : new TextEncoder().encode(clean);
  }
}
