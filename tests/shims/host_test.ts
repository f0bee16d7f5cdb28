import assert from "node:assert/strict";
import { join } from "node:path";
import {
  HOST_SYMBOLS,
  INSTRUCTION_SETS,
  openHostLibrary,
  OPERATIONS,
  PRECISIONS,
  STORES,
} from "../../ffi/host.ts";
import { hasCommand, thisHost } from "../../scripts/setup/probe.ts";

const ROOT = join(import.meta.dirname ?? ".", "../..");
const SHIM = join(ROOT, "shims/host");
const BUILT = join(ROOT, "build/shims");

const hasCc = hasCommand(thisHost(), "cc");
const built = openHostLibrary([BUILT]);
if (built.state === "ok") built.library[Symbol.dispose]();

function run(command: string, args: readonly string[]): { code: number; text: string } {
  const { code, stdout, stderr } = new Deno.Command(command, { args: [...args] }).outputSync();
  const decoder = new TextDecoder();
  return { code, text: decoder.decode(stdout) + decoder.decode(stderr) };
}

/** Whether the compiler has the run-time library of a sanitizer. */
function hasSanitizer(library: string): boolean {
  return hasCc && run("cc", [`-print-file-name=${library}`]).text.startsWith("/");
}

/** Compiles the driver with the shim's sources, runs it, and expects no complaint. */
function runDriver(flags: readonly string[], wrapper: readonly string[] = []): void {
  const directory = Deno.makeTempDirSync();
  try {
    const driver = join(directory, "driver");
    const sources = Array.from(Deno.readDirSync(SHIM), (entry) => entry.name)
      .filter((name) => name.endsWith(".c")).map((name) => join(SHIM, name));
    const compiled = run("cc", [
      ...["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-g", "-ffp-contract=off", "-pthread"],
      ...flags,
      `-I${SHIM}`,
      join(ROOT, "tests/shims/host_driver.c"),
      ...sources,
      ...["-o", driver, "-lm"],
    ]);
    assert.equal(compiled.code, 0, compiled.text);
    const [command, ...args] = [...wrapper, driver];
    const { code, text } = run(command ?? driver, args);
    assert.equal(code, 0, text);
    assert.match(text, /^instruction set \d$/m);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

/** A test that is skipped, by name, where `missing` says what the host lacks. */
function testUnless(missing: string | null, name: string, fn: () => void): void {
  const suffix = missing === null ? "" : ` (skipped: ${missing})`;
  Deno.test({ name: `${name}${suffix}`, ignore: missing !== null, fn });
}

const noCc = hasCc ? null : "no C compiler";

testUnless(noCc, "libmvgal_host measures, checks and refuses without optimisation", () => {
  runDriver(["-O0"]);
});

testUnless(
  noCc ?? (hasCommand(thisHost(), "valgrind") ? null : "no valgrind"),
  "libmvgal_host is clean under valgrind",
  () =>
    runDriver(["-O2"], [
      "valgrind",
      "--quiet",
      "--error-exitcode=9",
      "--leak-check=full",
      "--errors-for-leak-kinds=all",
    ]),
);

testUnless(
  hasSanitizer("libasan.so") && hasSanitizer("libubsan.so")
    ? null
    : "no libasan and libubsan for the C compiler",
  "libmvgal_host is clean under AddressSanitizer and UndefinedBehaviorSanitizer",
  () => runDriver(["-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]),
);

testUnless(
  hasSanitizer("libtsan.so") ? null : "no libtsan for the C compiler",
  "libmvgal_host is clean under ThreadSanitizer",
  () => runDriver(["-O1", "-fsanitize=thread"]),
);

Deno.test("exports.map lists the functions that ffi/host.ts binds", () => {
  const map = Deno.readTextFileSync(join(SHIM, "exports.map"));
  const listed = Array.from(map.matchAll(/^\t(mvgal_host_\w+);$/gm), ([, name]) => name);
  assert.deepEqual(listed, HOST_SYMBOLS);
});

testUnless(
  built.state === "absent"
    ? "libmvgal_host.so is not built"
    : hasCommand(thisHost(), "nm")
    ? null
    : "no nm",
  "libmvgal_host.so exports what exports.map lists, and no more",
  () => {
    const { text } = run("nm", ["-D", "--defined-only", join(BUILT, "libmvgal_host.so")]);
    const exported = Array.from(text.matchAll(/ T (\w+)$/gm), ([, name]) => name);
    assert.deepEqual(exported.sort(), [...HOST_SYMBOLS].sort());
  },
);

Deno.test("host.h numbers its enumerations as ffi/host.ts does", () => {
  const header = Deno.readTextFileSync(join(SHIM, "host.h"));
  const numbers = (prefix: string, names: readonly string[]) =>
    names.map((name) => {
      const constant = `MVGAL_HOST_${prefix}${name.toUpperCase()}`;
      return Number(new RegExp(`\\b${constant} = (\\d+)`).exec(header)?.[1]);
    });
  const inOrder = (names: readonly string[]) => names.map((_, index) => index);
  assert.deepEqual(numbers("ISA_", INSTRUCTION_SETS), inOrder(INSTRUCTION_SETS));
  for (const names of [OPERATIONS, STORES, PRECISIONS]) {
    assert.deepEqual(numbers("", names), inOrder(names));
  }
});

testUnless(
  built.state === "ok" ? null : "libmvgal_host.so is not built",
  "openHostLibrary() measures on one CPU and refuses what the library refuses",
  () => {
    const opened = openHostLibrary(["/nonexistent", BUILT]);
    assert.ok(opened.state === "ok");
    using library = opened.library;
    const cpu = allowedCpu();
    const [isa] = library.instructionSets();
    assert.ok(isa !== undefined);

    const fma = library.fma([cpu], isa, "fp64", 1000, 3n);
    assert.ok(fma.nanoseconds > 0 && fma.work > 0 && fma.checked > 0);
    assert.equal(fma.wrong, 0);
    assert.equal(library.clock([cpu], 6400).work, 6400);

    const arena = library.createArena(8192, [cpu], 1n);
    for (const operation of OPERATIONS) {
      const sample = arena.measure(isa, operation, "cached", 2);
      assert.equal(sample.wrong, 0);
      assert.equal(sample.checked, 1024);
      assert.equal(sample.work, 2 * 8192 * { read: 1, write: 1, copy: 2, triad: 3 }[operation]);
    }
    assert.throws(() => arena.measure(isa, "triad", "libc", 1), /mvgal_host_memory: EINVAL/);
    arena[Symbol.dispose]();
    arena[Symbol.dispose]();
    assert.throws(() => arena.measure(isa, "read", "cached", 1), /disposed/);
    assert.throws(() => library.fma([4095], isa, "fp32", 1000, 1n), /EINVAL/);
    assert.throws(() => library.createArena(100, [cpu], 1n), /mvgal_host_arena_create: EINVAL/);
  },
);

testUnless(
  built.state === "ok" ? null : "libmvgal_host.so is not built",
  "openHostLibrary() opens a library that is in memory alone",
  () => {
    using _file = Deno.openSync(join(BUILT, "libmvgal_host.so"));
    const held = Array.from(Deno.readDirSync("/proc/self/fd"), ({ name }) => name)
      .find((name) => linkTarget(`/proc/self/fd/${name}`).endsWith("/libmvgal_host.so"));
    const opened = openHostLibrary([`/proc/self/fd/${held}`]);
    assert.ok(opened.state === "ok");
    opened.library[Symbol.dispose]();
  },
);

Deno.test("openHostLibrary() says where it looked", () => {
  for (const place of ["/nonexistent", "/proc/self/fd/999999"]) {
    const opened = openHostLibrary([place]);
    assert.ok(opened.state === "absent");
    assert.ok(opened.reason.startsWith(`${place}: `), opened.reason);
  }
  assert.deepEqual(openHostLibrary([]), {
    state: "absent",
    reason: "libmvgal_host.so is not built",
  });
});

Deno.test("openHostLibrary() refuses a library that has not its functions", () => {
  const opened = openHostLibrary(["libc.so.6"]);
  assert.ok(opened.state === "absent");
  assert.match(opened.reason, /no symbol mvgal_host_/);
});

testUnless(noCc, "openHostLibrary() refuses a library with another interface", () => {
  const directory = Deno.makeTempDirSync();
  try {
    const source = HOST_SYMBOLS.map((name) => `int ${name}(void) { return 99; }\n`).join("");
    Deno.writeTextFileSync(join(directory, "other.c"), source);
    const library = join(directory, "libmvgal_host.so");
    const { code, text } = run("cc", ["-shared", "-o", library, join(directory, "other.c")]);
    assert.equal(code, 0, text);
    const opened = openHostLibrary([directory]);
    assert.ok(opened.state === "absent");
    assert.equal(opened.reason, `${library}: it has interface 99, not 1: build the shims again`);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});

/** What a link leads to; nothing where it is gone. */
function linkTarget(path: string): string {
  try {
    return Deno.readLinkSync(path);
  } catch {
    return "";
  }
}

function allowedCpu(): number {
  const status = Deno.readTextFileSync("/proc/self/status");
  return Number(/^Cpus_allowed_list:\s*(\d+)/m.exec(status)?.[1]);
}
