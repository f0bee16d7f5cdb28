/**
 * `mvgal power`, `clocks`, `fan`, `profile` and `park`: settings of GPUs.
 *
 * @module
 */

import { parkReport } from "../control/awake.ts";
import { openControl } from "../control/drivers.ts";
import type { ApplyWith } from "../control/apply.ts";
import { type SettingGroup, SETTINGS } from "../control/setting.ts";
import type { ControlContext } from "../control/surface.ts";
import { discover } from "../discovery/mod.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { parseGpuSelector, selectGpus } from "../gpu/selector.ts";
import { standing } from "../gpu/standing.ts";
import { renderSettings, type ShownSettings } from "../render/control.ts";
import { styleFor } from "../render/style.ts";
import type { Sysroot } from "../sysfs/sysroot.ts";
import {
  type CommandContext,
  type CommandInput,
  type CommandModule,
  flag,
  UsageError,
  value,
} from "./command.ts";
import { changeSettings } from "./control_change.ts";
import { type ControlHost, hostControl } from "./control_host.ts";
import { CONTROL_ROWS, type ControlRow } from "./control_table.ts";
import { sysrootOf } from "./sysroot.ts";

/** Files alone are asked: libraries cannot say more of settings, and would wake GPUs. */
const SOURCES = ["pci", "drm", "hwmon", "amdgpu", "intel", "nvidia"];

const ACTIONS = ["show", "set", "reset"] as const;

/** The GPUs that are meant. What changes a setting needs one to be named where there are several. */
function chosenGpus(input: CommandInput, sysroot: Sysroot, action: string): Gpu[] {
  const text = value(input, "gpu");
  const { gpus } = discover({ sysroot, only: SOURCES });
  if (text !== undefined) return selectGpus(gpus, parseGpuSelector(text));
  const own = gpus.filter((gpu) => standing(gpu) === "gpu");
  if (action === "show" || own.length === 1) return own;
  if (own.length === 0) throw new Error("no GPU found (mvgal info says where it looked)");
  const names = own.map(({ index, id }) => `${index} (${id})`).join(", ");
  throw new UsageError(`which GPU? Give --gpu with some of ${names}, or --gpu all`);
}

/** What is in the journal of a GPU's group and will be taken back. */
function pendingLines(on: ApplyWith, gpu: Gpu, group: SettingGroup): string[] {
  return on.journal.entries()
    .filter((entry) => entry.gpu === gpu.id && entry.group === group && !entry.confirmed)
    .map(({ deadline, failure }) =>
      `${deadline === null ? "at the next start" : `at ${deadline.wall}`}` +
      (failure === null ? "" : `; failed before: ${failure}`)
    );
}

function show(
  row: ControlRow,
  gpus: readonly Gpu[],
  on: ApplyWith,
  control: ControlContext,
  input: CommandInput,
  { stdout }: CommandContext,
  changeable: boolean,
): number {
  const shown = gpus.map((gpu): ShownSettings => {
    const surface = openControl(gpu, control);
    return {
      gpu,
      settings: surface.settings.filter(({ id }) => SETTINGS[id].group === row.group),
      absent: surface.absent[row.group] ?? null,
      pending: changeable ? pendingLines(on, gpu, row.group) : [],
      park: row.group === "park" ? parkReport(gpu, control) : null,
    };
  });
  if (flag(input, "json")) {
    const document = {
      schema: "mvgal.settings/1",
      group: row.group,
      gpus: shown.map(({ gpu, ...rest }) => ({ id: gpu.id, name: gpu.name, ...rest })),
    };
    stdout.write(`${JSON.stringify(document, null, 2)}\n`);
  } else {
    const how = { style: styleFor(stdout.color), columns: stdout.columns };
    stdout.write(renderSettings(row.group, shown, how));
  }
  return 0;
}

/** Builds one command. */
export function controlCommand(row: ControlRow, host: ControlHost = hostControl): CommandModule {
  return {
    name: row.group,
    describe: row.describe,
    details: row.details,
    arguments: [
      { syntax: "<action>", describe: "What to do", choices: ACTIONS },
      ...(row.value === undefined
        ? []
        : [{ syntax: `[${row.value.name}]`, describe: `For set: ${row.value.describe}` }]),
    ],
    options: [
      ...row.options.map(({ spec }) => spec),
      {
        flags: "--gpu <selector>",
        describe: "Only these GPUs: 0,2 or nvidia or pci:0000:06:00.0; needed for set and reset " +
          "where there are several",
        completes: "gpu",
      },
      { flags: "--dry-run", describe: "Print the writes and calls in order, and make none" },
      { flags: "--for <time>", describe: "Take it back after 30s, 10m, 1h30m, …" },
      { flags: "-y, --yes", describe: "Ask nothing: make the change, and keep it" },
      { flags: "--json", describe: "Print one JSON object" },
      { flags: "--wake", describe: "Read the settings of GPUs that sleep too, which wakes them" },
      {
        flags: "--sysroot <directory>",
        describe: "Read a dump of another host: for show and --dry-run",
        completes: "directory",
      },
    ],
    examples: row.examples,
    async run(input, context) {
      const [action = ""] = input.args;
      const sysroot = sysrootOf(input, context);
      const change = action !== "show";
      const dry = flag(input, "dryRun");
      if (change && !dry && !host.mayChange(sysroot)) {
        throw new UsageError(
          "--sysroot names another host's files, which are never written: add --dry-run",
        );
      }
      if (sysroot.isHost) {
        for (const line of host.settleOverdue(context)) context.stderr.write(`mvgal: ${line}\n`);
      }
      const gpus = chosenGpus(input, sysroot, action);
      using on = host.open(context);
      const control: ControlContext = {
        sysroot,
        wake: flag(input, "wake"),
        whyNotWritable: host.whyNotWritable(sysroot),
        nvml: sysroot.isHost ? on.nvml : undefined,
      };
      if (!change) {
        return show(row, gpus, on, control, input, context, host.mayChange(sysroot));
      }
      return await changeSettings({ row, action, gpus, on, control, input, context, host });
    },
  };
}

/** The row of a command. */
export function controlRow(group: SettingGroup): ControlRow {
  const row = CONTROL_ROWS.find((each) => each.group === group);
  if (row === undefined) throw new RangeError(`no command ${group}`);
  return row;
}
