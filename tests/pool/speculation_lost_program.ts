/**
 * Dispatches that are tried on copies, on a logical device of which one member fails after a number of
 * submissions; for each number, one line of JSON that says what came of it. The fault layer is set up by the
 * environment.
 */

import { selfCommand } from "../../lib/launch/self.ts";
import type { LogicalDevice } from "../../lib/pool/logical_device.ts";
import type { LostOutcome } from "./lost_program.ts";
import { LOCAL, openSoftwarePool, word, words } from "./pool_devices.ts";
import { permutedKernel } from "./speculation_kernels.ts";

const GROUPS = 24, COUNT = GROUPS * LOCAL;

/** Also how many of the results were merged. */
export interface SpeculationOutcome extends LostOutcome {
  merged: number;
}

/** `data[perm[i]] = 3 * data[perm[i]] + round`, again and again. */
async function run(device: LogicalDevice, outcome: SpeculationOutcome): Promise<void> {
  using perm = device.allocate(4 * COUNT), data = device.allocate(4 * COUNT);
  const kernel = device.createKernel({ words: permutedKernel() });
  const bindings = [{ binding: 0, buffer: perm }, { binding: 1, buffer: data }];
  await perm.write(words(COUNT, (i) => (i * 1009 + 17) % COUNT));
  await data.write(words(COUNT, (i) => i));
  let expected = (i: number) => i;
  for (let round = 0; round < 3; round++) {
    const before = expected;
    expected = (i) => (3 * before(i) + round) >>> 0;
    const { lost, speculated } = await device.dispatch(
      kernel,
      [GROUPS, 1, 1],
      bindings,
      word(round),
    );
    outcome.lost += lost.length;
    if (speculated) outcome.merged++;
    const bytes = await data.read();
    const wanted = words(COUNT, expected);
    if (bytes.every((byte, i) => byte === wanted[i])) outcome.right++;
    else outcome.wrong++;
  }
}

/** Devices do not fail while the ways between them are tried. */
const transfer = { command: () => ["env", "-u", "VK_INSTANCE_LAYERS", ...selfCommand()] };

if (import.meta.main) {
  const [first = "0", last = "0"] = Deno.args;
  for (let after = Number(first); after <= Number(last); after++) {
    Deno.env.set("MVGAL_FAULT_AFTER", String(after));
    const none = { right: 0, wrong: 0, error: null, lost: 0, ms: 0, merged: 0 };
    const outcome: SpeculationOutcome = { after, ...none };
    const begun = performance.now();
    try {
      await using device = await openSoftwarePool({
        strategy: "sfr",
        speculate: true,
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
