/**
 * `mvgal doctor`: what is missing for the GPUs, and how to mend it.
 *
 * @module
 */

import { discover, SOURCES } from "../discovery/mod.ts";
import type { DoctorCheck, DoctorContext } from "../doctor/check.ts";
import { readDistribution } from "../doctor/distribution.ts";
import { CHECKS, examine } from "../doctor/examine.ts";
import { liveHost } from "../doctor/live_host.ts";
import { closest } from "../gpu/closest.ts";
import { standing } from "../gpu/standing.ts";
import { usesUtf8 } from "../render/charset.ts";
import { renderDoctor } from "../render/doctor.ts";
import { styleFor } from "../render/style.ts";
import { table } from "../render/table.ts";
import type { Sysroot } from "../sysfs/sysroot.ts";
import { type CommandContext, type CommandModule, flag, UsageError } from "./command.ts";
import { sysrootOf } from "./sysroot.ts";

/** The checks of these ids, in the order of the table; all where none is named. */
function chosen(ids: readonly string[]): readonly DoctorCheck[] {
  const known = CHECKS.map(({ id }) => id);
  for (const id of ids) {
    if (known.includes(id)) continue;
    const meant = closest(id, known);
    throw new UsageError(
      `no check is called '${id}': ` +
        (meant === undefined ? "mvgal doctor --list shows them" : `did you mean ${meant}?`),
    );
  }
  return ids.length === 0 ? CHECKS : CHECKS.filter(({ id }) => ids.includes(id));
}

function contextOf(sysroot: Sysroot, { env }: CommandContext): DoctorContext {
  // What files do not tell of NVIDIA's GPUs, its management library does; other libraries take long.
  const sources = SOURCES.filter(({ reads, name }) => reads === "files" || name === "nvml");
  const { gpus } = discover({ sysroot, sources });
  return {
    sysroot,
    gpus: gpus.filter((gpu) => standing(gpu) === "gpu"),
    distribution: readDistribution(sysroot),
    kernel: sysroot.text("/proc/sys/kernel/osrelease") ?? null,
    live: sysroot.isHost ? liveHost(env) : null,
  };
}

/** `mvgal doctor`. */
export const doctorCommand: CommandModule = {
  name: "doctor",
  describe: "Say what is missing for the GPUs, and the exact fix",
  details:
    "Looks at drivers, rights, libraries, the bus and power management. It changes nothing, opens no device " +
    "file and wakes no GPU. Exit status 1 where something does not work; a warning, where it works less " +
    "than it could, is none.",
  arguments: [{
    syntax: "[check...]",
    describe: "Only these checks, by their ids",
    suggests: CHECKS.map(({ id }) => id),
  }],
  options: [
    { flags: "--json", describe: "Print one JSON object (mvgal.doctor/1)" },
    { flags: "--list", describe: "List the checks and make none" },
    { flags: "--all", describe: "Show checks too that were skipped, and why" },
    {
      flags: "--sysroot <directory>",
      describe: "Read a dump of another host (see mvgal dump); also MVGAL_SYSROOT",
      completes: "directory",
    },
  ],
  examples: [
    { command: "doctor", meaning: "All checks" },
    { command: "doctor vulkan_driver dri_access", meaning: "Two of them" },
    { command: "doctor --json", meaning: "For programs" },
  ],
  run(input, context) {
    const checks = chosen(input.args);
    const { stdout } = context;
    if (flag(input, "list")) {
      const text = flag(input, "json")
        ? JSON.stringify(checks.map(({ id, title }) => ({ id, title })), null, 2)
        : table(checks.map(({ id, title }) => [id, title])).join("\n");
      stdout.write(`${text}\n`);
      return 0;
    }
    const report = examine(contextOf(sysrootOf(input, context), context), checks);
    stdout.write(
      flag(input, "json") ? `${JSON.stringify(report, null, 2)}\n` : renderDoctor(report, {
        style: styleFor(stdout.color),
        columns: stdout.columns,
        unicode: usesUtf8(context.env),
        // Who names checks wants to hear of them.
        skipped: flag(input, "all") || input.args.length > 0,
      }),
    );
    return report.problem_count > 0 ? 1 : 0;
  },
};
