/**
 * The ways in which programs come to NVIDIA's driver, each with a program that goes it: compiled here, from the
 * sources of this directory.
 *
 * @module
 */

import { join } from "node:path";
import { compile } from "../../tests/fakes/cc.ts";

const HERE = import.meta.dirname ?? ".";
const SAMPLE = ["features.c", "children.c", "find_driver.c"].map((name) => join(HERE, name));
const INCLUDES = [
  ...SAMPLE,
  ...["features.h", "driver.h", "../../shims/cuda/abi.h"].map((name) => join(HERE, name)),
];
const ARGS = ["-O2", "-pthread", `-I${join(HERE, "../../shims/cuda")}`];

/** A way, and the program that goes it, without features. */
export interface ThereWay {
  name: string;
  command: readonly string[];
  env?: Record<string, string>;
}

/** A way; or why there is none here. */
export type Way = ThereWay | { name: string; reason: string };

/**
 * The ways of programs in C.
 *
 * @param driver path of `libcuda.so.1`, which some are linked with and others open.
 * @throws {Error} with the compiler's messages where it refuses.
 */
export function driverWays(driver: string): Way[] {
  const source = { file: join(HERE, "sample.c") };
  const common = { source, includes: INCLUDES };
  const linked = ["-DLINKED", ...ARGS, ...SAMPLE, "-Wl,--no-as-needed", driver, "-ldl"];
  const sample = compile({ ...common, name: "sample", args: [...ARGS, ...SAMPLE, "-ldl"] });
  const whole = compile({ ...common, name: "sample-linked", args: linked });
  const library = compile({
    ...common,
    name: "libsample.so",
    // Its symbols are the program's otherwise, which finds the driver in another way.
    args: ["-DLIBRARY", "-shared", "-fPIC", "-Wl,-Bsymbolic", ...linked],
  });
  return [
    { name: "linked with the driver", command: [whole, "linked"] },
    { name: "library, RTLD_DEEPBIND", command: [sample, "inside", `library=${library}`] },
    { name: "dlopen, dlsym", command: [sample, "dlopen"] },
    { name: "dlopen, dlsym of _ptsz", command: [sample, "dlopen-threads"] },
    { name: "dlopen by path", command: [sample, "path", `library=${driver}`] },
    { name: "dlopen, RTLD_DEEPBIND", command: [sample, "deepbind"] },
    { name: "dlsym, RTLD_DEFAULT", command: [sample, "default"] },
    { name: "dlsym, RTLD_NEXT", command: [whole, "next"] },
    { name: "dlvsym", command: [sample, "dlvsym"] },
    { name: "cuGetProcAddress", command: [sample, "resolver11"] },
    { name: "cuGetProcAddress, threads", command: [sample, "resolver11-threads"] },
    { name: "cuGetProcAddress_v2", command: [sample, "resolver12"] },
    { name: "cuGetProcAddress_v2, threads", command: [sample, "resolver12-threads"] },
  ];
}

/** The process of races and kills. */
export function racer(): string {
  return compile({
    name: "racer",
    source: { file: join(HERE, "racer.c") },
    args: [...ARGS, join(HERE, "find_driver.c"), "-ldl"],
    includes: INCLUDES,
  });
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** NVIDIA's compiler: of `PATH`, or of where its packages put it; undefined for none. */
export function findNvcc(): string | undefined {
  const places = (Deno.env.get("PATH") ?? "").split(":");
  const home = Deno.env.get("CUDA_HOME");
  if (home !== undefined) places.push(join(home, "bin"));
  places.push("/usr/local/cuda/bin");
  if (isDirectory("/usr/local")) {
    const versions = [...Deno.readDirSync("/usr/local")].map(({ name }) => name)
      .filter((name) => /^cuda-\d/.test(name)).sort().reverse();
    places.push(...versions.map((name) => join("/usr/local", name, "bin")));
  }
  return places.map((place) => join(place, "nvcc")).find(isFile);
}

function isDirectory(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}

/** The ways of programs of CUDA's runtime, built by nvcc into a directory. */
export async function runtimeWays(directory: string): Promise<Way[]> {
  const nvcc = findNvcc();
  return await Promise.all(
    ["static", "shared"].flatMap((cudart) =>
      ["legacy", "per-thread"].map(async (streams): Promise<Way> => {
        const name = `nvcc, cudart ${cudart}${streams === "legacy" ? "" : ", threads"}`;
        if (nvcc === undefined) return { name, reason: "no nvcc here" };
        const output = join(directory, `sample-${cudart}-${streams}`);
        const { success, stderr, stdout } = await new Deno.Command(nvcc, {
          args: [
            // As PTX, which each driver compiles for the GPU that it has.
            ...["-O2", "-arch=compute_75", "-code=compute_75", "-cudart", cudart],
            ...["--default-stream", streams, "-o", output, join(HERE, "sample.cu")],
            ...["features.c", "children.c"].map((file) => join(HERE, file)),
          ],
        }).output();
        const said = [stderr, stdout].map((each) => new TextDecoder().decode(each)).join("").trim();
        if (!success) return { name, reason: `nvcc: ${said.split("\n")[0]}` };
        const libraries = ["lib64", "lib"].map((each) => join(nvcc, "../..", each));
        const path = [...libraries, Deno.env.get("LD_LIBRARY_PATH") ?? ""].filter((each) => each);
        const env = cudart === "shared" ? { LD_LIBRARY_PATH: path.join(":") } : {};
        return { name, command: [output, cudart], env };
      })
    ),
  );
}

/** The ways of programs in Python; of a module that is not there, why not. */
export function pythonWays(): Way[] {
  const all: { name: string; way: string; module: string; env?: Record<string, string> }[] = [
    { name: "Python, ctypes", way: "ctypes", module: "ctypes" },
    { name: "PyTorch", way: "torch", module: "torch" },
    {
      name: "PyTorch, expandable segments",
      way: "torch",
      module: "torch",
      env: { PYTORCH_CUDA_ALLOC_CONF: "expandable_segments:True" },
    },
    {
      name: "PyTorch, cudaMallocAsync",
      way: "torch",
      module: "torch",
      env: { PYTORCH_CUDA_ALLOC_CONF: "backend:cudaMallocAsync" },
    },
    { name: "Numba", way: "numba", module: "numba" },
    { name: "CuPy", way: "cupy", module: "cupy" },
  ];
  const there = modules(all.map(({ module }) => module));
  return all.map(({ name, way, module, env }): Way =>
    there === undefined
      ? { name, reason: "no python3 here" }
      : there.has(module)
      ? { name, command: ["python3", join(HERE, "sample.py"), way], ...(env && { env }) }
      : { name, reason: `no ${module} here` }
  );
}

function modules(names: readonly string[]): Set<string> | undefined {
  const look =
    "import importlib.util as u, sys; print(*[n for n in sys.argv[1:] if u.find_spec(n)])";
  try {
    const { success, stdout } = new Deno.Command("python3", { args: ["-c", look, ...names] })
      .outputSync();
    return success ? new Set(new TextDecoder().decode(stdout).trim().split(" ")) : undefined;
  } catch {
    return undefined;
  }
}
