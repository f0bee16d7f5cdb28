import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { compile } from "../../fakes/cc.ts";
import { library, SANITIZERS } from "./build.ts";
import { poclLibrary, poclTest, run, shim, Vendors } from "./pool.ts";

const ROOT = join(import.meta.dirname ?? ".", "..", "..", "..");
const HERE = join(ROOT, "tests", "shims", "opencl", "loader");
const OBJDUMP = "/usr/bin/objdump";

/** As `sums` prints it on one platform. */
const ON_THE_POOL = "1 MVGAL 1047552\n";

/** The loader, beside the shim. */
function loader(how: "plain" | "sanitized"): string {
  shim(how);
  return library(how, "opencl_loader");
}

function sums(...args: string[]): string {
  return compile({ name: "sums", source: { file: join(HERE, "sums.c") }, args: [...args, "-ldl"] });
}

/** A loader that finds nothing. */
function deaf(name: string): string {
  const file = join(ROOT, "tests", "fakes", "opencl_deaf.c");
  const args = ["-shared", "-fPIC", `-Wl,-soname,${name}`];
  return compile({ name, source: { file }, args });
}

/** What `mvgal run --opencl-pool` makes of a program. */
function pooled(program: string, args: string[] = [], env: Record<string, string> = {}) {
  const shims = dirname(loader("plain"));
  library("plain", "opencl_name");
  const options = ["run", "--opencl-pool", "--", program, ...args];
  return run(Deno.execPath(), ["run", "-A", join(ROOT, "main.ts"), ...options], {
    MVGAL_SHIM_DIR: shims,
    NO_COLOR: "1",
    ...env,
  });
}

/** `OPENCL_1.0 clGetPlatformIDs` of each function that a library exports. */
function exportsOf(path: string): string[] {
  const { out, errors } = run(OBJDUMP, ["-T", path], {});
  assert.equal(errors, "");
  const lines = out.matchAll(/ DF \.text\s+\S+\s+(\S+)\s+(cl\w+)$/gm);
  return Array.from(lines, ([, version, name]) => `${version} ${name}`).sort();
}

function systemLoader(): string {
  const { out } = run("ldd", [sums("-Wl,--no-as-needed", "-l:libOpenCL.so.1")], {});
  return /libOpenCL\.so\.1 => (\S+)/.exec(out)?.[1] ?? "";
}

poclTest("the loader exports what ocl-icd does, with its versions", () => {
  const own = exportsOf(loader("plain"));
  const others = exportsOf(systemLoader());
  assert.ok(others.length > 100, others.join());
  assert.deepEqual(others.filter((each) => !own.includes(each)), []);
}, [OBJDUMP]);

poclTest(
  "every function of the loader answers for no object, with a pool, without, and of none",
  () => {
    const source = { file: join(HERE, "nulls.c") };
    const args = [...SANITIZERS, `-I${join(ROOT, "shims", "opencl")}`, "-ldl"];
    const nulls = compile({ name: "nulls", source, args });
    const path = loader("sanitized");
    const alone = Deno.makeTempDirSync({ prefix: "mvgal-opencl-" });
    try {
      const copy = join(alone, "libmvgal_opencl_loader.so");
      Deno.copyFileSync(path, copy);
      const whole = run(nulls, [path], {});
      assert.deepEqual([whole.code, whole.errors], [0, ""]);
      const called = whole.out.trim().split("\n").sort();
      const { out } = run(OBJDUMP, ["-T", path], {});
      const exported = Array.from(out.matchAll(/OPENCL_\S+\s+(cl\w+)$/gm), ([, name]) => name);
      assert.deepEqual(called, exported.sort());
      const without = run(nulls, [copy, "empty"], {});
      assert.equal(without.code, 0, without.errors);
      assert.match(
        without.errors,
        /^mvgal: opencl: no pool: .*libmvgal_opencl\.so: cannot open [^\n]*\n$/,
      );
      const ofNone = run(nulls, [path, "empty"], { MVGAL_OPENCL_VENDORS: alone });
      assert.deepEqual([ofNone.code, ofNone.errors], [0, ""]);
    } finally {
      Deno.removeSync(alone, { recursive: true });
    }
  },
  [OBJDUMP],
);

