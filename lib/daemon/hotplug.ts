/**
 * Noticing that GPUs come and go: by the kernel's events where they are heard, and by a slow look in any case.
 *
 * @module
 */

import type { HeardUevent, UeventOutcome } from "../../ffi/uevents.ts";

/** Events come in flocks: a look follows once it has been quiet for so long, but no later than the second. */
const QUIET_MS = 500, PATIENCE_MS = 3000;

/** What events may be about a GPU. */
const ACTIONS: readonly string[] = ["add", "remove", "bind", "unbind", "change", "move"];

/** Base classes of PCI: displays, and processing accelerators. */
const GPU_CLASSES: readonly string[] = ["3", "12"];

/** Whether an event may mean that a GPU came or went. Where some were lost, it may. */
export function concernsGpus(event: HeardUevent): boolean {
  if (event === "lost") return true;
  const { action, values } = event;
  if (!ACTIONS.includes(action)) return false;
  const subsystem = values.get("SUBSYSTEM");
  // A connector that was plugged in or out is a change of a card.
  if (subsystem === "drm") return action !== "change";
  if (subsystem === "pci") {
    // `PCI_CLASS` is in hexadecimal without leading zeros: 30000.
    const baseClass = values.get("PCI_CLASS")?.slice(0, -4) ?? "";
    return action !== "change" && GPU_CLASSES.includes(baseClass);
  }
  // Drivers that are loaded or gone: NVIDIA's cards are in no subsystem but pci.
  const path = event.path;
  return subsystem === "module" && /\/(nvidia|amdgpu|radeon|i915|xe|nouveau|mtgpu)$/.test(path);
}

/** Options of {@linkcode followHotplug}. */
export interface HotplugOptions {
  open(): UeventOutcome;
  /** Looks which GPUs there are; `anew` where an event said that something happened to one. */
  rescan(options: { anew: boolean }): void;
  /** How often that is done without any event, in ms. */
  everyMs: number;
  /** Told once where events cannot be heard: why. */
  deaf(reason: string): void;
}

/** Calls `rescan` when it may be worth it, until it is disposed. */
export function followHotplug({ open, rescan, everyMs, deaf }: HotplugOptions): Disposable {
  const slow = setInterval(() => rescan({ anew: false }), everyMs);
  let quiet: ReturnType<typeof setTimeout> | undefined;
  let since: number | undefined;
  const look = () => {
    clearTimeout(quiet);
    quiet = undefined;
    since = undefined;
    rescan({ anew: true });
  };
  const heard = (event: HeardUevent) => {
    if (!concernsGpus(event)) return;
    const now = performance.now();
    since ??= now;
    clearTimeout(quiet);
    quiet = setTimeout(look, Math.max(0, Math.min(QUIET_MS, since + PATIENCE_MS - now)));
  };
  const opened = open();
  if (opened.state === "ok") {
    (async () => {
      for await (const event of opened.socket) heard(event);
    })().catch((error) => deaf(String(error)));
  } else {
    deaf(opened.reason);
  }
  return {
    [Symbol.dispose]() {
      clearInterval(slow);
      clearTimeout(quiet);
      if (opened.state === "ok") opened.socket[Symbol.dispose]();
    },
  };
}
