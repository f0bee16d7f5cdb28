/**
 * Holds a power cap on a copy of a dump, moves it twice, renews it and gives it back, and kills itself with
 * SIGKILL before its nth call of the device or the journal. Prints the number of calls where it was not killed.
 *
 * Arguments: directory of the copy, n.
 */

import { join } from "node:path";
import { hostClock } from "../../lib/control/clock.ts";
import type { ControlDevice } from "../../lib/control/device.ts";
import { openControl } from "../../lib/control/drivers.ts";
import { holdPlan, releaseHold, renewHold } from "../../lib/control/hold.ts";
import { FileJournal, type Journal } from "../../lib/control/journal.ts";
import { makePlan } from "../../lib/control/plan.ts";
import { discover } from "../../lib/discovery/mod.ts";
import { Sysroot } from "../../lib/sysfs/sysroot.ts";
import { EmulatedDevice } from "./emulated_gpu.ts";

const [directory = "", at = ""] = Deno.args;
const sysroot = new Sysroot(directory);
const [gpu] = discover({ sysroot }).gpus;
if (gpu === undefined) throw new Error("no GPU");

let calls = 0;
const step = <T>(body: () => T): T => {
  if (calls++ === Number(at)) Deno.kill(Deno.pid, "SIGKILL");
  return body();
};
const inner = new EmulatedDevice(directory);
const device: ControlDevice = {
  perform: (action) => step(() => inner.perform(action)),
  read: (query) => step(() => inner.read(query)),
  exists: (query) => inner.exists(query),
};
const file = new FileJournal(join(directory, "journal"));
const journal: Journal = {
  entries: () => file.entries(),
  save: (entry) => step(() => file.save(entry)),
  remove: (id, group) => step(() => file.remove(id, group)),
  locked: (body) => file.locked(body),
};
const on = { device, journal, clock: hostClock };
const context = { sysroot, wake: false, nvml: undefined, whyNotWritable: () => undefined };
for (const watts of [215, 200, 230]) {
  const changes = new Map([["power_cap_w" as const, { kind: "set" as const, value: watts }]]);
  const plan = makePlan(gpu.id, "power", openControl(gpu, context), changes);
  journal.locked(() => holdPlan(plan, 600, on));
}
journal.locked(() => renewHold(gpu.id, "power", 600, on));
journal.locked(() => releaseHold(gpu.id, "power", on));
Deno.stdout.writeSync(new TextEncoder().encode(String(calls)));
