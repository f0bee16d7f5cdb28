/**
 * A device that fails under a program whose launches are in parts: the program does not see it.
 *
 * @module
 */

import assert from "node:assert/strict";
import {
  type Failure,
  fakeVendor,
  poclLibrary,
  poclTest,
  program,
  runBeside,
  runInParts,
  shim,
  together,
  Vendors,
} from "./pool.ts";

const runFailing = (failure: Failure, args: readonly string[] = []) =>
  runInParts("failing", args, failure);

/** All launches of the program with MVGAL_FAILING_LAUNCHES=all; there are 26. */
const LAUNCHES = Deno.env.get("MVGAL_FAILING_LAUNCHES") === "all"
  ? Array.from({ length: 26 }, (_, i) => i)
  : [0, 2, 3, 7, 13, 18, 20, 22, 25];

poclTest(
  "parts of a member that fails are done over by the home, with the same results",
  async () => {
    const hows = ["launch", "refuse", "read"] as const;
    await together(LAUNCHES, async (launch) => {
      const how = hows[launch % hows.length] ?? "launch";
      const device = 1 + launch % 2;
      const { out, errors } = await runFailing({ device, launch, how });
      const what = `device ${device}, launch ${launch}, ${how}: ${errors}`;
      assert.equal(out, "done\n", what);
      assert.match(
        errors,
        new RegExp(`^mvgal: opencl: member ${device} .* failed \\(-\\d+\\) and is left out`),
        what,
      );
      assert.equal(errors.trimEnd().split("\n").length, 1, what);
    });
  },
);

poclTest("an event of a launch in parts is over when all parts are", async () => {
  for (const device of [1, 2]) {
    const { out, errors } = await runFailing({ device, launch: 0, how: "slow" }, ["slow"]);
    assert.match(out, /^waited \d{2,}\ndone$/m, errors);
    assert.ok(Number(/\d+/.exec(out)?.[0]) >= 100, out);
  }
});

poclTest("without a failure no part is done over", async () => {
  const { out, errors } = await runFailing({ device: 1, launch: 1000, how: "launch" });
  assert.equal(out, "done\n", errors);
  assert.equal(errors, "");
});

poclTest(
  "what a member alone had is an error when that has failed, and is there when written anew",
  async () => {
    // The first of 80 launches is too far back to be done over.
    const { out, errors } = await runFailing({ device: 1, launch: 80, how: "launch" }, ["lost"]);
    assert.match(out, /^lost: -[25]\ndone$/m, errors);
    assert.match(errors, /of its parts \d+ were done over, 1 could not be$/m);
  },
);

poclTest(
  "of a part that another launch has partly written over the rest is done over",
  async () => {
    for (const how of ["launch", "refuse"] as const) {
      const { out, errors } = await runFailing({ device: 1, launch: 1, how }, ["resized"]);
      assert.equal(out, "done\n", errors);
      assert.match(errors, /of its parts [12] were done over, 0 could not be$/m);
    }
  },
);

poclTest("a part is not done over with what was written since it read", async () => {
  const { out, errors } = await runFailing({ device: 1, launch: 2, how: "launch" }, ["stale"]);
  assert.match(out, /^stale: -[25]\ndone$/m, errors);
  assert.match(errors, /of its parts 1 were done over, 0 could not be$/m);
});

poclTest("members pass on what others have written, in pieces of many ranges", async () => {
  for (const launch of [1000, 7]) {
    const { out, errors } = await runFailing({ device: 1, launch, how: "launch" }, ["", "4194304"]);
    assert.equal(out, "done\n", errors);
    assert.equal(errors === "", launch === 1000, errors);
  }
});

poclTest(
  "a home that fails is an error of the program's command, never a wrong result",
  async () => {
    for (const how of ["launch", "refuse", "read"] as const) {
      const { code, out, errors } = await runFailing({ device: 0, launch: 0, how });
      assert.equal(code, 1, out);
      assert.match(errors, /^line \d+: clEnqueue\w+\(.*: -5$/m);
    }
  },
);

poclTest("a queue whose own member fails goes on at home", async () => {
  using pool = new Vendors({ mvgal: shim() });
  using vendors = new Vendors({ failing: fakeVendor("failing") });
  const failing = async (device: number) =>
    await runBeside(program("order"), ["queues"], {
      OCL_ICD_VENDORS: pool.directory,
      MVGAL_OPENCL_VENDORS: vendors.directory,
      MVGAL_DEBUG: "opencl",
      MVGAL_STRATEGY: "round_robin",
      MVGAL_SPLIT: "force",
      FAILING_VENDOR: poclLibrary(),
      FAILING_DEVICE: String(device),
    });
  // Where a program begins goes by those before it.
  for (let device = 0; device < 8; device++) {
    const { out, errors } = await failing(device % 2);
    const [home, other] = [...errors.matchAll(/a queue on member (\d)/g)].map(([, at]) =>
      Number(at)
    );
    if (home === device % 2) continue;
    assert.equal(other, device % 2, errors);
    assert.match(errors, /failed \(-\d+\) and is left out/);
    assert.equal(out, "done\n", errors);
    return;
  }
  assert.fail("both members are the first queue's each time");
});
