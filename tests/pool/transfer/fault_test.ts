/** A member of a pool that is lost, or hangs, at every stage of copies. */

import assert from "node:assert/strict";
import { faultLayer } from "../../fakes/fault_layer.ts";
import { softwareEnvironment } from "../../vulkan_devices.ts";
import { poolTest } from "./devices.ts";
import type { FaultOutcome } from "./fault_program.ts";

const PROGRAM = new URL("fault_program.ts", import.meta.url).pathname;

/** What comes of a fault after each number of submissions. */
async function outcomes(
  fault: "lose" | "hang",
  numbers: readonly number[],
): Promise<FaultOutcome[]> {
  using layer = faultLayer();
  const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", PROGRAM, ...numbers.map(String)],
    env: { ...softwareEnvironment(), ...layer.environment({ device: "llvmpipe", fault }) },
    stdin: "null",
  }).output();
  const text = new TextDecoder().decode(stdout);
  assert.ok(success, `${new TextDecoder().decode(stderr)}\n${text}`);
  return text.trim().split("\n").map((line) => JSON.parse(line));
}

/** Each hang costs the time after which a device counts as hung. */
const EVERY = { lose: 1, hang: 7 } as const;

for (const fault of ["lose", "hang"] as const) {
  const numbers = Array.from({ length: Math.ceil(48 / EVERY[fault]) }, (_, i) => i * EVERY[fault]);

  poolTest(
    `Transfers name a member that ${
      fault === "lose" ? "is lost" : "hangs"
    } at any stage, and others go on`,
    async () => {
      const [well, ...all] = await outcomes(fault, numbers);
      assert.deepEqual(well, { after: 10_000, right: 6, wrong: 0, errors: [], otherIsWell: true });
      assert.equal(all.length, numbers.length);
      for (const outcome of all) {
        const shown = JSON.stringify(outcome);
        assert.equal(outcome.wrong, 0, shown);
        assert.equal(outcome.otherIsWell, true, shown);
        // A member that fails late is told of once, however often it is asked again.
        assert.ok(outcome.errors.length <= 1, shown);
        if (outcome.right < 6) {
          assert.match(
            outcome.errors[0] ?? "",
            /^TransferLostError: llvmpipe \(vulkan:0\) is lost: [^\n]+$/,
            shown,
          );
        }
      }
      const stages = new Set(all.map(({ right }) => right));
      assert.ok(stages.size >= 3, `it failed at several stages: ${[...stages]}`);
    },
  );
}
