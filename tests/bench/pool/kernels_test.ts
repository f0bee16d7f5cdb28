import assert from "node:assert/strict";
import { Pipeline } from "../../../ffi/vulkan/pipeline.ts";
import type { KernelSize, PoolKernel } from "../../../lib/bench/pool/kernel.ts";
import { frameKernels, poolKernels } from "../../../lib/bench/pool/kernels.ts";
import { compareWithReference, differenceText } from "../../../lib/bench/pool/verify.ts";
import type { VulkanTarget } from "../../../lib/bench/vulkan/target.ts";
import { Decoration, Op } from "../../../lib/spirv/opcodes.ts";
import { validatorTest } from "../../spirv/validator.ts";
import { deviceTest } from "../../vulkan_devices.ts";

const KERNELS = [...poolKernels(), ...frameKernels()];

/** Bytes behind each buffer that nothing may write. */
const MARGIN = 256;

/** What `out` buffers and margins hold before: no result is that everywhere. */
const STALE = 0xa5;

/** Runs the whole kernel on one device; gives its buffers, and checks that nothing was written behind them. */
function runWhole(
  target: VulkanTarget,
  kernel: PoolKernel,
  size: KernelSize,
  push = kernel.push(size),
): Uint8Array<ArrayBuffer>[] {
  const inputs = kernel.fill(size);
  using owned = new DisposableStack();
  const sizes = kernel.buffers(size);
  const buffers = sizes.map(({ bytes }, i) => {
    const buffer = owned.use(target.device.createBuffer(bytes + MARGIN, "host"));
    buffer.bytes?.fill(STALE);
    buffer.bytes?.set(inputs[i] ?? []);
    return buffer;
  });
  const pipeline = owned.use(new Pipeline(target.device, kernel.code, buffers));
  target.run((commands) => {
    commands.bind(pipeline);
    commands.push(pipeline, push);
    commands.dispatch(...kernel.groups(size));
    commands.barrierToHost();
  });
  return sizes.map(({ bytes }, i) => {
    const all = Uint8Array.from(buffers[i]?.bytes ?? []);
    const behind = all.subarray(bytes, bytes + MARGIN);
    assert.ok(behind.every((byte) => byte === STALE), `${kernel.id} wrote behind buffer ${i}`);
    return all.slice(0, bytes);
  });
}

/** Other sizes than the small one: one element, one row, one column, and whole work-groups. */
function oddSizes({ small }: PoolKernel): KernelSize[] {
  const { depth } = small;
  const rows = small.height === 1 ? 1 : 64;
  return [{ width: 1, height: 1, depth }, { width: 128, height: rows, depth }]
    .concat(rows === 1 ? [] : [{ width: 3, height: 65, depth }, { width: 65, height: 2, depth }]);
}

