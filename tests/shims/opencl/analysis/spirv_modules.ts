/**
 * Modules of SPIR-V, made of OpenCL C by LLVM 15 and its translator (Debian: clang-15, llvm-spirv-15).
 *
 * @module
 */

import { join } from "node:path";
import type { SplitCase } from "./split_check.ts";

/** The commands. */
export const TRANSLATORS = ["clang-15", "llvm-spirv-15"] as const;

const AS_OPENCL = ["-cl-std=CL1.2", "-target", "spir64", "-Xclang", "-finclude-default-header"];

/** How a module is made: as a compiler leaves it, or with everything in memory as it is written. */
export type Making = "optimised" | "plain";

async function runs(command: string, args: readonly string[]): Promise<boolean> {
  const { success } = await new Deno.Command(command, {
    args: [...args],
    stdout: "null",
    stderr: "null",
  }).output();
  return success;
}

/** The first command that this host has not. */
export function missingTranslator(): string | undefined {
  return TRANSLATORS.find((name) => {
    try {
      return !new Deno.Command(name, { args: ["--version"], stdout: "null", stderr: "null" })
        .outputSync().success;
    } catch {
      return true;
    }
  });
}

/** A module's path; null where the compiler or the translator refuses the source. */
async function moduleOf(
  { source, options = "" }: SplitCase,
  base: string,
  making: Making,
): Promise<string | null> {
  await Deno.writeTextFile(`${base}.cl`, source);
  const own = options.split(" ").filter((word) => word !== "");
  const how = making === "plain" ? ["-Xclang", "-disable-llvm-passes"] : [];
  const clang = ["-c", "-x", "cl", "-w", "-O2", "-emit-llvm", ...AS_OPENCL, ...how, ...own];
  const done = await runs("clang-15", [...clang, `${base}.cl`, "-o", `${base}.bc`]) &&
    await runs("llvm-spirv-15", [`${base}.bc`, "-o", `${base}.spv`]);
  return done ? `${base}.spv` : null;
}

/** The cases that can be translated, each with its module. */
export async function translated(
  cases: readonly SplitCase[],
  directory: string,
  making: Making,
): Promise<SplitCase[]> {
  const made: (SplitCase | null)[] = cases.map(() => null);
  const left = cases.entries();
  const one = async () => {
    for (const [i, each] of left) {
      const spirv = await moduleOf(each, join(directory, `${making}${i}`), making);
      if (spirv !== null) made[i] = { ...each, spirv };
    }
  };
  await Promise.all([one(), one()]);
  return made.filter((each) => each !== null);
}
