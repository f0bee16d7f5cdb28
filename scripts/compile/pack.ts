/**
 * The format of the single file: `shims/launcher` followed by compressed files, a manifest and a trailer.
 * `shims/launcher/payload.h` describes it, and reads it.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { constants, zstdCompressSync } from "node:zlib";

/** What a file is for; `enum role` of `shims/launcher/payload.h`. */
export type Role = "runtime" | "script" | "asset" | "state" | "preload";

/** A file of the payload, compressed. */
export interface PackedFile {
  readonly role: Role;
  /** Below the cache's directory: one or two components of letters, digits, `.`, `_` and `-`. */
  readonly name: string;
  /** Permissions when unpacked; those of group and others are dropped. */
  readonly mode: number;
  /** Size when unpacked, in bytes. */
  readonly size: number;
  /** SHA-256 of the content, in hexadecimal. */
  readonly sha256: string;
  /** The content as zstd frames. */
  readonly packed: Uint8Array;
}

/** Everything that goes behind the launcher. */
export interface Payload {
  readonly files: readonly PackedFile[];
  /** Arguments for the runtime. `{script}` and `{dir}` are filled in at the start. */
  readonly args: readonly string[];
  /** Variables for the runtime, filled in likewise. */
  readonly env: Readonly<Record<string, string>>;
  /** Prefixes of the user's variables that the runtime must not see. */
  readonly hide: readonly string[];
  /** Endings of an `argv[0]` that the runtime must not see. */
  readonly mask: readonly string[];
  /** The descriptor at which the runtime is to read the script. */
  readonly scriptFd?: number;
}

/** `MAGIC` of `shims/launcher/payload.c`; a NUL follows. */
const MAGIC = "mvgal-packed-01";

/** The number of bytes of a trailer: hash, four numbers, magic. */
const TRAILER_SIZE = 64 + 4 * 8 + MAGIC.length + 1;

/**
 * Compresses with zstd, reproducibly, with a checksum (XXH64) in the frame. The window spans the whole of
 * `data` up to 128 MiB, which is what an unpacker accepts without being told.
 *
 * @param level 1 to 19. For Deno's executable of 95 MB level 9 gives 36 MB in 2 s, level 19 gives 32 MB in
 * 50 s; both unpack in 0.15 s.
 */
export function compress(data: Uint8Array, level: number): Uint8Array {
  return zstdCompressSync(data, {
    params: {
      [constants.ZSTD_c_compressionLevel]: level,
      [constants.ZSTD_c_enableLongDistanceMatching]: 1,
      [constants.ZSTD_c_windowLog]: 27,
      [constants.ZSTD_c_checksumFlag]: 1,
    },
  });
}

function sha256(data: Uint8Array | string): string {
  return createHash("sha256").update(data).digest("hex");
}

/**
 * Makes a file of the payload.
 *
 * @param packed the content as `compress` gives it, where it is at hand; else it is compressed at level 19.
 */
export function packFile(
  file: Pick<PackedFile, "role" | "name" | "mode">,
  content: Uint8Array,
  packed: Uint8Array = compress(content, 19),
): PackedFile {
  return { ...file, size: content.length, sha256: sha256(content), packed };
}

/** The manifest's lines but those that name files and hash. */
function settings(payload: Payload): string[] {
  return [
    ...payload.args.map((arg) => `arg ${arg}`),
    ...Object.entries(payload.env).map(([name, value]) => `env ${name}=${value}`),
    ...payload.hide.map((prefix) => `hide ${prefix}`),
    ...payload.mask.map((suffix) => `mask ${suffix}`),
    ...(payload.scriptFd === undefined ? [] : [`script_fd ${payload.scriptFd}`]),
  ];
}

/** The name of what is unpacked: the same content has the same one, however it was compressed. */
function contentHash(payload: Payload): string {
  const files = payload.files.map(({ role, name, mode, size, sha256 }) =>
    `file ${role} ${mode} ${size} ${sha256} ${name}`
  );
  return sha256([...files, ...settings(payload)].join("\n"));
}

function trailer(hash: string, numbers: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(TRAILER_SIZE);
  const view = new DataView(bytes.buffer);
  const encoder = new TextEncoder();
  encoder.encodeInto(hash, bytes);
  numbers.forEach((value, index) => view.setBigUint64(64 + index * 8, BigInt(value), true));
  encoder.encodeInto(MAGIC, bytes.subarray(64 + 4 * 8));
  return bytes;
}

/**
 * Puts a payload behind a launcher.
 *
 * @param launcher the executable built from `shims/launcher`.
 * @returns the parts of the single file, in order, and the hash that names its cache directory.
 * @throws {TypeError} where an argument or a variable holds a line feed, which the manifest cannot.
 */
export function pack(
  launcher: Uint8Array,
  payload: Payload,
): { parts: Uint8Array[]; hash: string } {
  const lines = settings(payload);
  const broken = lines.find((line) => line.includes("\n"));
  if (broken !== undefined) {
    throw new TypeError(`cannot pack ${JSON.stringify(broken)}: it has a line feed`);
  }

  const hash = contentHash(payload);
  const parts = [launcher];
  let offset = launcher.length;
  const files = payload.files.map(({ role, mode, size, name, packed }) => {
    const line = `file ${role} ${mode.toString(8)} ${offset} ${packed.length} ${size} ${name}`;
    parts.push(packed);
    offset += packed.length;
    return line;
  });
  const manifest = new TextEncoder().encode([`hash ${hash}`, ...files, ...lines, ""].join("\n"));
  const packed = compress(manifest, 19);
  const total = offset + packed.length + TRAILER_SIZE;
  parts.push(packed, trailer(hash, [offset, packed.length, manifest.length, total]));
  return { parts, hash };
}

/**
 * Writes the parts of a single file, executable by all, in place of what is there: a running copy keeps its
 * own.
 */
export function writeExecutable(path: string, parts: readonly Uint8Array[]): void {
  const temporary = `${path}.new`;
  const file = Deno.openSync(temporary, { write: true, create: true, truncate: true, mode: 0o755 });
  try {
    for (const part of parts) {
      for (let done = 0; done < part.length;) done += file.writeSync(part.subarray(done));
    }
  } finally {
    file.close();
  }
  Deno.chmodSync(temporary, 0o755);
  Deno.renameSync(temporary, path);
}
