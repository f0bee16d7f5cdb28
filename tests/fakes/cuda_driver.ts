/**
 * A CUDA driver without a GPU: `libcuda.so.1` and `libnvidia-ml.so.1` of `cuda_driver/`, whose devices have
 * memory with real limits and work that takes time, shared by all processes that use the same fake.
 *
 * Device addresses have nothing behind them that a program could reach without the driver. Work of one
 * process runs on a device one piece after the other; processes share a device in equal parts of its time.
 * Kernels are known by their names: `cuda_driver/module.c` lists them.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { join } from "node:path";
import { compile } from "./cc.ts";

const root = join(import.meta.dirname ?? ".", "..", "..");
const sources = join(import.meta.dirname ?? ".", "cuda_driver");

/** A device of the fake. */
export interface FakeCudaDevice {
  /** Bytes that programs may have. */
  memory: number;
  /** Bytes of NVML's total beside them. */
  reserved?: number;
  name?: string;
  /** `0000:1a:00.0`, which also orders the devices for NVML. */
  pci?: string;
  /** 32 hexadecimal digits. */
  uuid?: string;
  /** `9.0`. */
  capability?: string;
  /** Multiprocessors. */
  processors?: number;
  /** The devices that it reaches; all others without it. */
  peers?: readonly number[];
  /** Bytes a second of copies; without it they take no time. */
  copyRate?: number;
}

/** Options of {@linkcode fakeCudaDriver}. */
export interface FakeCudaOptions {
  devices: readonly FakeCudaDevice[];
  /** CUDA version of the driver, 1000 major + 10 minor; 13000 without it. Later functions are not there. */
  driver?: number;
  /** Bytes of the pieces that `cuMemCreate` makes. */
  granularity?: number;
  /** Bytes that each context takes. */
  overhead?: number;
  /** Bytes that each module takes: when it is loaded or, `lazy`, when its code is first launched. */
  moduleBytes?: number;
  lazy?: boolean;
  /** Bytes by which memory pools grow. */
  poolChunk?: number;
  /** Functions that the libraries have not. */
  missing?: readonly string[];
  /** Sanitizers to build the libraries with, which their programs must have too: `address,undefined`. */
  sanitize?: string;
}

/** A fake driver. Dispose it to remove its directory. */
export interface FakeCudaDriver extends Disposable {
  /** The directory with both libraries, for `LD_LIBRARY_PATH`. */
  readonly directory: string;
  /** Path of `libcuda.so.1`. */
  readonly cuda: string;
  /** Path of `libnvidia-ml.so.1`. */
  readonly nvml: string;
  /** How often all processes have called an exported function: `cuMemAlloc_v2`. */
  calls(name: string): number;
  /** Lets a function answer a code, `times` times (always, without it) after `after` further calls. */
  fail(name: string, code: number, options?: { after?: number; times?: number }): void;
  /** What programs did that a GPU does not forgive. */
  misuse(): {
    /** Memory unmapped or freed under work that used it. */
    unsynchronised: number;
    /** Accesses of kernels to what is not mapped for their device. */
    illegal: number;
  };
}

/**
 * The functions of `libcuda.so.1`: symbol, name for `cuGetProcAddress`, and CUDA version from which it is meant
 * by that name.
 */
export function cudaFunctions(): { symbol: string; base: string; version: number }[] {
  const table = Deno.readTextFileSync(join(sources, "table.h"));
  return [...table.matchAll(/^X\((\w+), (\w+), (\d+), \w+\)$/gm)].map((
    [, symbol = "", base = "", version],
  ) => ({ symbol, base, version: Number(version) }));
}

// Layout of the head of `struct state`.
const FAULTS = 64;
const FAULT_BYTES = 96;
const COUNTERS = FAULTS + 64 * FAULT_BYTES;
const COUNTER_BYTES = 64;

/**
 * Builds a fake driver in a directory of its own.
 *
 * @throws {Error} with the compiler's messages where it refuses.
 */
export function fakeCudaDriver(options: FakeCudaOptions): FakeCudaDriver {
  const built = buildLibraries(options);
  const directory = Deno.makeTempDirSync({ prefix: "mvgal-fake-driver-" });
  const cuda = join(directory, "libcuda.so.1");
  const nvml = join(directory, "libnvidia-ml.so.1");
  // Copies: the loader knows files by their inodes, and each fake has a state of its own.
  Deno.copyFileSync(built.cuda, cuda);
  Deno.copyFileSync(built.nvml, nvml);
  Deno.writeTextFileSync(join(directory, "driver.txt"), describe(options));
  const path = join(directory, "state");
  Deno.writeFileSync(path, new Uint8Array(COUNTERS));
  return {
    directory,
    cuda,
    nvml,
    calls: (name) => readCalls(path, name),
    fail: (name, code, { after = 0, times = 0x7fffffff } = {}) =>
      addFault(path, name, code, after, times),
    misuse: () => {
      const view = new DataView(read(path, 8, 16).buffer);
      return {
        unsynchronised: Number(view.getBigUint64(0, true)),
        illegal: Number(view.getBigUint64(8, true)),
      };
    },
    [Symbol.dispose]: () => Deno.removeSync(directory, { recursive: true }),
  };
}

