/**
 * A power manager on a copy of a dump, with a budget and an idle GPU: says `held` when it holds both a cap and
 * the GPU parked, and goes on until it is killed.
 *
 * Argument: directory of the copy.
 */

import { join } from "node:path";
import { hostClock } from "../../../lib/control/clock.ts";
import { FileJournal } from "../../../lib/control/journal.ts";
import { openHostPowerControl } from "../../../lib/daemon/power/host_control.ts";
import { openPowerManager } from "../../../lib/daemon/power/manager.ts";
import { DEFAULT_POWER_POLICY } from "../../../lib/daemon/power/policy.ts";
import { discover } from "../../../lib/discovery/mod.ts";
import { Sysroot } from "../../../lib/sysfs/sysroot.ts";
import { openSampler } from "../../../lib/telemetry/sampler.ts";
import { EmulatedDevice } from "../../control/emulated_gpu.ts";

const [directory = ""] = Deno.args;
const sysroot = new Sysroot(directory);
const { gpus } = discover({ sysroot });
let at = 0;
const sampler = openSampler({ gpus, sysroot, now: () => at });
const manager = openPowerManager({
  policy: {
    ...DEFAULT_POWER_POLICY,
    enabled: true,
    power_limit_watts: 200,
    park_timeout_ms: 10_000,
  },
  control: openHostPowerControl({
    on: {
      device: new EmulatedDevice(directory),
      journal: new FileJournal(join(directory, "journal")),
      clock: hostClock,
    },
    context: { sysroot, wake: false, nvml: undefined, whyNotWritable: () => undefined },
    gpus: () => gpus,
    startWatcher: () => {},
  }),
  log: () => {},
});
const look = () => {
  at += 1000;
  const { gpus } = sampler.sample();
  manager.look({ at, gpus, programs: { processes: [], partial: null } });
};
for (let s = 0; s < 15; s++) look();
Deno.stdout.writeSync(new TextEncoder().encode("held\n"));
setInterval(look, 10);
