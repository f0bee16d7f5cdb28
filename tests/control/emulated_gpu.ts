/**
 * A copy of a dump whose files answer writes as amdgpu's do: what a file of text alone would not.
 */

import { cpSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { whyNotWritable } from "../../ffi/access.ts";
import { parseProfileModes } from "../../lib/control/amdgpu/profile_mode.ts";
import { type ControlDevice, HostDevice } from "../../lib/control/device.ts";
import { openControl } from "../../lib/control/drivers.ts";
import { makePlan, type Plan } from "../../lib/control/plan.ts";
import {
  type Changes,
  ControlError,
  type SettingGroup,
  type SettingId,
  SETTINGS,
  type SettingValue,
} from "../../lib/control/setting.ts";
import { type Action, describeAction, type Query } from "../../lib/control/step.ts";
import type { ControlContext, ControlSurface } from "../../lib/control/surface.ts";
import { discover } from "../../lib/discovery/mod.ts";
import type { Gpu } from "../../lib/gpu/gpu.ts";
import { Sysroot } from "../../lib/sysfs/sysroot.ts";
import { DUMPS } from "../sysfs/tree.ts";

/** What the driver does with files that are no plain value. Keeps all state in the tree. */
export class EmulatedDevice implements ControlDevice {
  readonly performed: Action[] = [];
  readonly #files: HostDevice;
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
    this.#files = new HostDevice(new Sysroot(root));
  }

  #text(path: string): string {
    return Deno.readTextFileSync(join(this.#root, path));
  }

  #write(path: string, text: string): void {
    Deno.writeTextFileSync(join(this.#root, path), text);
  }

  perform(action: Action): void {
    if (action.kind === "call") throw new Error("no library here");
    const { path, text } = action;
    const directory = dirname(path);
    const refuse = (unless: boolean) => {
      if (!unless) throw new ControlError(`${describeAction(action)}: the driver refuses (EINVAL)`);
    };
    const manual = () => this.#text(`${directory}/power_dpm_force_performance_level`).trim();
    switch (basename(path)) {
      case "pp_power_profile_mode": {
        refuse(manual() === "manual");
        const mode = parseProfileModes(this.#text(path)).find(({ index }) => `${index}` === text);
        refuse(mode !== undefined);
        const bare = this.#text(path).replace("*", " ");
        this.#write(path, bare.replace(new RegExp(`( ${mode?.name} ?) ?:`), "$1*:"));
        break;
      }
      case "pp_dpm_sclk":
      case "pp_dpm_mclk":
        refuse(manual() === "manual");
        break;
      case "pp_od_clk_voltage":
        this.#overdrive(path, text, refuse);
        break;
      case "fan_curve": {
        const [index, degrees, percent] = text.split(" ");
        const now = this.#text(path);
        this.#write(
          path,
          text === "r"
            ? now.replaceAll(/^(\d): \d+C \d+%$/gm, "$1: 0C 0%")
            : text === "c"
            ? now
            : now.replace(new RegExp(`^${index}: .*$`, "m"), `${index}: ${degrees}C ${percent}%`),
        );
        break;
      }
      case "power_profile": {
        const words = this.#text(path).replaceAll(/[[\]]/g, "").trim().split(/\s+/);
        refuse(words.includes(text));
        this.#write(path, `${words.map((word) => word === text ? `[${word}]` : word).join(" ")}\n`);
        break;
      }
      case "pwm1":
        refuse(this.#text(`${directory}/pwm1_enable`).trim() === "1");
        this.#files.perform(action);
        break;
      default:
        this.#files.perform(action);
    }
    this.performed.push(action);
  }

  #overdrive(path: string, text: string, refuse: (unless: boolean) => void): void {
    if (text === "c" || text === "r") return;
    const [letter, index = "", value = ""] = text.split(" ");
    const heading = letter === "s" ? "OD_SCLK:" : "OD_MCLK:";
    const [before, rest = ""] = this.#text(path).split(heading);
    const row = new RegExp(`^${index}:( +)\\d+(M[hH]z)`, "m");
    refuse(row.test(rest));
    this.#write(path, `${before}${heading}${rest.replace(row, `${index}:$1${value}$2`)}`);
  }

  read(query: Query): string | undefined {
    return this.#files.read(query);
  }

  exists(query: Query): boolean {
    return this.#files.exists(query);
  }
}

/** A copy of a dump, with its first GPU. Dispose it to remove the copy. */
export class CopiedDump implements Disposable {
  readonly directory: string;
  readonly gpu: Gpu;
  readonly device: EmulatedDevice;
  readonly context: ControlContext;

  constructor(name: string) {
    this.directory = Deno.makeTempDirSync({ prefix: "mvgal-control-" });
    cpSync(join(DUMPS, name), this.directory, { recursive: true });
    const sysroot = new Sysroot(this.directory);
    const [gpu] = discover({ sysroot }).gpus;
    if (gpu === undefined) throw new Error(`no GPU in ${name}`);
    this.gpu = gpu;
    this.device = new EmulatedDevice(this.directory);
    this.context = {
      sysroot,
      wake: false,
      nvml: undefined,
      whyNotWritable: (path) => whyNotWritable(join(this.directory, path)),
    };
  }

  /** Sets the options with which amdgpu was loaded. */
  featureMask(mask: string): this {
    const directory = join(this.directory, "sys/module/amdgpu/parameters");
    Deno.mkdirSync(directory, { recursive: true });
    Deno.writeTextFileSync(join(directory, "ppfeaturemask"), `${mask}\n`);
    return this;
  }

  surface(): ControlSurface {
    return openControl(this.gpu, this.context);
  }

  /** Plans to set these, or with null to reset. */
  plan(wanted: Partial<Record<SettingId, SettingValue | null>>): Plan {
    const changes: Changes = new Map(
      Object.entries(wanted).map(([id, value]) => [
        id as SettingId,
        value === null ? { kind: "reset" } : { kind: "set", value },
      ]),
    );
    const [first] = changes.keys();
    const group: SettingGroup = first === undefined ? "power" : SETTINGS[first].group;
    return makePlan(this.gpu.id, group, this.surface(), changes);
  }

  /** The files of the GPU, as text by path, without those that a test need not look at. */
  read(path: string): string {
    return Deno.readTextFileSync(join(this.directory, path));
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.directory, { recursive: true });
  }
}

/** What a plan writes, in order: the path below the device's directory, and the text. */
export function writes(plan: Plan): string[] {
  return plan.steps.map(({ action }) =>
    action.kind === "write"
      ? `${action.path.replace(/^.*\/\d{4}:[0-9a-f]{2}:\w{2}\.\d\//, "")} = ${action.text}`
      : describeAction(action)
  );
}
