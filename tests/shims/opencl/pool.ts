/**
 * The OpenCL shim over PoCL, and programs that run on it.
 *
 * @module
 */

import { join } from "node:path";
import { compile, compiler } from "../../fakes/cc.ts";
import { ownRuntime } from "../../session/own_runtime.ts";
import { type Build, library, objects, SANITIZERS } from "./build.ts";

const HERE = import.meta.dirname ?? ".";
const SHIMS = join(HERE, "..", "..", "..", "shims");
const VENDOR = "/etc/OpenCL/vendors/pocl.icd";

const FLAGS = [...SANITIZERS, "-pthread"];

/** All files of the shim: what is linked with it is another when they change. */
function files(): string[] {
  return ["opencl", "opencl/analysis", "session"].flatMap((part) =>
    [...Deno.readDirSync(join(SHIMS, part))].map(({ name }) => name)
      .filter((name) => /\.[ch]$/.test(name)).sort().map((name) => join(SHIMS, part, name))
  );
}

/** A program of the whole shim and a test's file. */
export function linked(file: string): string {
  const include = ["opencl/analysis", "session", "include"].map((part) => `-I${join(SHIMS, part)}`);
  const parts = objects("sanitized", ["opencl", "opencl/analysis", "session"]);
  return compile({
    name: file.replace(/\.c$/, ""),
    source: { file: join(HERE, file) },
    args: [...parts, ...FLAGS, ...include, "-ldl", "-lm"],
    includes: files(),
  });
}

/** The shim; with sanitizers for programs that have them too. */
export function shim(how: Build = "sanitized"): string {
  return library(how);
}

/** An OpenCL program for one device, with sanitizers as its shim. */
export function program(name: string): string {
  const at = join(HERE, "programs");
  return compile({
    name,
    source: { file: join(at, `${name}.c`) },
    args: [...FLAGS, "-Wl,--no-as-needed", "-l:libOpenCL.so.1"],
    includes: ["common.h", "random.h"].map((name) => join(at, name)),
  });
}

/** Temporary directories of vendors. */
export class Vendors implements Disposable {
  readonly directory = Deno.makeTempDirSync({ prefix: "mvgal-opencl-" });

  constructor(entries: Record<string, string>) {
    for (const [name, library] of Object.entries(entries)) {
      Deno.writeTextFileSync(join(this.directory, `${name}.icd`), `${library}\n`);
    }
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.directory, { recursive: true });
  }
}

/** PoCL's library, as its file names it. */
export function poclLibrary(): string {
  return Deno.readTextFileSync(VENDOR).trim();
}

/**
 * Whether PoCL (3.1) ended a program by an assertion of its own: it now and then miscounts who uses a kernel's
 * code where two devices run it at once. Such a run says nothing of the pool.
 */
export function isPoclsOwnEnd({ code, errors }: { code: number; errors: string }): boolean {
  return code === 134 && /pocl_release_dlhandle_cache: Assertion/.test(errors);
}

/** How a program ended, and what it said. */
export interface Ended {
  code: number;
  out: string;
  errors: string;
}

function commandOf(
  command: string,
  args: readonly string[],
  env: Record<string, string>,
  input: string,
): Deno.Command {
  return new Deno.Command("sh", {
    args: ["-c", 'exec timeout 120 "$@" <"$MVGAL_TEST_INPUT"', "sh", command, ...args],
    env: {
      POCL_DEVICES: "pthread pthread",
      ASAN_OPTIONS: "detect_leaks=0",
      MVGAL_TEST_INPUT: input,
      MVGAL_RUNTIME_DIR: ownRuntime(),
      ...env,
    },
    stdin: "null",
  });
}

function endedOf({ code, stdout, stderr }: Deno.CommandOutput): Ended {
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), errors: text(stderr) };
}

/** Runs a program on two devices of PoCL; `input` is a file's path. */
export function run(
  command: string,
  args: readonly string[],
  env: Record<string, string>,
  input = "/dev/null",
): Ended {
  for (let attempt = 0;; attempt++) {
    const ended = endedOf(commandOf(command, args, env, input).outputSync());
    if (attempt === 3 || !isPoclsOwnEnd(ended)) return ended;
  }
}

/** The same beside others. */
export async function runBeside(
  command: string,
  args: readonly string[],
  env: Record<string, string>,
): Promise<Ended> {
  for (let attempt = 0;; attempt++) {
    const ended = endedOf(await commandOf(command, args, env, "/dev/null").output());
    if (attempt === 3 || !isPoclsOwnEnd(ended)) return ended;
  }
}

/** Where in its launches a device fails, counted from 0, and how; see `tests/fakes/opencl_failing.c`. */
export interface Failure {
  device: number;
  launch: number;
  how: "launch" | "refuse" | "read" | "slow";
}

/** Runs a program on a pool of three devices, launches in parts; perhaps one of them fails. */
export async function runInParts(
  name: string,
  args: readonly string[],
  failure?: Failure,
): Promise<Ended> {
  using pool = new Vendors({ mvgal: shim() });
  using vendors = new Vendors({
    inner: failure === undefined ? poclLibrary() : fakeVendor("failing"),
  });
  return await runBeside(program(name), args, {
    POCL_DEVICES: "pthread pthread pthread",
    OCL_ICD_VENDORS: pool.directory,
    MVGAL_OPENCL_VENDORS: vendors.directory,
    MVGAL_SPLIT: "force",
    ...failure === undefined ? {} : {
      FAILING_VENDOR: poclLibrary(),
      FAILING_DEVICE: String(failure.device),
      FAILING_LAUNCH: String(failure.launch),
      FAILING_HOW: failure.how,
    },
  });
}

/**
 * Does all of something, as many at once as there are processors; the first one alone, for PoCL's cache: it does not
 * bear two processes that compile the same where neither has before.
 */
export async function together<T>(
  items: Iterable<T>,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const [first, ...rest] = items;
  if (first === undefined) return;
  await work(first);
  const worker = async () => {
    for (let item = rest.shift(); item !== undefined; item = rest.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: navigator.hardwareConcurrency }, worker));
}

/** A vendor of `tests/fakes`, whose devices are PoCL's: unlike each other, or such that can fail. */
export function fakeVendor(name: "unlike" | "failing"): string {
  return compile({
    name: `libmvgal_test_${name}_vendor.so`,
    source: {
      file: join(import.meta.dirname ?? ".", "..", "..", "fakes", `opencl_${name}.c`),
    },
    args: ["-shared", "-fPIC", "-O1", "-g", "-pthread", "-ldl"],
  });
}

function missing(commands: readonly string[]): string | undefined {
  const has = (path: string) => {
    try {
      return Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  };
  if (compiler === null) return "C compiler";
  if (!has("/usr/include/CL/cl_icd.h")) return "OpenCL headers";
  if (!has(VENDOR)) return "PoCL";
  const loader = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64"];
  if (!loader.some((at) => has(`${at}/libOpenCL.so.1`))) return "OpenCL loader";
  return commands.find((name) => !has(name.startsWith("/") ? name : `/usr/bin/${name}`));
}

/** Declares a test that needs PoCL, and perhaps commands or libraries; where they are missing it is skipped by name. */
export function poclTest(
  name: string,
  fn: () => void | Promise<void>,
  commands: readonly string[] = [],
): void {
  const without = missing(commands);
  const ignore = without !== undefined;
  Deno.test({ name: ignore ? `${name} (skipped: no ${without})` : name, ignore, fn });
}
