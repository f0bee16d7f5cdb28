/**
 * `mvgal dump`: what the kernel shows of a host's GPUs, for others to read with `--sysroot`.
 *
 * @module
 */

import { collectDump } from "../dump/collect.ts";
import { tarOf } from "../dump/tar.ts";
import { plural } from "../render/units.ts";
import { type CommandModule, UsageError } from "./command.ts";
import { sysrootOf } from "./sysroot.ts";
import { writeWhole } from "./whole_file.ts";

/** `mvgal dump`. */
export const dumpCommand: CommandModule = {
  name: "dump",
  describe: "Write what this host's kernel shows of its GPUs to a tar file",
  details:
    "The archive holds the files of sysfs and procfs that mvgal reads, and no others. Serial numbers, " +
    "UUIDs and MAC addresses are replaced by made-up ones. A GPU that sleeps is left asleep. Unpack it " +
    "with tar -xf and read it with --sysroot.",
  arguments: [{
    syntax: "[file]",
    describe: "Where to write; '-' for stdout, which is the default where stdout is no terminal",
    completes: "file",
  }],
  options: [{
    flags: "--sysroot <directory>",
    describe: "Dump a dump: unpacked files of another host; also MVGAL_SYSROOT",
    completes: "directory",
  }],
  examples: [
    { command: "dump gpus.tar", meaning: "A file to attach to a report" },
    { command: "dump - | ssh host tar -xf - -C dump", meaning: "Straight to another host" },
  ],
  async run(input, context) {
    const [given] = input.args;
    if (given === undefined && context.stdout.isTerminal) {
      throw new UsageError(
        "dump needs a file to write to: tar archives do not go to a terminal (mvgal dump gpus.tar)",
      );
    }
    const file = given === "-" ? undefined : given;
    const dump = collectDump(sysrootOf(input, context));
    const pieces = tarOf(dump.entries);
    if (file !== undefined) await writeWhole(file, pieces);
    else for await (const piece of pieces) context.stdout.write(piece);
    const say = (text: string) => context.stderr.write(`mvgal: ${text}\n`);
    say(
      `${plural(dump.entries.length, "file")} of ${plural(dump.devices.length, "device")}` +
        `${file === undefined ? "" : ` in ${file}`}; ` +
        `${plural(dump.replaced, "identifier")} replaced by made-up ones`,
    );
    if (dump.asleep.length > 0) {
      say(`left asleep, and so without sensors and link: ${dump.asleep.join(", ")}`);
    }
    return 0;
  },
};
