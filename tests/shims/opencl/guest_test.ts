/**
 * What a guest gets of a kernel's launches: a member far slower than the home, as a processor beside a GPU.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { compile, compilerTest } from "../../fakes/cc.ts";
import { fakeVendor, poclLibrary, poclTest, program, run, shim, Vendors } from "./pool.ts";

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
  const [out = NaN, share = NaN, gain = NaN, worst = NaN, lost = NaN, rehearsed = NaN] =
    driven(groups, profile, slower, noise).numbers;
  return { isOut: out === 1, share, gain, worst, lost, rehearsed };
}

compilerTest("a guest gets its share of even launches, and no launch takes longer for it", () => {
  for (const [groups, noise] of [[4096, 0], [4096, 0.01], [512, 0.01]] as const) {
    const { isOut, share, gain, worst, rehearsed } = guested(groups, "even", 13, noise);
    assert.ok(!isOut && share > 0.045 && share < 0.075, `${share} of ${groups}`);
    assert.ok(gain > 1.04, `${gain} of ${groups}`);
    assert.ok(worst < 1.02, `${worst} of ${groups}`);
    assert.ok(rehearsed < 6, `${rehearsed} of ${groups}`);
  }
}, SANITIZED);

compilerTest("a guest that is too slow is left out, and that costs next to nothing", () => {
  const slow = guested(4096, "even", 100, 0.01);
  assert.ok(slow.isOut && slow.worst < 1.02 && slow.lost < 0.05, JSON.stringify(slow));
  const slower = guested(4096, "even", 500, 0.01);
  assert.ok(slower.isOut && slower.worst < 1.02 && slower.lost < 0.05, JSON.stringify(slower));
  assert.ok(guested(4096, "even", 700).isOut);
}, SANITIZED);

compilerTest(
  "a guest never has a part that takes many times the launch, wherever the work is",
  () => {
    for (let place = 0; place <= 1; place += 0.025) {
      for (const slower of [13, 100]) {
        const { worst } = guested(4096, place, slower, 0.01);
        assert.ok(worst < 1.05, `${worst} with all work at ${place}, ${slower} times slower`);
      }
    }
    assert.ok(guested(4096, 0.975, 13, 0.01).gain > 1.04, "it has a share of a heavy end");
  },
  SANITIZED,
);

compilerTest("no launch of random kernels takes many times the whole for a guest", () => {
  const { numbers, errors } = driven("random", 3000, 1);
  const [worst = NaN, gained = NaN, rehearsed = NaN] = numbers;
  assert.ok(worst < 1.1, `${worst}: ${errors}`);
  assert.ok(gained > 600, `${gained} gained`);
  // They are up to 200 times slower: what all at once is heavy is known when it has been rehearsed.
  assert.ok(rehearsed < 400, `${rehearsed} launches long`);
}, SANITIZED);

compilerTest("launches that differ by turns in what nobody sees take no longer for a guest", () => {
  for (const slower of [13, 100]) {
    for (let place = 0.05; place <= 1; place += 0.05) {
      const [, , , worst = NaN, lost = NaN] = driven("turns", slower, place).numbers;
      const what = `at ${place}, ${slower} times slower`;
      // Of 300.
      assert.ok(worst < 1.05 && lost < 1, `${worst}, ${lost} ${what}`);
    }
  }
  // By other numbers they are known: it has its share of the even ones.
  const [out, share = NaN, , worst = NaN] = driven("turns", 13, 0.9, 2).numbers;
  assert.ok(out === 0 && share > 0.05 && worst < 1.05, `${share}, ${worst}`);
  assert.equal(driven("turns", 13, 0.9, 100).numbers[0], 1, "they are ever others");
}, SANITIZED);

compilerTest(
  "a guest that becomes slower has less, and none where it is not worth it any more",
  () => {
    const [out, share = NaN, gain = NaN, worst = NaN] = driven("slows", 8, 1.5).numbers;
    assert.ok(out === 0 && share > 0.05 && share < 0.09, `${share}`);
    assert.ok(gain > 1.05 && worst < 1.5, `${gain}, ${worst}`);
    const much = driven("slows", 8, 10).numbers;
    assert.equal(much[0], 1);
    // Late once with all that it had, and once with half.
    assert.ok((much[4] ?? NaN) < 16, `${much[4]} lost`);
  },
  SANITIZED,
);

/** A part of the picture's lines that a guest ran. */
interface Part {
  from: number;
  lines: number;
}

/**
 * Launches a kernel of the program of pictures on `gpus` members that say they are GPUs, and a processor: what that
 * ran, and each line's steps. PoCL runs the parts one after another, so that the members do not slow each other down.
 */