poclTest("mvgal run --opencl-pool shows the pool to programs of any loader", () => {
  const deafSo = deaf("libOpenCL.so.1");
  const another = deaf("libOpenCL-1a2b3c4d.so.1.0.0");
  const fromDeaf = (...flags: string[]) => sums("-Wl,--no-as-needed", deafSo, ...flags);
  const rpath = `-Wl,-rpath,${dirname(deafSo)}`;
  const beside = { LD_LIBRARY_PATH: dirname(deafSo) };
  const unversioned = { LD_LIBRARY_PATH: dirname(deaf("libOpenCL.so")) };
  const programs: Record<string, [program: string, env?: Record<string, string>]> = {
    "the system's": [sums("-Wl,--no-as-needed", "-l:libOpenCL.so.1")],
    "looked up": [sums('-DBY_NAME="libOpenCL.so.1"')],
    "deaf, RUNPATH": [fromDeaf("-Wl,--enable-new-dtags", rpath)],
    "deaf, RPATH": [fromDeaf("-Wl,--disable-new-dtags", rpath)],
    // As in Python's wheels.
    "deaf, of another name": [
      sums("-Wl,--no-as-needed", another, `-Wl,-rpath,${dirname(another)}`),
    ],
    "deaf, LD_LIBRARY_PATH": [fromDeaf(), beside],
    "deaf, looked up": [sums('-DBY_NAME="libOpenCL.so.1"'), beside],
    "deaf, looked up without a version": [sums('-DBY_NAME="libOpenCL.so"'), unversioned],
  };
  for (const [name, [program, env = {}]] of Object.entries(programs)) {
    if (name.startsWith("deaf")) {
      using vendors = new Vendors({ mvgal: shim("plain") });
      const { out } = run(program, [], { ...env, OCL_ICD_VENDORS: vendors.directory });
      assert.equal(out, "no platform: -1001\n", name);
    }
    const { out, errors } = pooled(program, [], env);
    assert.equal(out, ON_THE_POOL, `${name}: ${errors}`);
    assert.doesNotMatch(errors, /no version information|symbol/, name);
  }
});

poclTest("clinfo prints by the loader what it prints by OCL_ICD_VENDORS", () => {
  using vendors = new Vendors({ mvgal: shim("plain") });
  const of = (text: string) => text.replaceAll(/^.*ICD loader.*\n/gm, "");
  const plain = run("clinfo", [], { OCL_ICD_VENDORS: vendors.directory });
  const preloaded = run("clinfo", [], { LD_PRELOAD: loader("plain") });
  assert.match(preloaded.out, /Number of platforms +1\n/);
  assert.match(preloaded.out, /ICD loader Name +MVGAL OpenCL loader\n/);
  assert.equal(of(preloaded.out), of(plain.out), preloaded.errors);
}, ["clinfo"]);

poclTest("a program without OpenCL loads no pool with the loader", () => {
  const env = { LD_PRELOAD: loader("plain"), MVGAL_DEBUG: "opencl" };
  const { out, errors } = run("cat", ["/proc/self/maps"], env);
  assert.match(out, /libmvgal_opencl_loader\.so$/m);
  assert.doesNotMatch(out, /libmvgal_opencl\.so$/m);
  assert.equal(errors, "");
  const used = run(sums("-Wl,--no-as-needed", "-l:libOpenCL.so.1"), [], env);
  assert.match(
    used.errors,
    /^mvgal: opencl: the loader shows the pool alone: .*libmvgal_opencl\.so$/m,
  );
});

poclTest("a vendor's library that lists platforms while the pool opens it sees none", () => {
  const vendor = compile({
    name: "libasking.so",
    source: `
      #define _GNU_SOURCE
      #include <dlfcn.h>
      #include <stdio.h>
      int clIcdGetPlatformIDsKHR(unsigned int room, void **platforms, unsigned int *count) {
        int (*list)(unsigned int, void **, unsigned int *) = dlsym(RTLD_DEFAULT, "clGetPlatformIDs");
        unsigned int found = 7;
        (void)room, (void)platforms;
        fprintf(stderr, "asked: %d", list(0, NULL, &found));
        fprintf(stderr, ", %u\\n", found);
        *count = 0;
        return -1001;
      }`,
    args: ["-shared", "-fPIC", "-ldl"],
  });
  using vendors = new Vendors({ asking: vendor, pocl: poclLibrary() });
  const { out, errors } = run(sums("-Wl,--no-as-needed", "-l:libOpenCL.so.1"), [], {
    LD_PRELOAD: loader("plain"),
    MVGAL_OPENCL_VENDORS: vendors.directory,
  });
  assert.equal(out, ON_THE_POOL, errors);
  assert.match(errors, /^asked: -1001, 0$/m);
});

poclTest("mvgal run --opencl-pool says of static programs what their pool depends on", () => {
  const program = compile({
    name: "static",
    source: "int main(void) { return 0; }",
    args: ["-static"],
  });
  const { code, errors } = pooled(program);
  assert.equal(code, 0, errors);
  assert.match(
    errors,
    /static: it is statically linked: it sees the pool only where .*OCL_ICD_VENDORS\n/,
  );
});
