/**
 * What the commands that change settings use of the host.
 *
 * @module
 */

import { mayHaveService } from "../client/socket_path.ts";
import type { ApplyWith } from "../control/apply.ts";
import { writableIn } from "../control/device.ts";
import { type HostControl, openHostControl, settleOverdue } from "../control/host.ts";
import type { ControlContext } from "../control/surface.ts";
import { startWatcher } from "../control/watcher.ts";
import type { Gpu } from "../gpu/gpu.ts";
import type { Sysroot } from "../sysfs/sysroot.ts";
import { askOnTerminal } from "./ask.ts";
import type { CommandContext } from "./command.ts";
import type { SettingsDesk } from "./settings_desk.ts";

/** What the commands use of the host. Tests pass their own. */
export interface ControlHost {
  /** What changes are made with: the host's own. */
  open(context: CommandContext): ApplyWith & Disposable & { nvml?: HostControl["nvml"] };
  /** Why a file cannot be written, in this root. */
  whyNotWritable(sysroot: Sysroot): ControlContext["whyNotWritable"];
  /** Whether changes may be made to files below this root. */
  mayChange(sysroot: Sysroot): boolean;
  ask: typeof askOnTerminal;
  /** Starts the process that takes changes back. */
  startWatcher(): void;
  /** The service that changes settings of all these GPUs; undefined where there is none. */
  openServiceDesk(
    context: CommandContext,
    sysroot: Sysroot,
    gpus: readonly Gpu[],
  ): Promise<SettingsDesk | undefined>;
  /** Takes back what is due; a line each. */
  settleOverdue(context: CommandContext): string[];
}

/** This host. */
export const hostControl: ControlHost = {
  open: (context) => openHostControl(context.env),
  whyNotWritable: writableIn,
  mayChange: (sysroot) => sysroot.isHost,
  ask: askOnTerminal,
  startWatcher,
  async openServiceDesk(context, sysroot, gpus) {
    // Most hosts have none: nothing of it is loaded then.
    if (!sysroot.isHost || !mayHaveService(context.env)) return undefined;
    const { openServiceDesk } = await import("./service_desk.ts");
    return await openServiceDesk(context, gpus);
  },
  settleOverdue: (context) => settleOverdue(context.env),
};
