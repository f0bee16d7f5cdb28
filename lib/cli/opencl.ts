/**
 * `mvgal opencl`: the pooled platform for all programs of the host.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { installIcd, LIBRARIES, uninstallIcd, VENDORS } from "../launch/opencl_icd.ts";
import { shimPath } from "../launch/self.ts";
import { type CommandInput, type CommandModule, UsageError, value } from "./command.ts";

/** A directory of the installation. Loaders read its path elsewhere than here, so it is absolute. */
function directoryOf(input: CommandInput, name: "vendors" | "libraries", usual: string): string {
  const given = value(input, name);
  if (given === "") throw new UsageError(`--${name} '' names no directory`);
  return resolve(given ?? usual);
}

/** The command. */
export const openclCommand: CommandModule = {
  name: "opencl",
  describe: "Show all programs the pooled OpenCL device, or no longer",
  details:
    "'mvgal run --opencl-pool' shows one program one OpenCL device made of all. Installed, the platform MVGAL " +
    "is seen by all programs of the host, beside those of the vendors. Install it again after an update of mvgal.",
  arguments: [{ syntax: "<action>", describe: "What to do", choices: ["install", "uninstall"] }],
  options: [
    {
      flags: "--vendors <directory>",
      describe: `Where the loader looks for vendors; ${VENDORS} by default`,
      completes: "directory",
    },
    {
      flags: "--libraries <directory>",
      describe: `Where the library is put; ${LIBRARIES} by default`,
      completes: "directory",
    },
  ],
  examples: [
    { command: "opencl install", meaning: "All programs see the platform MVGAL" },
    { command: "opencl uninstall", meaning: "As it was" },
  ],
  run(input, context) {
    const places = {
      vendors: directoryOf(input, "vendors", VENDORS),
      libraries: directoryOf(input, "libraries", LIBRARIES),
    };
    if (input.args[0] === "uninstall") {
      const gone = uninstallIcd(places);
      for (const path of gone) context.stdout.write(`removed ${path}\n`);
      if (gone.length === 0) context.stdout.write("it is not installed\n");
      return 0;
    }
    const shim = shimPath("opencl");
    if (shim === undefined) {
      throw new Error(
        "this mvgal has no OpenCL shim (libmvgal_opencl.so): build it with 'deno task build', or name its " +
          "directory in MVGAL_SHIM_DIR",
      );
    }
    for (const path of installIcd(readFileSync(shim), places)) {
      context.stdout.write(`wrote ${path}\n`);
    }
    return 0;
  },
};
