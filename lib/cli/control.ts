/**
 * `mvgal power`, `clocks`, `fan`, `profile` and `park`: settings of GPUs.
 *
 * @module
 */

import { parkReport } from "../control/awake.ts";
import type { SettingGroup } from "../control/setting.ts";
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
import { checkShowsAlone } from "./control_request.ts";
import { CONTROL_ROWS, type ControlRow } from "./control_table.ts";
import { DirectDesk } from "./direct_desk.ts";
import type { SettingsDesk } from "./settings_desk.ts";
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

async function show(
  row: ControlRow,
  gpus: readonly Gpu[],
  desk: SettingsDesk,
  control: ControlContext,
  input: CommandInput,
  { stdout }: CommandContext,
): Promise<number> {
  const shown: ShownSettings[] = [];
  for (const gpu of gpus) {
    const park = row.group === "park" ? parkReport(gpu, control) : null;
    shown.push({ gpu, ...await desk.settings(gpu, row.group), park });
  }
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
        flags: "--direct",
        describe: "Without the service, where one runs; so it is with --wake (see mvgal daemon)",
      },
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
      if (!change) checkShowsAlone(row, input);
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
      const asksService = !control.wake && !flag(input, "direct");
      const desk = (asksService ? await host.openServiceDesk(context, sysroot, gpus) : undefined) ??
        new DirectDesk({
          on,
          control,
          hasJournal: host.mayChange(sysroot),
          startWatcher: host.startWatcher,
        });
      if (!change) return await show(row, gpus, desk, control, input, context);
      return await changeSettings({ row, action, gpus, desk, control, input, context, host });
    },
  };
}

/** The row of a command. */
export function controlRow(group: SettingGroup): ControlRow {
  const row = CONTROL_ROWS.find((each) => each.group === group);
  if (row === undefined) throw new RangeError(`no command ${group}`);
  return row;
}
