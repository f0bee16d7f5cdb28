/**
 * Dispatches with fences on a logical device of which one member fails after a number of submissions; for each
 * number, one line of JSON that says what came of it. The fault layer is set up by the environment.
 */

import { selfCommand } from "../../lib/launch/self.ts";
import type { FenceState } from "../../lib/pool/fence.ts";
import type { LogicalDevice } from "../../lib/pool/logical_device.ts";
import { inPlaceKernel, LOCAL, openSoftwarePool, word, words } from "./pool_devices.ts";

const GROUPS = 8, COUNT = GROUPS * LOCAL;

/** What came of one dispatch. */
export interface FencedOutcome {
  /** `right`, `unchanged`, or `wrong` for all else. */
  contents: "right" | "unchanged" | "wrong";
  error: string | null;
  /** How its own fence stood in the end. */
  fence: FenceState;
}

/** What came of all. */
export interface FencesOutcome {
  after: number;
  dispatches: FencedOutcome[];
  ms: number;
}

async function run(device: LogicalDevice, name: string): Promise<FencedOutcome[]> {
  const { members } = device;
  const failing = members.find((member) => member.name.includes(name));
  const well = members.find((member) => member !== failing);
  if (failing === undefined || well === undefined) throw new Error("two members are needed");
  const kernel = device.createKernel({ words: inPlaceKernel() });
  const queue = device.createFence();
  const work = [failing, well, well].map(({ id }) => ({
    id,
    buffer: device.allocate(4 * COUNT),
    own: device.createFence(),
  }));
  const before = words(COUNT, (i) => i), right = words(COUNT, (i) => 3 * i + 1);
  await Promise.all(work.map(({ buffer }) => buffer.write(before)));
  queue.submit(failing);
  const [first] = work;
  // On the member that fails; on the other after its queue; and after the first.
  const ends = await Promise.allSettled(work.map(({ id, buffer, own }, i) => {
    const after = i === 0 ? [] : i === 1 ? [queue] : first ? [first.own] : [];
    return device.dispatch(kernel, [GROUPS, 1, 1], [{ binding: 0, buffer }], {
      ...word(1),
      on: id,
      after,
      signal: own,
    });
  }));
  const outcomes: FencedOutcome[] = [];
  for (const [i, { buffer, own }] of work.entries()) {
    const end = ends[i];
    const same = (bytes: Uint8Array, other: Uint8Array) =>
      bytes.every((byte, k) => byte === other[k]);
    const bytes = await buffer.read().catch(() => new Uint8Array(4 * COUNT));
    outcomes.push({
      contents: same(bytes, right) ? "right" : same(bytes, before) ? "unchanged" : "wrong",
      error: end?.status === "rejected" ? String(end.reason) : null,
      fence: own.state(),
    });
    buffer[Symbol.dispose]();
  }
  return outcomes;
}

/** Devices do not fail while the ways between them are tried. */
const transfer = { command: () => ["env", "-u", "VK_INSTANCE_LAYERS", ...selfCommand()] };

if (import.meta.main) {
  const [name = "", last = "0"] = Deno.args;
  for (let after = 0; after <= Number(last); after++) {
    Deno.env.set("MVGAL_FAULT_AFTER", String(after));
    const begun = performance.now();
    await using device = await openSoftwarePool({ limitMs: 1000, transfer });
    const dispatches = await run(device, name);
    const outcome: FencesOutcome = { after, dispatches, ms: performance.now() - begun };
    // deno-lint-ignore no-console -- what the test reads
    console.log(JSON.stringify(outcome));
  }
}
