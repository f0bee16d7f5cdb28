/**
 * What a guest gets of a kernel's launches: a member far slower than the home, as a processor beside a GPU.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { compile, compilerTest } from "../../fakes/cc.ts";
import { run } from "./pool.ts";

const HERE = import.meta.dirname ?? ".";
const SANITIZED = { libraries: ["libasan.so", "libubsan.so"] };

/** The numbers that the driver of guest.c alone prints. */
function driven(...args: readonly (string | number)[]): { numbers: number[]; errors: string } {
  const at = join(HERE, "..", "..", "..", "shims", "opencl", "guest");
  const driver = compile({
    name: "guest_driver",
    source: { file: join(HERE, "guest_driver.c") },
    args: [`${at}.c`, "-O1", "-g", "-fsanitize=address,undefined", "-lm"],
    includes: [`${at}.c`, `${at}.h`],
  });
  const { code, out, errors } = run(driver, args.map(String), {});
  assert.equal(code, 0, errors);
  return { numbers: out.trim().split(" ").map(Number), errors };
}

/** What came of one kernel: times are in launches that run whole. */
function guested(groups: number, profile: string | number, slower: number, noise = 0) {
  const [out = NaN, share = NaN, gain = NaN, worst = NaN, lost = NaN] =
    driven(groups, profile, slower, noise).numbers;
  return { isOut: out === 1, share, gain, worst, lost };
}

compilerTest("a guest gets its share of even launches, and no launch takes longer for it", () => {
  for (const [groups, noise] of [[4096, 0], [4096, 0.01], [512, 0.01]] as const) {
    const { isOut, share, gain, worst } = guested(groups, "even", 13, noise);
    assert.ok(!isOut && share > 0.05 && share < 0.075, `${share} of ${groups}`);
    assert.ok(gain > 1.04, `${gain} of ${groups}`);
    assert.ok(worst < 1.05, `${worst} of ${groups}`);
  }
}, SANITIZED);

compilerTest("a guest that is too slow is left out, and that costs next to nothing", () => {
  const slow = guested(4096, "even", 100, 0.01);
  assert.ok(slow.isOut && slow.worst < 1.05 && slow.lost < 0.1, JSON.stringify(slow));
  // Of 300 launches.
  const slower = guested(4096, "even", 500, 0.01);
  assert.ok(slower.isOut && slower.worst < 2.5 && slower.lost < 3, JSON.stringify(slower));
}, SANITIZED);

compilerTest(
  "a guest never has a part that takes many times the launch, wherever the work is",
  () => {
    for (let place = 0; place <= 1; place += 0.025) {
      for (const slower of [13, 100]) {
        const { worst } = guested(4096, place, slower, 0.01);
        assert.ok(worst < 1.5, `${worst} with all work at ${place}, ${slower} times slower`);
      }
    }
    assert.ok(guested(4096, 0.975, 13, 0.01).gain > 1.04, "it has a share of a heavy end");
  },
  SANITIZED,
);

compilerTest("no launch of random kernels takes many times the whole for a guest", () => {
  // Up to 200 times slower, begun with at a 128th of the work at most.
  const { numbers: [worst = NaN, gained = NaN], errors } = driven("random", 3000, 1);
  assert.ok(worst < 1.7, `${worst}: ${errors}`);
  assert.ok(gained > 300, `${gained} gained`);
}, SANITIZED);