function buildLibraries(options: FakeCudaOptions): { cuda: string; nvml: string } {
  const files = [...Deno.readDirSync(sources)].map(({ name }) => join(sources, name)).sort();
  const driver = options.driver ?? 13000;
  const functions = cudaFunctions();
  const there = new Set(
    functions.filter(({ version }) => version <= driver).map(({ symbol }) => symbol),
  );
  const absent = functions.map(({ symbol }) => symbol).filter((symbol) => !there.has(symbol))
    .concat(options.missing ?? []);
  const script = exportScript(absent);
  const common = ["state.c", "engine.c", "extents.c"].map((name) => join(sources, name));
  const args = [
    "-D_GNU_SOURCE",
    "-g",
    "-O1",
    "-shared",
    "-fPIC",
    "-pthread",
    "-fvisibility=hidden",
    // As in the real ones, what they call of themselves is their own, whatever comes before them.
    "-Wl,-Bsymbolic",
    `-Wl,--version-script=${script}`,
    ...(options.sanitize === undefined ? [] : [
      `-fsanitize=${options.sanitize}`,
      "-fno-omit-frame-pointer",
      "-fno-sanitize-recover=undefined",
    ]),
  ];
  const others = (main: string, all: readonly string[]) =>
    all.filter((file) => file.endsWith(".c") && file !== join(sources, main));
  return {
    cuda: compile({
      name: "libcuda.so.1",
      source: { file: join(sources, "driver.c") },
      args: [...args, ...others("driver.c", files).filter((file) => !file.endsWith("/nvml.c"))],
      includes: files,
    }),
    nvml: compile({
      name: "libnvidia-ml.so.1",
      source: { file: join(sources, "nvml.c") },
      args: [...args, ...common],
      includes: files,
    }),
  };
}

/** A linker's script that exports all but some functions. Its name tells what is in it. */
function exportScript(absent: readonly string[]): string {
  const text = `{ global: cu*; nvml*; local: ${absent.map((name) => `${name}; `).join("")}*; };\n`;
  const directory = join(root, "build", "tests");
  const hash = createHash("sha256").update(text).digest("hex").slice(0, 16);
  const path = join(directory, `cuda-driver-${hash}.map`);
  Deno.mkdirSync(directory, { recursive: true });
  const temporary = Deno.makeTempFileSync({ dir: directory });
  Deno.writeTextFileSync(temporary, text);
  Deno.renameSync(temporary, path);
  return path;
}

function describe(options: FakeCudaOptions): string {
  const lines: [string, string | number | undefined][] = [
    ["driver", options.driver ?? 13000],
    ["granularity", options.granularity],
    ["overhead", options.overhead],
    ["module_bytes", options.moduleBytes],
    ["lazy", options.lazy === undefined ? undefined : Number(options.lazy)],
    ["pool_chunk", options.poolChunk],
    ...(options.missing ?? []).map((name): [string, string] => ["missing", name]),
  ];
  options.devices.forEach((device, index) => {
    const digits = index.toString(16).padStart(2, "0");
    lines.push(
      ["device", index],
      ["name", device.name ?? "NVIDIA H200"],
      ["memory", device.memory],
      ["reserved", device.reserved],
      ["pci", device.pci ?? `0000:${(0x10 + index).toString(16)}:00.0`],
      ["uuid", device.uuid ?? `${digits}c0ffee000040008000`.padEnd(30, "0") + digits],
      ["capability", device.capability ?? "9.0"],
      ["processors", device.processors ?? 132],
      ["copy_rate", device.copyRate],
      [
        "peers",
        (device.peers ?? options.devices.map((_, other) => other).filter((o) => o !== index))
          .join(" "),
      ],
    );
  });
  return lines.filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key} ${value}\n`).join("");
}

function read(path: string, offset: number, length: number): Uint8Array<ArrayBuffer> {
  using file = Deno.openSync(path);
  file.seekSync(offset, Deno.SeekMode.Start);
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length;) {
    const got = file.readSync(bytes.subarray(done));
    if (got === null) break;
    done += got;
  }
  return bytes;
}

function readCalls(path: string, name: string): number {
  const used = new DataView(read(path, 24, 4).buffer).getUint32(0, true);
  const counters = read(path, COUNTERS, used * COUNTER_BYTES);
  for (let i = 0; i < used; i++) {
    const entry = counters.slice(i * COUNTER_BYTES, (i + 1) * COUNTER_BYTES);
    const length = entry.indexOf(0);
    if (new TextDecoder().decode(entry.subarray(0, length)) !== name) continue;
    return Number(new DataView(entry.buffer).getBigUint64(56, true));
  }
  return 0;
}

function addFault(path: string, name: string, code: number, after: number, times: number): void {
  using file = Deno.openSync(path, { read: true, write: true });
  const used = new DataView(read(path, 4, 4).buffer).getUint32(0, true);
  if (used === 64) throw new Error(`${name}: the fake driver takes no more than 64 faults`);
  const entry = new Uint8Array(FAULT_BYTES);
  const view = new DataView(entry.buffer);
  entry.set(new TextEncoder().encode(name).subarray(0, 63));
  view.setBigInt64(64, BigInt(after), true);
  view.setInt32(72, code, true);
  view.setInt32(76, times, true);
  file.seekSync(FAULTS + used * FAULT_BYTES, Deno.SeekMode.Start);
  file.writeSync(entry);
  // The number last: what it does not count, nobody reads.
  file.seekSync(4, Deno.SeekMode.Start);
  file.writeSync(new Uint8Array(new Uint32Array([used + 1]).buffer));
}
