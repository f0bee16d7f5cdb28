/**
 * A launcher with a small program behind it in Deno's place, in a directory of its own.
 *
 * @module
 */

import { dirname, join } from "node:path";
import {
  buildLauncher,
  type BuiltLauncher,
  compiler,
  missingForLauncher,
} from "../../scripts/compile/build_launcher.ts";
import {
  compress,
  pack,
  type PackedFile,
  packFile,
  type Payload,
  type Role,
  writeExecutable,
} from "../../scripts/compile/pack.ts";

/** Why no launcher can be built here; undefined where one can. */
export const ABSENT: string | undefined = missingForLauncher();

/** Whether a command can be run and succeeds. */
function succeeds(command: string, ...args: string[]): boolean {
  try {
    return new Deno.Command(command, { args, stderr: "null" }).outputSync().success;
  } catch {
    return false;
  }
}

/** Whether this process may mount, chroot and give files away. */
export const IS_ROOT: boolean = Deno.uid() === 0 && succeeds("unshare", "--mount", "true");

const HAS_BASH = succeeds("/bin/bash", "-c", "true");

/** Registers a test, or skips it by name where `missing` says what it needs. */
function register(name: string, missing: string | undefined, run: () => Promise<void> | void) {
  if (missing === undefined) Deno.test(name, run);
  else Deno.test({ name: `${name} (skipped: needs ${missing})`, ignore: true, fn: run });
}

/** Registers a test that needs a launcher, and is skipped by name where none can be built. */
export function launcherTest(name: string, run: () => Promise<void> | void): void {
  register(name, ABSENT, run);
}

/** The same, with descriptors of more than one digit, which only bash can redirect. */
export function bashTest(name: string, run: () => Promise<void> | void): void {
  register(name, ABSENT ?? (HAS_BASH ? undefined : "bash"), run);
}

/** The same, for what only root may set up. */
export function rootTest(name: string, run: () => Promise<void> | void): void {
  register(name, ABSENT ?? (IS_ROOT ? undefined : "root, unshare and setpriv"), run);
}

/** What a start of the executable gave. */
export interface Outcome {
  readonly code: number;
  readonly signal: Deno.Signal | null;
  readonly stdout: string;
  readonly stderr: string;
  /** What the fake runtime's `report` says, by name. */
  readonly report: ReadonlyMap<string, string>;
  /** The arguments and the environment that it had. */
  readonly args: readonly string[];
  readonly env: ReadonlyMap<string, string>;
}

/** A launcher and the directories that it works with. Dispose it to remove them. */
export interface Fixture extends Disposable {
  /** Holds all else. */
  readonly root: string;
  /** The single file. */
  readonly executable: string;
  /** An empty home directory. */
  readonly home: string;
  /** `home`/.cache/mvgal. */
  readonly store: string;
  /** Where in it this executable's files go. */
  readonly cache: string;
}

interface Built {
  readonly launcher: BuiltLauncher;
  /** The fake runtime. */
  readonly runtime: PackedFile;
}

let built: Built | undefined;

/** Builds the launcher and the fake runtime once a test file. */
export function build(): Built {
  if (built !== undefined) return built;
  const directory = Deno.makeTempDirSync({ prefix: "mvgal-launcher-build-" });
  globalThis.addEventListener("unload", () => Deno.removeSync(directory, { recursive: true }));
  const runtime = join(directory, "runtime");
  const source = join(import.meta.dirname ?? ".", "fake_runtime.c");
  const { success, stderr } = new Deno.Command(compiler(), {
    args: ["-Wall", "-Wextra", "-Werror", "-O1", "-static", "-o", runtime, source],
  }).outputSync();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return built = {
    launcher: buildLauncher(directory, "runtime"),
    runtime: file("runtime", "runtime", 0o500, Deno.readFileSync(runtime)),
  };
}

function file(role: Role, name: string, mode: number, content: Uint8Array | string) {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  return packFile({ role, name, mode }, bytes, compress(bytes, 1));
}

/** What is packed unless a test says otherwise. */
export function fakePayload(): Payload {
  return {
    files: [
      build().runtime,
      file("asset", "shims/libmvgal_fake.so", 0o400, "the shim"),
      file("script", "script.js", 0o400, "the script"),
      file("state", "deno/state", 0o600, "the state"),
    ],
    args: ["--script={script}", "--dir={dir}"],
    env: { RUNTIME_DIR: "{dir}/deno" },
    hide: ["FAKE_", "DENO_"],
    mask: ["dx"],
    scriptFd: 1000,
  };
}