for (const kernel of KERNELS) {
  validatorTest(`the kernel ${kernel.id} is a valid module`, (validate) => {
    validate(kernel.code.words);
  });

  deviceTest(`the kernel ${kernel.id} gives what its reference says`, (target) => {
    for (const size of [kernel.small, ...oddSizes(kernel)]) {
      const results = runWhole(target, kernel, size);
      const expected = kernel.reference(size, kernel.fill(size), Infinity);
      const difference = compareWithReference(results, expected, kernel.tolerance);
      const told = difference && differenceText(difference);
      assert.equal(told, null, `${size.width} x ${size.height}: ${told}`);
    }
  });

  Deno.test(`the description of ${kernel.id} is whole`, () => {
    for (const size of [kernel.small, kernel.first]) {
      const buffers = kernel.buffers(size);
      assert.equal(buffers.length, kernel.code.bufferCount);
      assert.equal(kernel.push(size).length, kernel.code.pushBytes);
      assert.ok(kernel.code.pushBytes <= 128, "more push constants than every device has");
      const { localSize } = kernel.code;
      assert.ok(localSize <= 128, "a work-group larger than every device takes");
      for (const count of kernel.groups(size)) assert.ok(count >= 1 && count <= 65535);
      assert.ok(kernel.work(size) > 0);
      assert.equal(kernel.depth === null, size.depth === 1);
    }
    assert.equal(kernel.code.addressing, "descriptor");
    const size = kernel.small, inputs = kernel.fill(size);
    assert.deepEqual(inputs, kernel.fill(size));
    kernel.buffers(size).forEach(({ bytes, role }, i) => {
      assert.equal(inputs[i]?.length ?? null, role === "out" ? null : bytes, `buffer ${i}`);
    });
  });

  Deno.test(`the reference of ${kernel.id} names rising words within what is written`, () => {
    const size = kernel.small, buffers = kernel.buffers(size), inputs = kernel.fill(size);
    const all = kernel.reference(size, inputs, Infinity);
    const written = buffers.flatMap(({ role }, i) => role === "in" ? [] : [i]);
    assert.deepEqual(all.map(({ buffer }) => buffer), written);
    for (const { buffer, words, values } of all) {
      assert.equal(4 * words.length, buffers[buffer]?.bytes, "not every word is foretold");
      assert.equal(words.length, values.length);
      assert.ok(words.every((word, i) => word === i));
      assert.ok(new Set(values).size > 5, "a result that is the same everywhere shows little");
    }
    for (const part of kernel.reference(size, inputs, 9)) {
      const whole = all.find(({ buffer }) => buffer === part.buffer)?.values;
      part.words.forEach((word, i) => assert.equal(part.values[i], whole?.[word]));
      if (kernel.id !== "histogram") assert.ok(part.words.length <= 4 * 9);
      assert.equal(
        part.words.at(-1),
        (whole?.length ?? 0) - 1,
        "the last element is not looked at",
      );
    }
  });

  Deno.test(`${kernel.id} scales its work`, () => {
    for (const factor of [0.5, 2, 3, 10, 100]) {
      const { first } = kernel, scaled = kernel.scale(first, factor);
      const ratio = kernel.work(scaled) / kernel.work(first);
      assert.ok(ratio > 0.8 * factor && ratio < 1.25 * factor, `${ratio} for ${factor}`);
      for (const count of kernel.groups(scaled)) {
        assert.ok(Number.isInteger(count) && count >= 1 && count <= 65535);
      }
    }
  });
}

for (const kernel of frameKernels()) {
  deviceTest(`the frames of ${kernel.id} are what the reference says`, (target) => {
    const size = kernel.small, seen = new Set<string>();
    for (const frame of [0, 1, 777, 5000]) {
      const [pixels] = runWhole(target, kernel, size, kernel.framePush(size, frame));
      assert.ok(pixels);
      const expected = kernel.frameReference(size, frame, Infinity);
      const difference = compareWithReference([pixels], expected, 0);
      assert.equal(difference && differenceText(difference), null, `frame ${frame}`);
      seen.add(pixels.join());
    }
    assert.equal(seen.size, 4, "two frames are the same");
  });
}

Deno.test("kernels whose bytes are the same on every device let no driver merge their operations", () => {
  const mergeable: number[] = [Op.FAdd, Op.FSub, Op.FMul];
  let seen = 0;
  for (const kernel of KERNELS.filter(({ tolerance }) => tolerance === 0)) {
    const { words } = kernel.code, exact = new Set<number>();
    for (let at = 5; at < words.length; at += (words[at] ?? 0) >>> 16) {
      const opcode = (words[at] ?? 0) & 0xffff, [first = 0, second = 0] = words.subarray(at + 1);
      if (opcode === Op.Decorate && second === Decoration.NoContraction) exact.add(first);
      assert.notEqual(opcode, Op.FDiv, `${kernel.id} divides: no two devices round that the same`);
      if (!mergeable.includes(opcode)) continue;
      seen++;
      // Decorations come before the functions, and an operation's result is its second word.
      assert.ok(exact.has(second), `${kernel.id}: %${second} may be merged`);
    }
  }
  assert.ok(seen > 20);
});

Deno.test("rows of the Mandelbrot kernel cost much the same", () => {
  const [kernel] = poolKernels();
  assert.ok(kernel);
  const size = { width: 128, height: 64, depth: 500 };
  const [counts] = kernel.reference(size, [null], Infinity);
  const rows = new Array<number>(size.height).fill(0);
  counts?.values.forEach((count, at) => {
    const y = Math.floor(at / size.width);
    rows[y] = (rows[y] ?? 0) + count;
  });
  assert.ok(Math.max(...rows) < 1.15 * Math.min(...rows));
  const most = size.width * size.depth;
  assert.ok(Math.min(...rows) > 0.7 * most, "iterations at most says little of the work");
});

Deno.test("kernels have names of their own", () => {
  assert.equal(new Set(KERNELS.map(({ id }) => id)).size, KERNELS.length);
});
