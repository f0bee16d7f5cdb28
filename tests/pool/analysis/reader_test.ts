import assert from "node:assert/strict";
import { judge, readKernel, SpirvError } from "../../../lib/pool/analysis/mod.ts";
import { randomFrom } from "../random_kernel.ts";

const NAMES = [
  "filter",
  "group_sums",
  "particles",
  "histogram",
  "image_copy",
  "image_slices",
  "tiles",
];

function words(name: string): Uint32Array<ArrayBuffer> {
  const file = new URL(`../../fixtures/spirv/${name}.spv`, import.meta.url);
  return new Uint32Array(Deno.readFileSync(file).buffer);
}

Deno.test("readKernel() says in one line what is wrong with words that are no module", () => {
  const whole = words("filter");
  const wrong: Uint32Array<ArrayBuffer>[] = [
    new Uint32Array(0),
    new Uint32Array(5),
    whole.slice(0, 3),
    whole.slice(0, whole.length - 1),
    whole.slice(1),
  ];
  for (const each of wrong) {
    assert.throws(() => readKernel(each), (error) => {
      assert(error instanceof SpirvError);
      assert.doesNotMatch(error.message, /\n/);
      return true;
    });
  }
});

Deno.test("readKernel() names the entry points there are", () => {
  assert.throws(() => readKernel(words("filter"), "other"), /"other".*it has: main/);
});

Deno.test("readKernel() and judge() end for any words, with a verdict or a SpirvError", () => {
  const next = randomFrom(5);
  let read = 0;
  for (const name of NAMES) {
    const whole = words(name);
    for (let i = 0; i < 500; i++) {
      const wrong = whole.slice();
      for (let j = Math.floor(next() * 3); j >= 0; j--) {
        const at = Math.floor(next() * wrong.length);
        const old = wrong[at] ?? 0;
        wrong[at] = [
          Math.floor(next() * 2 ** 32),
          old ^ (1 << Math.floor(next() * 32)),
          Math.floor(next() * 64),
          wrong[Math.floor(next() * wrong.length)] ?? 0,
        ][Math.floor(next() * 4)] ?? 0;
      }
      try {
        const kernel = readKernel(wrong);
        judge(kernel, {
          groups: [5, 3, 2],
          push: new Uint8Array(Uint32Array.of(24, 24).buffer),
          specialization: new Map([[3, 8]]),
          bindings: [0, 1, 2].map((binding) => ({
            set: 0,
            binding,
            size: 65536,
            memory: binding,
            offset: 0,
          })),
        });
        read++;
      } catch (error) {
        assert(error instanceof SpirvError, `${name} ${i}: ${(error as Error).stack}`);
      }
    }
  }
  assert(read > 100);
});
