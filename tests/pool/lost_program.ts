/**
 * Dispatches on a logical device of which one member fails after a number of submissions; for each number, one
 * line of JSON that says what came of it. The fault layer is set up by the environment.
 */

import { selfCommand } from "../../lib/launch/self.ts";
import type { LogicalBuffer } from "../../lib/pool/buffer.ts";
import { DataLostError } from "../../lib/pool/lost_bytes.ts";
import type { LogicalDevice } from "../../lib/pool/logical_device.ts";
import {
  inPlaceKernel,
  LOCAL,
  openSoftwarePool,
  scaleKernel,
  word,
  words,
} from "./pool_devices.ts";

const GROUPS = 24, COUNT = GROUPS * LOCAL;

/** What a course of dispatches came to. */
export interface LostOutcome {
  after: number;
  /** How far the results were right. */
  right: number;
  /** Results that were wrong. */
  wrong: number;
  /** The one-line error that ended it; null where nothing did. */
  error: string | null;
  lost: number;
  ms: number;
}

/** `out = 3 * in + round`, again and again; then in place. */
async function run(device: LogicalDevice, outcome: LostOutcome): Promise<void> {
  using input = device.allocate(4 * COUNT), out = device.allocate(4 * COUNT);
  using data = device.allocate(4 * COUNT);
  const scale = device.createKernel({ words: scaleKernel() });
  const inPlace = device.createKernel({ words: inPlaceKernel() });
  const bindings = [{ binding: 0, buffer: input }, { binding: 1, buffer: out }];
  const same = (bytes: Uint8Array, expected: Uint8Array) => {
    if (bytes.every((byte, i) => byte === expected[i])) outcome.right++;
    else outcome.wrong++;
  };
  await input.write(words(COUNT, (i) => i));
  for (let round = 0; round < 3; round++) {
    const { lost } = await device.dispatch(scale, [GROUPS, 1, 1], bindings, word(round));
    outcome.lost += lost.length;
    same(await out.read(), words(COUNT, (i) => 3 * i + round));
  }
  await data.write(words(COUNT, (i) => i));
  let expected = (i: number) => i;
  for (let round = 0; round < 3; round++) {
    const before = expected;
    expected = (i) => (3 * before(i) + round) >>> 0;
    const bindings = [{ binding: 0, buffer: data }];
    try {
      const { lost } = await device.dispatch(inPlace, [GROUPS, 1, 1], bindings, word(round));
      outcome.lost += lost.length;
    } catch (error) {
      outcome.wrong += await changedGroups(data, words(COUNT, (i) => before(i)));
      throw error;
    }
    same(await data.read(), words(COUNT, (i) => expected(i)));
  }
}

/** How many groups of a buffer can be read still, and are not as they were before a dispatch that failed. */
async function changedGroups(data: LogicalBuffer, before: Uint8Array): Promise<number> {
  let changed = 0;
  for (let at = 0; at < before.length; at += 4 * LOCAL) {
    try {
      const bytes = await data.read(at, 4 * LOCAL);
      if (!bytes.every((byte, i) => byte === before[at + i])) changed++;
    } catch (error) {
      if (!(error instanceof DataLostError)) throw error;
    }
  }
  return changed;
}

/** Devices do not fail while the ways between them are tried. */
const transfer = { command: () => ["env", "-u", "VK_INSTANCE_LAYERS", ...selfCommand()] };

if (import.meta.main) {
  const [first = "0", last = "0"] = Deno.args;
  for (let after = Number(first); after <= Number(last); after++) {
    Deno.env.set("MVGAL_FAULT_AFTER", String(after));
    const outcome: LostOutcome = { after, right: 0, wrong: 0, error: null, lost: 0, ms: 0 };
    const begun = performance.now();
    try {
      await using device = await openSoftwarePool({
        strategy: "sfr",
        limitMs: 1000,
        transfer,
      });
      await run(device, outcome);
    } catch (error) {
      outcome.error = String(error);
    }
    outcome.ms = performance.now() - begun;
    // deno-lint-ignore no-console -- what the test reads
    console.log(JSON.stringify(outcome));
  }
}
