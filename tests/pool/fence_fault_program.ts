// deno-lint-ignore-file no-console
/**
 * Fences of llvmpipe, which fails, and of SwiftShader, which does not. Run by fence_fault_test.ts with the
 * layer that makes devices fail; writes what came of it as JSON.
 *
 *     fence_fault_program.ts flow MOST       the flow, with 0 to MOST submissions before the fault
 *     fence_fault_program.ts pending MARKER  the fault while a queue waits
 */

import { Device } from "../../ffi/vulkan/device.ts";
import { type FenceMember, type PoolFence, PoolFences } from "../../lib/pool/fence.ts";
import { openSoftwareInstance, softwareEnvironment } from "../vulkan_devices.ts";
import { Gate } from "./fence_devices.ts";

/** What came of a fence. */
export interface FenceReport {
  name: string;
  end: string;
  state: string;
  reason: string | null;
}

/** Where nothing hangs, no wait takes as long, in ms. */
const LIMIT_MS = 5000;

async function reportOf(fences: Record<string, PoolFence>): Promise<FenceReport[]> {
  const entries = Object.entries(fences);
  return await Promise.all(entries.map(async ([name, fence]) => {
    const end = await fence.wait(LIMIT_MS);
    return { name, end, state: fence.state(), reason: fence.reason ?? null };
  }));
}

async function withMembers<T>(
  use: (fences: PoolFences, failing: FenceMember, sound: FenceMember) => Promise<T>,
): Promise<T> {
  using instance = openSoftwareInstance(softwareEnvironment());
  using opened = new DisposableStack();
  const member = (index: number, name: string): FenceMember => {
    const physical = instance.physicalDevices().find((each) => each.name.includes(name));
    if (physical === undefined) throw new Error(`no ${name}`);
    const device = opened.use(new Device(instance, physical));
    const [queue] = device.queues;
    if (queue === undefined) throw new Error(`${name} has no queue`);
    return { index, device, queue };
  };
  const [failing, sound] = [member(0, "llvmpipe"), member(1, "SwiftShader")];
  // Longer than anything takes here.
  await using fences = new PoolFences([failing, sound], { patienceMs: 300 });
  return await use(fences, failing, sound);
}

/** Each queue waits for the other in turn. */
function flow(): Promise<FenceReport[]> {
  return withMembers(async (fences, failing, sound) => {
    const [there, after, back, end, all] = Array.from({ length: 5 }, () => fences.create());
    if (!there || !after || !back || !end || !all) throw new Error("no fences");
    there.submit(failing);
    await there.waitOn(sound);
    after.submit(sound);
    back.submit(sound);
    await back.waitOn(failing);
    end.submit(failing);
    all.submitAll();
    const reports = await reportOf({ there, after, back, end, all });
    using later = fences.create();
    later.submit(sound);
    return [...reports, ...await reportOf({ later })];
  });
}

/** The device fails while the other's queue waits for it. */
function pending(marker: string): Promise<FenceReport[]> {
  return withMembers(async (fences, failing, sound) => {
    await fences.prepare();
    using gate = new Gate(failing);
    using held = fences.create();
    using waiting = fences.create();
    using next = fences.create();
    gate.shut();
    held.submit(failing);
    await held.waitOn(sound);
    waiting.submit(sound);
    const before = [held.state(), waiting.state()].join();
    if (before !== "pending,pending") throw new Error(before);
    Deno.writeTextFileSync(marker, "");
    next.submit(failing);
    const reports = await reportOf({ held, waiting, next });
    using later = fences.create();
    later.submit(sound);
    return [...reports, ...await reportOf({ later })];
  });
}

if (import.meta.main) {
  const [scenario, argument = ""] = Deno.args;
  const runs: FenceReport[][] = [];
  if (scenario === "pending") runs.push(await pending(argument));
  else {
    for (let after = 0; after <= Number(argument); after++) {
      Deno.env.set("MVGAL_FAULT_AFTER", String(after));
      runs.push(await flow());
    }
  }
  console.log(JSON.stringify(runs));
}
