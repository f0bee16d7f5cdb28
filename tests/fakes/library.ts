/**
 * Fake vendor libraries: C built to the published interface, which shows the devices of a text file.
 *
 * @module
 */

import { join } from "node:path";
import { compile } from "./cc.ts";

/** The libraries there are fakes of: a source file here, and the name under which programs load it. */
const SONAMES = {
  nvml: "libnvidia-ml.so.1",
  cuda: "libcuda.so.1",
  hip: "libamdhip64.so.6",
  level_zero: "libze_loader.so.1",
  mtml: "libmtml.so.2",
  opencl: "libOpenCL.so.1",
  libdrm: "libdrm.so.2",
} as const;

/** Options of {@linkcode fakeLibrary}. */
export interface FakeOptions {
  variant?: "old" | "new";
}

/** A fake library in a directory of its own. Dispose it to remove the directory. */
export interface FakeLibrary extends Disposable {
  /** Path of the library. */
  readonly path: string;
  /** Its directory, for `LD_LIBRARY_PATH`. */
  readonly directory: string;
  /** Replaces what it shows; taken up when it is next initialised. */
  describe(description: string): void;
}

/**
 * Builds a fake library.
 *
 * @param description the devices, in the form of `description.h`.
 * @param options `variant` builds it without what drivers of some years ago did not have, or without what
 * drivers to come may no longer have.
 */
export function fakeLibrary(
  name: keyof typeof SONAMES,
  description: string,
  { variant }: FakeOptions = {},
): FakeLibrary {
  const here = import.meta.dirname ?? ".";
  const abi = join(here, "abi", `${name}.h`);
  const built = compile({
    name: SONAMES[name],
    source: { file: join(here, `${name}.c`) },
    args: [
      "-D_GNU_SOURCE",
      ...(variant === undefined ? [] : [variant === "old" ? "-DOLD_DRIVER" : "-DNEW_DRIVER"]),
      "-shared",
      "-fPIC",
      "-fvisibility=hidden",
      "-I/usr/include/libdrm",
    ],
    includes: [
      join(here, "description.h"),
      join(here, "memory.h"),
      ...(name === "nvml"
        ? [
          join(here, "nvml_telemetry.c"),
          join(here, "nvml_control.c"),
          join(here, "abi", "nvml_telemetry.h"),
        ]
        : []),
      ...(name === "nvml" || name === "mtml" || name === "level_zero" || name === "opencl"
        ? [abi]
        : []),
      ...(name === "cuda" || name === "hip" ? [join(here, "abi", "external_memory.h")] : []),
    ],
  });
  const directory = Deno.makeTempDirSync({ prefix: `mvgal-fake-${name}-` });
  // A copy, not a link: the loader knows files by their inodes, and each fake has state of its own.
  const path = join(directory, SONAMES[name]);
  Deno.copyFileSync(built, path);
  const describe = (text: string) => Deno.writeTextFileSync(join(directory, "devices.txt"), text);
  describe(description);
  return {
    path,
    directory,
    describe,
    [Symbol.dispose]: () => Deno.removeSync(directory, { recursive: true }),
  };
}
