import assert from "node:assert/strict";
import { openLibrary } from "../../ffi/library.ts";
import { compile, compilerTest } from "../fakes/cc.ts";

const sample = () =>
  compile({
    name: "libsample.so.1",
    source: "int twice(int x) { return 2 * x; }\nint thrice(int x) { return 3 * x; }\n",
    args: ["-shared", "-fPIC"],
  });

const TWICE = { twice: { parameters: ["i32"], result: "i32" } } as const;

compilerTest("openLibrary() binds the functions of a library", () => {
  const path = sample();
  const opened = openLibrary([path], {
    ...TWICE,
    threefold: { name: "thrice", parameters: ["i32"], result: "i32" },
  });
  assert.equal(opened.state, "ok");
  if (opened.state !== "ok") return;
  using library = opened.library;
  assert.equal(library.soname, path);
  assert.equal(library.symbols.twice(21), 42);
  assert.equal(library.symbols.threefold(5), 15);
});

compilerTest("openLibrary() takes the first name that loads", () => {
  const opened = openLibrary(["libmvgal-none.so.1", sample(), "libmvgal-none.so.2"], TWICE);
  assert.equal(opened.state, "ok");
  if (opened.state === "ok") opened.library[Symbol.dispose]();
});

Deno.test("openLibrary() says that a library is absent, as a value of one line", () => {
  const opened = openLibrary(["libmvgal-none.so.2", "libmvgal-none.so.1"], TWICE);
  assert.deepEqual(opened, {
    state: "absent",
    reason: "libmvgal-none.so.2, libmvgal-none.so.1: " +
      "cannot open shared object file: No such file or directory",
    present: false,
  });
});

compilerTest("openLibrary() names the required symbol that a library lacks", () => {
  const path = sample();
  const opened = openLibrary([path, "libmvgal-none.so.1"], {
    ...TWICE,
    fourfold: { parameters: ["i32"], result: "i32" },
  });
  assert.deepEqual(opened, {
    state: "absent",
    reason: `${path}: it has no symbol fourfold; ` +
      "libmvgal-none.so.1: cannot open shared object file: No such file or directory",
    present: true,
  });
});

compilerTest("openLibrary() gives null for an optional symbol that a library lacks", () => {
  const opened = openLibrary([sample()], {
    ...TWICE,
    fourfold: { parameters: ["i32"], result: "i32", optional: true },
    thrice: { parameters: ["i32"], result: "i32", optional: true },
  });
  assert.equal(opened.state, "ok");
  if (opened.state !== "ok") return;
  using library = opened.library;
  assert.equal(library.symbols.fourfold, null);
  assert.equal(library.symbols.thrice?.(2), 6);
});

Deno.test("openLibrary() says what is wrong with a file that is no library", () => {
  const path = Deno.makeTempFileSync({ suffix: ".so" });
  try {
    Deno.writeTextFileSync(path, "not a library\n".repeat(100));
    const opened = openLibrary([path], TWICE);
    assert.equal(opened.state, "absent");
    if (opened.state !== "absent") return;
    assert.equal(opened.reason, `${path}: invalid ELF header`);
    assert.equal(opened.present, true);
  } finally {
    Deno.removeSync(path);
  }
});

compilerTest("openLibrary() tells a missing dependency from a missing library", () => {
  const inner = compile({
    name: "libmvgal-inner.so",
    source: "int inner(void) { return 1; }\n",
    args: ["-shared", "-fPIC", "-Wl,-soname,libmvgal-inner.so"],
  });
  const path = compile({
    name: "libmvgal-outer.so",
    source: "int inner(void);\nint twice(int x) { return inner() + x; }\n",
    args: ["-shared", "-fPIC", "-Wl,--no-as-needed", inner],
  });
  const opened = openLibrary([path], TWICE);
  assert.deepEqual(opened, {
    state: "absent",
    reason: `${path}: libmvgal-inner.so: cannot open shared object file: No such file or directory`,
    present: true,
  });
});

compilerTest("a disposed library refuses to be called, in place of ending the process", () => {
  const opened = openLibrary([sample()], TWICE);
  assert.equal(opened.state, "ok");
  if (opened.state !== "ok") return;
  const { library } = opened;
  library[Symbol.dispose]();
  library[Symbol.dispose]();
  assert.throws(() => library.symbols.twice(1), /libsample\.so\.1 is closed/);
});

compilerTest("a resident library stays mapped when it is disposed, another does not", () => {
  const mapped = (path: string) => Deno.readTextFileSync("/proc/self/maps").includes(path);
  const directory = Deno.makeTempDirSync();
  try {
    for (const resident of [false, true]) {
      const path = `${directory}/libsample-${resident}.so`;
      Deno.copyFileSync(sample(), path);
      const opened = openLibrary([path], TWICE, { resident });
      assert.equal(opened.state, "ok");
      if (opened.state !== "ok") return;
      assert.ok(mapped(path));
      opened.library[Symbol.dispose]();
      assert.equal(mapped(path), resident);
    }
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});

Deno.test("openLibrary() says which permission it lacks", () => {
  const script = Deno.makeTempFileSync({ suffix: ".ts" });
  try {
    Deno.writeTextFileSync(
      script,
      `import { openLibrary } from ${JSON.stringify(import.meta.resolve("../../ffi/library.ts"))};
       console.log(JSON.stringify(openLibrary(["libc.so.6"], {})));`,
    );
    const { stdout } = new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "--no-lock", "--no-config", script],
    }).outputSync();
    assert.deepEqual(JSON.parse(new TextDecoder().decode(stdout)), {
      state: "absent",
      reason: "libc.so.6: not allowed to load it: run with --allow-ffi",
      present: false,
    });
  } finally {
    Deno.removeSync(script);
  }
});