function pictured(
  kernel: string,
  { gpus, slower, args = [], env = {} }: {
    gpus: number;
    slower: number;
    args?: readonly string[];
    env?: Record<string, string>;
  },
) {
  const unlike = fakeVendor("unlike");
  using pool = new Vendors({ mvgal: shim() });
  using vendors = new Vendors({ unlike });
  const devices = {
    POCL_DEVICES: Array(gpus + 1).fill("pthread").join(" "),
    POCL_MAX_PTHREAD_COUNT: "1",
  };
  const launches = "60";
  // All but this one make the same each time.
  const inner = run(program("guest"), [kernel, kernel === "grown" ? launches : "1"], devices);
  const { code, out, errors } = run(program("guest"), [kernel, launches, ...args], {
    ...devices,
    OCL_ICD_VENDORS: pool.directory,
    MVGAL_OPENCL_VENDORS: vendors.directory,
    MVGAL_SPLIT: "auto",
    UNLIKE_VENDOR: poclLibrary(),
    UNLIKE_GPUS: String(gpus),
    UNLIKE_SLOWER: String(slower),
    ...env,
  });
  assert.equal(inner.code, 0, inner.errors);
  assert.equal(code, 0, `${out.slice(0, 200)}${errors}`);
  assert.ok(out === inner.out, `another result: ${errors}`);
  const lines = inner.out.trim().split("\n").map((line) => Number(line.split(" ")[0]));
  const parts = [...errors.matchAll(/^guest: (\d+) (\d+)$/gm)]
    .map(([, from, lines]): Part => ({ from: Number(from), lines: Number(lines) }));
  for (const { from, lines: count } of parts) {
    assert.equal(from + count, lines.length, `lines ${from} and ${count} on: the end`);
  }
  return { lines, parts, errors };
}

/** The same, until it is tried: on a busy host, or one that has compiled nothing yet, a program may end before. */
function tried(...args: Parameters<typeof pictured>): ReturnType<typeof pictured> {
  let seen = pictured(...args);
  for (let attempt = 0; attempt < 4 && seen.parts.length === 0; attempt++) {
    seen = pictured(...args);
  }
  return seen;
}

poclTest("a processor beside a GPU has no heavy part of a picture whose end is light", () => {
  const { lines, parts } = tried("mandelbrot", { gpus: 1, slower: 8 });
  const all = lines.reduce((sum, steps) => sum + steps, 0);
  assert.ok(parts.length > 0, "it was tried");
  for (const { from } of parts) {
    const weight = lines.slice(from).reduce((sum, steps) => sum + steps, 0) / all;
    // One that keeps up has a ninth.
    assert.ok(weight < 0.2, `${weight} of the steps, from line ${from} on`);
  }
});

poclTest("a processor beside GPUs gets, by steps, what it keeps up with", () => {
  for (const gpus of [1, 2]) {
    let most = 0;
    // Others use this host too.
    for (let attempt = 0; attempt < 3 && most < 1 / 40; attempt++) {
      const { lines, parts } = pictured("even", { gpus, slower: 8 });
      const shares = parts.map((part) => part.lines / lines.length);
      assert.ok((shares[0] ?? 0) <= 1 / 64, `${shares[0]} at first beside ${gpus}`);
      most = Math.max(most, ...shares);
    }
    // A ninth and a seventeenth, or nine tenths of that.
    assert.ok(most > 1 / 40 && most < 1 / 5, `${most} beside ${gpus}`);
  }
});

poclTest("a processor that is too slow beside a GPU is soon left out", () => {
  let seen = tried("even", { gpus: 1, slower: 100 });
  // Others use this host too: a launch without it may have taken as long as one with it.
  for (let attempt = 0; attempt < 4 && seen.parts.length >= 16; attempt++) {
    seen = tried("even", { gpus: 1, slower: 100 });
  }
  const { lines, parts } = seen;
  assert.ok(parts.length > 0 && parts.length < 16, `${parts.length} parts`);
  for (const part of parts) assert.ok(part.lines <= lines.length / 64, `${part.lines} lines`);
});

/** A processor that fails at a launch on it, counted from 0. */
function failing(launch: number, how: string): Record<string, string> {
  return {
    UNLIKE_VENDOR: fakeVendor("failing"),
    FAILING_VENDOR: poclLibrary(),
    FAILING_DEVICE: "1",
    FAILING_LAUNCH: String(launch),
    FAILING_HOW: how,
  };
}

poclTest("a processor that fails beside a GPU is left out, with the same results", () => {
  const isLeftOut = /^mvgal: opencl: member 1 .* failed \(-\d+\) and is left out/m;
  for (const how of ["launch", "refuse"]) {
    let seen = pictured("even", { gpus: 1, slower: 3, env: failing(16, how) });
    // Others use this host too: it may have had no part by then.
    for (let attempt = 0; attempt < 6 && !isLeftOut.test(seen.errors); attempt++) {
      seen = pictured("even", { gpus: 1, slower: 3, env: failing(16, how) });
    }
    assert.match(seen.errors, isLeftOut, how);
    const many = seen.parts.length;
    assert.ok(many >= 17 && many <= 18, `${how}: ${many} parts`);
  }
});

poclTest("a processor that fails in a rehearsal gets nothing, and nobody notices", () => {
  for (const how of ["launch", "refuse"]) {
    for (const launch of [0, 1]) {
      const env = failing(launch, how);
      const { parts, errors } = tried("even", { gpus: 1, slower: 8, env });
      assert.doesNotMatch(errors, /left out/, how);
      assert.equal(parts.length, launch + 1, `${how} at ${launch}`);
    }
  }
});

poclTest("a rehearsal changes nothing of what is computed in place, nor one that lasts", () => {
  for (const how of ["none", "slow"]) {
    const { parts } = tried("grown", { gpus: 1, slower: 8, env: failing(1000, how) });
    assert.ok(parts.length > 2, `${how}: ${parts.length} parts`);
  }
});

poclTest("a processor gets nothing of launches that have other numbers each time", () => {
  const { parts } = pictured("even", { gpus: 1, slower: 8, args: ["others"] });
  assert.deepEqual(parts, []);
});
