/**
 * `mvgal run` with the shim as it is built, over a driver of the tests' own.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { compile, compilerTest } from "../fakes/cc.ts";
import { fakeCudaDriver } from "../fakes/cuda_driver.ts";

const ROOT = join(import.meta.dirname ?? ".", "../..");
const SHIM = join(ROOT, "build/shims/libmvgal_cuda.so");
const MIB = 1 << 20;

/** Prints what it is told of the memory, and how many MiB it gets. */
const PROGRAM = `
#include <dlfcn.h>
#include <stdio.h>

static void *driver;

#define CALL(name, type) ((int (*) type)dlsym(driver, #name))

int main(void)
{
	unsigned long free, total, got = 0;
	unsigned long long pointer;
	void *context;

	driver = dlopen("libcuda.so.1", RTLD_NOW);
	CALL(cuInit, (unsigned))(0);
	CALL(cuDevicePrimaryCtxRetain, (void **, int))(&context, 0);
	CALL(cuCtxSetCurrent, (void *))(context);
	CALL(cuMemGetInfo_v2, (unsigned long *, unsigned long *))(&free, &total);
	while (got < 1000 && !CALL(cuMemAlloc_v2, (unsigned long long *, unsigned long))(&pointer, 1 << 20))
		got++;
	printf("%lu %lu %lu\\n", free, total, got);
	return 0;
}
`;

function isBuilt(): boolean {
  try {
    return Deno.statSync(SHIM).isFile;
  } catch {
    return false;
  }
}

const name = "mvgal run --vram gives a CUDA program so much memory, and not a byte more";

if (isBuilt()) {
  compilerTest(name, () => {
    const program = compile({ name: "takes", source: PROGRAM, args: ["-O1", "-ldl"] });
    using fake = fakeCudaDriver({ devices: [{ memory: 512 * MIB }] });
    const runtime = Deno.makeTempDirSync();
    try {
      const run = (options: readonly string[]) => {
        const { code, stdout, stderr } = new Deno.Command(Deno.execPath(), {
          args: [
            "run",
            "-A",
            "--no-check",
            join(ROOT, "main.ts"),
            "run",
            ...options,
            "--",
            program,
          ],
          env: { LD_LIBRARY_PATH: fake.directory, MVGAL_RUNTIME_DIR: runtime },
        }).outputSync();
        assert.equal(code, 0, new TextDecoder().decode(stderr));
        return new TextDecoder().decode(stdout).trim().split(" ").map(Number);
      };
      assert.deepEqual(run(["--vram", "64MiB"]), [64 * MIB, 64 * MIB, 64]);
      assert.deepEqual(run(["--vram", "none"]), [512 * MIB, 512 * MIB, 512]);
    } finally {
      Deno.removeSync(runtime, { recursive: true });
    }
  });
} else {
  Deno.test({ name: `${name} (skipped: the shim is not built)`, ignore: true, fn() {} });
}