/** Makes an executable with `payload` behind it, and an empty home. */
export function fixture(payload: Payload = fakePayload()): Fixture {
  const root = Deno.makeTempDirSync({ prefix: "mvgal-launcher-" });
  const executable = join(root, "mvgal");
  const home = join(root, "home");
  Deno.mkdirSync(home);
  const hash = writePacked(executable, payload);
  const store = join(home, ".cache/mvgal");
  return {
    root,
    executable,
    home,
    store,
    cache: join(store, hash),
    [Symbol.dispose]: () => Deno.removeSync(root, { recursive: true }),
  };
}

/** Writes an executable with `payload` behind it; its hash. */
export function writePacked(path: string, payload: Payload): string {
  const { parts, hash } = pack(Deno.readFileSync(build().launcher.launcher), payload);
  writeExecutable(path, parts);
  return hash;
}

/** Lines NAME=VALUE by name. */
function pairs(lines: readonly string[]): Map<string, string> {
  return new Map(lines.map((line) => {
    const at = line.indexOf("=");
    return [line.slice(0, at), line.slice(at + 1)];
  }));
}

/**
 * Runs a command with this environment and no other, and reads what the fake runtime says.
 *
 * @param stdin text for standard input.
 */
export async function run(
  command: readonly string[],
  env: Record<string, string>,
  stdin: string = "",
): Promise<Outcome> {
  const [program = "", ...args] = command;
  const child = new Deno.Command(program, {
    args,
    env,
    clearEnv: true,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const output = child.output();
  const writer = child.stdin.getWriter();
  // A program that has ended does not read.
  await writer.write(new TextEncoder().encode(stdin)).catch(() => {});
  await writer.close().catch(() => {});
  const { code, signal, stdout, stderr } = await output;
  const decoder = new TextDecoder();
  const text = decoder.decode(stdout);
  const lines = text.split("\n").filter((line) => line.includes("="));
  const environment = lines.filter((line) => line.startsWith("env:"));
  return {
    code,
    signal,
    stdout: text,
    stderr: decoder.decode(stderr),
    report: pairs(lines.filter((line) => !line.startsWith("env:") && !line.startsWith("arg="))),
    args: lines.filter((line) => line.startsWith("arg=")).map((line) => line.slice(4)),
    env: pairs(environment.map((line) => line.slice(4))),
  };
}

/** Starts the executable with the fixture's home as `HOME` and has the runtime report. */
export function report(
  { executable, home }: Fixture,
  ...args: readonly string[]
): Promise<Outcome> {
  return run([executable, "report", ...args], { HOME: home });
}

/** Copies a file's modification time, to the nanosecond, which Deno's own functions do not. */
function copyTime(from: string, to: string): void {
  const { success } = new Deno.Command("touch", { args: ["-r", from, to] }).outputSync();
  if (!success) throw new Error(`touch -r ${from} ${to} failed`);
}

/** Flips one bit of a file and puts its modification time back, as failing storage would leave it. */
export function flipBit(path: string, offset: number): void {
  const mode = (Deno.statSync(path).mode ?? 0) & 0o7777;
  const reference = Deno.makeTempFileSync();
  copyTime(path, reference);
  Deno.chmodSync(path, 0o700);
  {
    using file = Deno.openSync(path, { read: true, write: true });
    const byte = new Uint8Array(1);
    file.seekSync(offset, Deno.SeekMode.Start);
    file.readSync(byte);
    byte[0] = (byte[0] ?? 0) ^ 1;
    file.seekSync(offset, Deno.SeekMode.Start);
    file.writeSync(byte);
  }
  Deno.chmodSync(path, mode);
  copyTime(reference, path);
  Deno.removeSync(reference);
}

/** Names below a directory that no start may leave behind. */
export function leftovers(directory: string): string[] {
  return Array.from(Deno.readDirSync(directory), ({ name }) => name)
    .filter((name) => name !== ".lock" && !/^[0-9a-f]{64}$/.test(name));
}

/** Where in a file some text is. */
export function offsetOf(path: string, text: string): number {
  const at = new TextDecoder("latin1").decode(Deno.readFileSync(path)).indexOf(text);
  if (at < 0) throw new Error(`${path} does not hold ${text}`);
  return at;
}

/** A parent directory that exists. */
export function makeParent(path: string): string {
  Deno.mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  return path;
}
