/**
 * Parking a GPU: whether the kernel may suspend it while nothing uses it.
 *
 * A card's other functions (audio of its displays, USB) share its power: they have to be allowed to sleep
 * too. Source: the kernel's `Documentation/ABI/testing/sysfs-devices-power`.
 *
 * @module
 */

import type { Gpu } from "../gpu/gpu.ts";
import { parseInteger } from "../sysfs/sysroot.ts";
import { ControlFiles, present, settingState } from "./files.ts";
import { SETTINGS, type SettingState } from "./setting.ts";
import { writeStep } from "./step.ts";
import { type ControlContext, type ControlSurface, noSurface, numberOf } from "./surface.ts";

const CONTROL = "power/control";
const DELAY = "power/autosuspend_delay_ms";

/** The kernel takes any int; longer than a day is a mistake. */
const LONGEST_DELAY_MS = 24 * 60 * 60 * 1000;

/** The other functions of a GPU's device: `0000:06:00.1`. Virtual functions have other device numbers. */
function otherFunctions(gpu: Gpu, context: ControlContext): string[] {
  const slot = gpu.pci_slot;
  if (slot === null) return [];
  const device = slot.slice(0, slot.lastIndexOf(".") + 1);
  return context.sysroot.list("/sys/bus/pci/devices")
    .filter((name) => name.startsWith(device) && name !== slot)
    // Another GPU in the same device is parked by itself.
    .filter((name) =>
      !/^0x03/.test(context.sysroot.text(`/sys/bus/pci/devices/${name}/class`) ?? "")
    );
}

/** Runtime power management of one GPU and the other functions of its card. */
export function parkSurface(gpu: Gpu, context: ControlContext): ControlSurface {
  const files = ControlFiles.of(gpu, context);
  if (files === undefined || !files.has(CONTROL)) {
    return noSurface(["park"], "no file power/control: the kernel manages no power of this device");
  }
  const others = otherFunctions(gpu, context)
    .map((name) => new ControlFiles(context, `/sys/bus/pci/devices/${name}`))
    .filter((other) => other.has(CONTROL));
  const now = files.text(CONTROL);
  const awake = others.filter((other) => other.text(CONTROL) === "on")
    .map((other) => other.path("").replace(/\/$/, "").split("/").at(-1));
  const control = files.state("autosuspend", [CONTROL], {
    value: now ?? null,
    value_absent: now === undefined ? files.whyNot(CONTROL, "word") : null,
    choices: ["auto", "on"],
    source: `sysfs:${CONTROL}`,
    note: now === "auto" && awake.length > 0
      ? `${awake.join(", ")} of the same card may not sleep, which keeps the card's power on`
      : null,
  });
  return {
    settings: [control, delayState(files)],
    absent: {},
    plan(changes) {
      const [change, delay] = [
        changes.get("autosuspend"),
        numberOf(changes, "autosuspend_delay_ms"),
      ];
      const text = change?.kind === "set" ? String(change.value) : "on";
      return present([
        delay === undefined ? undefined : writeStep({
          path: files.path(DELAY),
          now: files.text(DELAY) ?? "",
          text: String(delay),
        }),
        ...(change === undefined ? [] : [...others, files]).map((each) =>
          writeStep({ path: each.path(CONTROL), now: each.text(CONTROL) ?? "", text })
        ),
      ]);
    },
  };
}

/** Reading the delay of a driver that uses none gives EIO. */
function delayState(files: ControlFiles): SettingState {
  const text = files.text(DELAY);
  const value = text === undefined ? undefined : parseInteger(text);
  if (value === undefined) {
    const why = files.has(DELAY)
      ? "the driver uses no delay of its own"
      : files.whyNot(DELAY, "number");
    return settingState("autosuspend_delay_ms", false, {
      value_absent: why,
      why_not: why,
      refused_by: "driver",
      source: `sysfs:${DELAY}`,
    });
  }
  return files.state("autosuspend_delay_ms", [DELAY], {
    value,
    range: { min: 0, max: LONGEST_DELAY_MS, step: 1 },
    source: `sysfs:${DELAY}`,
    note: value < 0
      ? `negative: the GPU never sleeps, whatever ${SETTINGS.autosuspend.label}`
      : null,
  });
}
