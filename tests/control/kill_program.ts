/**
 * Makes a change on a copy of a dump, and kills itself with SIGKILL before its nth call of the device or the
 * journal. Prints the number of calls where it was not killed.
 *
 * Arguments: directory of the copy, id of the GPU's entry in the listing, n, JSON of what to set.
 */

import { join } from "node:path";
import { applyPlan } from "../../lib/control/apply.ts";
import { hostClock } from "../../lib/control/clock.ts";
import type { ControlDevice } from "../../lib/control/device.ts";
import { openControl } from "../../lib/control/drivers.ts";
import { FileJournal, type Journal } from "../../lib/control/journal.ts";
import { makePlan } from "../../lib/control/plan.ts";
import { type Change, type SettingId, SETTINGS } from "../../lib/control/setting.ts";
import { discover } from "../../lib/discovery/mod.ts";
import { Sysroot } from "../../lib/sysfs/sysroot.ts";
import { EmulatedDevice } from "./emulated_gpu.ts";

const [directory = "", at = "", wanted = "{}"] = Deno.args;
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
const surface = openControl(gpu, {
  sysroot,
  wake: false,
  nvml: undefined,
  whyNotWritable: () => undefined,
});
const changes = new Map(
  Object.entries(JSON.parse(wanted)).map(([id, value]): [SettingId, Change] => [
    id as SettingId,
    value === null ? { kind: "reset" } : { kind: "set", value: value as string | number },
  ]),
);
const [first = "power_cap_w"] = changes.keys();
const plan = makePlan(gpu.id, SETTINGS[first].group, surface, changes);
journal.locked(() => applyPlan(plan, 600, { device, journal, clock: hostClock }));
// After the last of them, and before anything else could happen.
if (Number(at) === calls) Deno.kill(Deno.pid, "SIGKILL");
Deno.stdout.writeSync(new TextEncoder().encode(String(calls)));
