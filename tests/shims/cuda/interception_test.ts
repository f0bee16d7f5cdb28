import assert from "node:assert/strict";
import { join } from "node:path";
import { compile, compiler, compilerTest } from "../../fakes/cc.ts";
import { ownRuntime } from "../../session/own_runtime.ts";

const HERE = import.meta.dirname ?? ".";
const SHIMS = join(HERE, "..", "..", "..", "shims");

/** What the tests load: the shim as it is built, a driver, a program, and a library that is linked with the driver. */
interface Kit {
  shim: string;
  driver: string;
  program: string;
  linked: string;
}

function directoryOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}

/** The C files of the shim, as its Makefile takes them. */
function shimSources(): string[] {
  return ["cuda", "session"].flatMap((part) =>
    [...Deno.readDirSync(join(SHIMS, part))].filter(({ name }) => name.endsWith(".c"))
      .map(({ name }) => join(SHIMS, part, name)).sort()
  );
}

function shimHeaders(): string[] {
  return ["cuda", "session", "include"].flatMap((part) =>
    [...Deno.readDirSync(join(SHIMS, part))].filter(({ name }) => /\.(h|map)$/.test(name))
      .map(({ name }) => join(SHIMS, part, name)).sort()
  );
}

let kit: Kit | undefined;

function getKit(): Kit {
  if (kit !== undefined) return kit;
  const shared = ["-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror"];
  const [first = "", ...others] = shimSources();
  const shim = compile({
    name: "libmvgal_cuda.so",
    source: { file: first },
    includes: [...others, ...shimHeaders()],
    args: [
      ...shared,
      "-std=gnu11",
      "-fvisibility=hidden",
      "-pthread",
      `-I${join(SHIMS, "include")}`,
      `-I${join(SHIMS, "session")}`,
      "-Wl,-z,defs,-Bsymbolic",
      `-Wl,--version-script=${join(SHIMS, "cuda", "exports.map")}`,
      ...others,
    ],
  });
  const driver = compile({
    name: "libcuda.so.1",
    source: { file: join(HERE, "tiny_driver.c") },
    args: [...shared, "-fvisibility=hidden", "-Wl,-soname,libcuda.so.1,-Bsymbolic"],
  });
  const linked = compile({
    name: "liblinked.so",
    source: { file: join(HERE, "linked.c") },
    args: [...shared, "-Wl,--no-as-needed", driver],
  });
  const program = compile({
    name: "finder",
    source: { file: join(HERE, "finder.c") },
    args: ["-O2", "-Wall", "-Wextra", "-Werror", "-pthread", "-ldl"],
  });
  return kit = { shim, driver, program, linked };
}

/** Lines of a program with the shim in it; `preload` false for one without. */
function run(
  way: readonly string[],
  { preload = true, env = {} }: { preload?: boolean; env?: Record<string, string> } = {},
): string[] {
  const { shim, driver, program } = getKit();
  const { success, stdout, stderr } = new Deno.Command(program, {
    args: [...way],
    env: {
      LD_LIBRARY_PATH: directoryOf(driver),
      MVGAL_RUNTIME_DIR: ownRuntime(),
      ...(preload && { LD_PRELOAD: shim }),
      ...env,
    },
  }).outputSync();
  const decoder = new TextDecoder();
  assert.ok(success, decoder.decode(stderr));
  assert.equal(decoder.decode(stderr), "");
  return decoder.decode(stdout).trimEnd().split("\n");
}

/** What dlsym gives of a driver with the shim before it. */
const BY_NAME = [
  "cuInit libmvgal_cuda.so cuInit",
  "cuMemAlloc libcuda.so.1 cuMemAlloc",
  "cuMemAlloc_v2 libmvgal_cuda.so cuMemAlloc_v2",
  "cuMemAllocAsync_ptsz libmvgal_cuda.so cuMemAllocAsync_ptsz",
  "cuDriverGetVersion libcuda.so.1 cuDriverGetVersion",
  "cuGetProcAddress_v2 libmvgal_cuda.so cuGetProcAddress_v2",
  "cuNothing nowhere",
];

