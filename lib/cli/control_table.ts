/**
 * The table of the commands that change settings: what each takes.
 *
 * @module
 */

import type { SettingGroup, SettingId } from "../control/setting.ts";
import type { Example, OptionSpec } from "./command.ts";

/** An option that sets one setting. */
export interface SettingOption {
  readonly id: SettingId;
  readonly spec: OptionSpec;
}

/** One command. */
export interface ControlRow {
  readonly group: SettingGroup;
  readonly describe: string;
  readonly details: string;
  /** What a value without an option sets; undefined where the command takes none. */
  readonly value?: { readonly id: SettingId; readonly name: string; readonly describe: string };
  /** What `set` sets where nothing is given. */
  readonly otherwise?: { readonly id: SettingId; readonly value: string };
  readonly options: readonly SettingOption[];
  /** What `reset` resets where nothing is named; all settings of the group, where it is left out. */
  readonly resets?: readonly SettingId[];
  readonly examples: readonly Example[];
}

const option = (id: SettingId, flags: string, describe: string): SettingOption => ({
  id,
  spec: { flags, describe },
});

/** What all of them share. */
const REVERTING =
  "A change is shown, asked for on a terminal, made, and read back. With --for it is taken back after " +
  "that time, also when mvgal is killed: by a process that waits, or at the next start of mvgal. Values " +
  "outside of what the driver takes are refused before anything is written.";

/** All commands, in the order of `--help`. */
export const CONTROL_ROWS: readonly ControlRow[] = [
  {
    group: "power",
    describe: "Show or set the power cap of GPUs",
    details: REVERTING,
    value: { id: "power_cap_w", name: "watts", describe: "Power cap in W" },
    options: [],
    examples: [
      { command: "power show", meaning: "Each GPU's power cap and what it may be" },
      { command: "power set 215 --gpu 0", meaning: "Cap GPU 0 at 215 W" },
      { command: "power set 215 --gpu 0 --for 10m", meaning: "For ten minutes" },
      { command: "power set 215 --gpu 0 --dry-run", meaning: "Show what would be written" },
      { command: "power reset --gpu 0", meaning: "Back to the board's default" },
    ],
  },
  {
    group: "clocks",
    describe: "Show or set the clocks of GPUs",
    details:
      `${REVERTING} Clocks are risky: on a terminal you are asked whether to keep them, and without an ` +
      "answer they are taken back.",
    options: [
      option("core_clock_min_mhz", "--min <MHz>", "Least clock of the core"),
      option("core_clock_max_mhz", "--max <MHz>", "Most clock of the core"),
      option("core_clock_offset_mhz", "--offset <MHz>", "Offset of the core's clock"),
      option("memory_clock_min_mhz", "--memory-min <MHz>", "Least clock of the memory"),
      option("memory_clock_max_mhz", "--memory-max <MHz>", "Most clock of the memory"),
    ],
    examples: [
      { command: "clocks show", meaning: "Each GPU's clocks and what they may be" },
      { command: "clocks set --max 1500 --gpu 0", meaning: "No more than 1500 MHz" },
      {
        command: "clocks set --min 1200 --max 1200 --gpu 0 --for 1h",
        meaning: "Fixed, for an hour",
      },
      { command: "clocks reset --gpu 0", meaning: "Back to the driver's own" },
    ],
  },
  {
    group: "fan",
    describe: "Show or set the fans of GPUs",
    details:
      `${REVERTING} A fixed speed does not follow the temperature: it is risky, and taken back unless you ` +
      "confirm it.",
    value: { id: "fan_pct", name: "percent", describe: "Speed in per cent" },
    options: [
      option("fan_curve", "--curve <points>", "Curve: 40:25,60:50,80:100 (°C and per cent)"),
      option("fan_minimum_pct", "--minimum <percent>", "Least speed of the firmware's curve"),
      option("fan_target_temperature_c", "--target-temperature <C>", "Temperature to hold"),
      option("fan_acoustic_target_rpm", "--acoustic-target <RPM>", "Speed to hold"),
      option("fan_acoustic_limit_rpm", "--acoustic-limit <RPM>", "Speed not to pass"),
      option("fan_zero_rpm", "--zero-rpm <0|1>", "Whether it may stop while the GPU is cool"),
    ],
    examples: [
      { command: "fan show", meaning: "Each GPU's fan and what it may do" },
      { command: "fan set 60 --gpu 0 --for 30m", meaning: "60 % for half an hour" },
      { command: "fan set --curve 40:25,50:40,60:60,70:80,80:100 --gpu 0", meaning: "A curve" },
      { command: "fan reset --gpu 0", meaning: "Back to automatic" },
    ],
  },
  {
    group: "profile",
    describe: "Show or set the performance level and profile of GPUs",
    details: REVERTING,
    value: { id: "profile", name: "profile", describe: "One of those that `profile show` lists" },
    options: [option("performance_level", "--level <level>", "auto, low, high, manual, …")],
    examples: [
      { command: "profile show", meaning: "Each GPU's level and profiles" },
      { command: "profile set compute --gpu 0", meaning: "The driver's profile for computing" },
      {
        command: "profile set --level high --gpu 0 --for 1h",
        meaning: "Highest clocks for an hour",
      },
      { command: "profile reset --gpu 0", meaning: "Back to automatic" },
    ],
  },
  {
    group: "park",
    describe: "Show, allow or forbid that GPUs sleep while nothing uses them",
    details:
      "`set` allows the kernel to suspend the GPU and the other functions of its card, and says " +
      `what keeps it awake; \`reset\` forbids it. ${REVERTING}`,
    otherwise: { id: "autosuspend", value: "auto" },
    options: [
      option(
        "autosuspend_delay_ms",
        "--delay <ms>",
        "For how long it must be idle before it sleeps",
      ),
    ],
    resets: ["autosuspend"],
    examples: [
      { command: "park show", meaning: "Which GPUs sleep, may sleep, and what keeps them awake" },
      { command: "park set --gpu 1", meaning: "Let GPU 1 sleep" },
      { command: "park reset --gpu 1", meaning: "Keep it awake" },
    ],
  },
];
