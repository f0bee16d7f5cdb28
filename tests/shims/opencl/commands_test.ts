/**
 * Random commands on the pool, launches in parts: their results are those of the host, also where a device fails.
 *
 * @module
 */

import assert from "node:assert/strict";
import { type Failure, poclTest, runInParts, together } from "./pool.ts";

/** So many programs a test, of numbers from 0; MVGAL_COMMANDS gives more. */
const MANY = Number(Deno.env.get("MVGAL_COMMANDS") ?? 8);

const seeds = (...known: number[]) => known.concat(Array.from({ length: MANY }, (_, i) => i));

for (const [name, args] of [["commands", []], ["commands", ["4"]], ["pictures", []]] as const) {
  const threads = args.length > 0 ? ", by threads of one context" : "";
  poclTest(`random ${name} give in parts what the host computes${threads}`, async () => {
    await together(seeds(), async (seed) => {
      const { out, errors } = await runInParts(name, [String(seed), "40", ...args]);
      assert.equal(out + errors, "done\n", `seed ${seed}`);
    });
  });
}

/** What of a lost member cannot be done over is an error; the rest goes on. */
async function lose(name: string, seed: number): Promise<"whole" | "done over" | "lost"> {
  const failure: Failure = {
    device: 1 + seed % 2,
    launch: seed * 7 % 17,
    how: (["launch", "refuse", "read"] as const)[seed % 3] ?? "launch",
  };
  const { code, out, errors } = await runInParts(name, [String(seed), "30"], failure);
  assert.equal(code, 0, `seed ${seed}: ${out}${errors}`);
  assert.match(out, /^(done|lost at \d+ of 30)\n$/, `seed ${seed}`);
  const hasFailed = / failed \(-\d+\) and is left out /.test(errors);
  if (out === "done\n") return hasFailed ? "done over" : "whole";
  assert.ok(hasFailed, `seed ${seed}: an error where no member failed: ${out}`);
  return "lost";
}

// With those that are named bytes once were wrong.
for (const [name, known] of [["commands", [226, 499]], ["pictures", []]] as const) {
  poclTest(`random ${name} are done over where a member is lost, or fail`, async () => {
    const ends = new Set<string>();
    await together(seeds(...known), async (seed) => {
      ends.add(await lose(name, seed));
    });
    assert.ok(ends.has("done over"), "nothing was done over");
  });
}