const WAYS: Record<string, { way(kit: Kit): string[]; found: string[] }> = {
  "the name of the library": { way: () => ["name"], found: BY_NAME },
  "its path": { way: ({ driver }) => ["path", driver], found: BY_NAME },
  "the program's own scope": { way: () => ["default"], found: BY_NAME },
  "a thread": { way: () => ["thread"], found: BY_NAME },
  "a child after fork": { way: () => ["fork"], found: BY_NAME },
  "a library linked with it and opened with RTLD_DEEPBIND": {
    way: ({ linked }) => ["deepbind", linked],
    found: ["linked libmvgal_cuda.so cuMemAlloc_v2"],
  },
  "cuGetProcAddress of CUDA 11": {
    way: () => ["old resolver"],
    found: ["cuMemAlloc libmvgal_cuda.so cuMemAlloc_v2"],
  },
  "cuGetProcAddress of CUDA 12": {
    way: () => ["resolver"],
    found: [
      "cuInit libmvgal_cuda.so cuInit",
      "cuMemAlloc libmvgal_cuda.so cuMemAlloc_v2",
      "cuMemAllocAsync libmvgal_cuda.so cuMemAllocAsync",
      "cuDriverGetVersion libcuda.so.1 cuDriverGetVersion",
      "cuGetProcAddress libmvgal_cuda.so cuGetProcAddress_v2",
      "cuNothing nowhere",
    ],
  },
  "cuGetProcAddress for a version of the ABI that the shim does not know": {
    way: () => ["resolver of old"],
    found: [
      "cuInit libmvgal_cuda.so cuInit",
      "cuMemAlloc libcuda.so.1 cuMemAlloc",
      "cuMemAllocAsync nowhere",
      "cuDriverGetVersion libcuda.so.1 cuDriverGetVersion",
      "cuGetProcAddress nowhere",
      "cuNothing nowhere",
    ],
  },
  "cuGetProcAddress for streams of threads": {
    way: () => ["resolver of threads"],
    found: [
      "cuInit libmvgal_cuda.so cuInit",
      "cuMemAlloc libmvgal_cuda.so cuMemAlloc_v2",
      "cuMemAllocAsync libmvgal_cuda.so cuMemAllocAsync_ptsz",
      "cuDriverGetVersion libcuda.so.1 cuDriverGetVersion",
      "cuGetProcAddress libmvgal_cuda.so cuGetProcAddress_v2",
      "cuNothing nowhere",
    ],
  },
  "the resolver that the resolver gave": {
    way: () => ["resolver twice"],
    found: ["cuMemAlloc libmvgal_cuda.so cuMemAlloc_v2"],
  },
};

for (const [name, { way, found }] of Object.entries(WAYS)) {
  compilerTest(`the CUDA shim stands before the driver that is found by ${name}`, () => {
    assert.deepEqual(run(way(getKit())), found);
  });
}

compilerTest("the CUDA shim's dlsym finds what is behind the caller, as the C library does", () => {
  const { linked } = getKit();
  const native = run(["next", linked], { preload: false });
  assert.match(native[0] ?? "", /^puts libc\.so/);
  assert.deepEqual(native[1], "interposed nowhere");
  assert.deepEqual(run(["next", linked]), native);
});

compilerTest("the CUDA shim does nothing in a program without CUDA", () => {
  const directory = Deno.makeTempDirSync();
  try {
    run(["nothing"], { env: { MVGAL_RUNTIME_DIR: directory } });
    assert.deepEqual([...Deno.readDirSync(directory)], []);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});

compilerTest("the CUDA shim exports what is in its table, and dlsym and dlopen", () => {
  const command = new Deno.Command(compiler ?? "cc", {
    args: ["-E", "-P", `-I${join(SHIMS, "cuda")}`, "-x", "c", "-"],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = command.stdin.getWriter();
  const source = '#include "hooks.h"\n#define NAME(r, name, p, a) @name@\n' +
    "MVGAL_CUDA_HOOKS(NAME) MVGAL_NVML_HOOKS(NAME)\n";
  return (async () => {
    await writer.write(new TextEncoder().encode(source));
    await writer.close();
    const { stdout } = await command.output();
    const names = [...new TextDecoder().decode(stdout).matchAll(/@(\w+)@/g)].map(([, name]) =>
      name
    );
    assert.ok(names.length > 40);
    assert.equal(new Set(names).size, names.length);
    const map = Deno.readTextFileSync(join(SHIMS, "cuda", "exports.map"));
    const exported = [...map.matchAll(/^\t(\w+);$/gm)].map(([, name]) => name);
    assert.deepEqual(exported.toSorted(), [...names, "dlopen", "dlsym"].toSorted());
  })();
});
