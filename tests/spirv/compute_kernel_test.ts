import assert from "node:assert/strict";
import { Pipeline } from "../../ffi/vulkan/pipeline.ts";
import { ComputeKernel } from "../../lib/spirv/compute_kernel.ts";
import type { Axis, KernelCode } from "../../lib/spirv/kernel.ts";
import { encodePush } from "../../lib/spirv/push_constants.ts";
import { Decoration, Op } from "../../lib/spirv/opcodes.ts";
import type { VulkanTarget } from "../../lib/bench/vulkan/target.ts";
import { deviceTest } from "../vulkan_devices.ts";
import { validatorTest } from "./validator.ts";

/** Runs a kernel of one buffer of 32-bit words; gives what stands there after. */
function run(
  target: VulkanTarget,
  code: KernelCode,
  words: number,
  groups: readonly [number, number, number],
  values: Record<string, number> = {},
): Uint32Array {
  using buffer = target.device.createBuffer(4 * words, "host");
  buffer.bytes?.fill(0);
  using pipeline = new Pipeline(target.device, code, [buffer]);
  target.run((commands) => {
    commands.bind(pipeline);
    commands.push(pipeline, encodePush(code, values));
    commands.dispatch(...groups);
    commands.barrierToHost();
  });
  return new Uint32Array(Uint8Array.from(buffer.bytes ?? []).buffer);
}

/** Each invocation of a grid of three dimensions stores all its ids. */
function idKernel(): KernelCode {
  const kernel = new ComputeKernel({ localSize: [4, 2, 3], addressing: "descriptor" });
  const out = kernel.buffer(kernel.u32);
  return kernel.body((k) => {
    const axes: Axis[] = [0, 1, 2];
    const [x, y, z] = axes.map((axis) => k.globalId(axis));
    if (!x || !y || !z) return;
    const line = k.add(k.mul(z, k.globalSize(1)), y);
    const at = k.mul(k.add(k.mul(line, k.globalSize(0)), x), k.constant(k.u32, 9));
    const ids = [k.globalId, k.localId, k.workgroupId].flatMap((id) =>
      axes.map((axis) => id.call(k, axis))
    );
    ids.forEach((id, i) => out.store(k.add(at, k.constant(k.u32, i)), id));
  });
}

/** Truths, selections and loops of two signed numbers, two floating-point numbers and one of the invocations. */
function decisionKernel(): KernelCode {
  const kernel = new ComputeKernel({ localSize: 8, addressing: "descriptor" });
  const out = kernel.buffer(kernel.u32);
  const a = kernel.push("a", kernel.i32), b = kernel.push("b", kernel.i32);
  const x = kernel.push("x", kernel.f32), y = kernel.push("y", kernel.f32);
  return kernel.body((k) => {
    const c = (value: number) => k.constant(k.u32, value);
    const i = k.globalId();
    const signed = k.less(a(), b()), floating = k.less(x(), y()), unsigned = k.less(i, c(3));
    const bit = (truth: typeof signed, value: number) => k.select(truth, c(value), c(0));
    const sum = k.variable(c(0));
    sum.store(k.add(bit(signed, 1), bit(floating, 2)));
    sum.store(k.add(sum.load(), bit(unsigned, 4)));
    sum.store(k.add(sum.load(), bit(k.both(signed, unsigned), 8)));
    sum.store(k.add(sum.load(), bit(k.either(signed, unsigned), 16)));
    sum.store(k.add(sum.load(), bit(k.not(k.equal(i, c(5))), 32)));
    k.when(unsigned, () => sum.store(k.add(sum.load(), c(64))));
    // The number of doublings of i + 1 until it reaches 20.
    const doubled = k.variable(k.add(i, c(1))), steps = k.variable(c(0));
    k.loopWhile(() => k.less(doubled.load(), c(20)), () => {
      doubled.store(k.mul(doubled.load(), c(2)));
      steps.store(k.add(steps.load(), c(1)));
    });
    out.store(i, k.add(sum.load(), k.mul(steps.load(), c(128))));
  });
}

/** Turns the numbers of a workgroup round in shared memory, and counts those of all workgroups. */
function sharedKernel(version: "1.3" | "1.6" = "1.3"): KernelCode {
  const kernel = new ComputeKernel({ localSize: 64, addressing: "descriptor", version });
  const out = kernel.buffer(kernel.u32);
  return kernel.body((k) => {
    const c = (value: number) => k.constant(k.u32, value);
    const shared = k.workgroupArray(k.u32, 64), count = k.workgroupArray(k.u32, 1);
    k.when(k.equal(k.localId(), c(0)), () => count.store(c(0), c(0)));
    shared.store(k.localId(), k.mul(k.globalId(), c(3)));
    k.barrier();
    k.atomicAdd(count.at(c(0)), c(2));
    const turned = shared.load(k.sub(c(63), k.localId()));
    k.barrier();
    out.store(k.add(k.globalId(), c(1)), k.add(turned, k.mul(count.load(c(0)), c(1000))));
    k.atomicAdd(out.at(c(0)), c(1));
  });
}

/** Functions of one binary32 number, as bits. */
function functionKernel(): KernelCode {
  const kernel = new ComputeKernel({ localSize: 1, addressing: "descriptor" });
  const out = kernel.buffer(kernel.u32);
  const x = kernel.push("x", kernel.f32), y = kernel.push("y", kernel.f32);
  return kernel.body((k) => {
    const c = (value: number) => k.constant(k.u32, value);
    const results = [
      k.floor(x()),
      k.exp(x()),
      k.inverseSqrt(y()),
      k.quotient(x(), y()),
      k.min(x(), y()),
      k.max(x(), y()),
      k.exact(k.sub(k.exact(k.mul(x(), x())), y())),
    ].map((value) => k.bitcast(k.u32, value));
    const whole = [k.toUnsigned(y()), k.min(c(3), c(0xfffffff0)), k.max(c(3), c(0xfffffff0))];
    [...results, ...whole].forEach((value, i) => out.store(c(i), value));
  });
}

validatorTest("ComputeKernel makes valid modules", (validate) => {
  for (const code of [idKernel(), decisionKernel(), sharedKernel(), functionKernel()]) {
    validate(code.words);
  }
  validate(sharedKernel("1.6").words, "vulkan1.3");
});

Deno.test("a kernel says how its workgroup lies", () => {
  const { localSize, workgroup } = idKernel();
  assert.deepEqual({ localSize, workgroup }, { localSize: 24, workgroup: [4, 2, 3] });
  assert.deepEqual(decisionKernel().workgroup, [8, 1, 1]);
  assert.equal(decisionKernel().localSize, 8);
});

deviceTest("ids and sizes of a Kernel have three components", (target) => {
  const [width, height, depth] = [8, 6, 6];
  const got = run(target, idKernel(), 9 * width * height * depth, [2, 3, 2]);
  for (let at = 0; at < width * height * depth; at++) {
    const x = at % width, y = Math.floor(at / width) % height, z = Math.floor(at / width / height);
    const floor = Math.floor;
    const expected = [x, y, z, x % 4, y % 2, z % 3, floor(x / 4), floor(y / 2), floor(z / 3)];
    assert.deepEqual([...got.subarray(9 * at, 9 * at + 9)], expected, `invocation ${at}`);
  }
});

deviceTest("a ComputeKernel decides and loops", (target) => {
  const cases = [
    { a: -1, b: 1, x: -2, y: 1 },
    { a: 1, b: -1, x: 2, y: -1 },
    { a: 2, b: 2, x: NaN, y: 1 },
  ];
  for (const values of cases) {
    const { a, b, x, y } = values;
    const got = run(target, decisionKernel(), 8, [1, 1, 1], values);
    const expected = Array.from({ length: 8 }, (_, i) => {
      const truths = [a < b, x < y, i < 3, a < b && i < 3, a < b || i < 3, i !== 5, i < 3];
      const steps = Math.ceil(Math.log2(20 / (i + 1)));
      return truths.reduce((sum, truth, bit) => sum + (truth ? 1 << bit : 0), 128 * steps);
    });
    assert.deepEqual([...got], expected, JSON.stringify(values));
  }
});

deviceTest("a ComputeKernel shares memory and counts with atomics", (target) => {
  const groups = 50;
  const [count, ...turned] = run(target, sharedKernel(), 1 + 64 * groups, [groups, 1, 1]);
  assert.equal(count, 64 * groups);
  turned.forEach((word, i) => {
    const partner = Math.floor(i / 64) * 64 + 63 - i % 64;
    assert.equal(word, 3 * partner + 2 * 64 * 1000, `invocation ${i}`);
  });
});

deviceTest("a ComputeKernel computes functions of floating-point numbers", (target) => {
  const x = Math.fround(-1.7), y = 6.25, { fround } = Math;
  const got = run(target, functionKernel(), 10, [1, 1, 1], { x, y });
  const floats = new Float32Array(got.buffer);
  const near = (i: number, expected: number) => {
    const error = Math.abs((floats[i] ?? NaN) - expected);
    assert.ok(error <= 1e-6 * Math.abs(expected), `${floats[i]} for ${expected}`);
  };
  assert.equal(floats[0], -2);
  near(1, Math.exp(x));
  near(2, 0.4);
  near(3, x / y);
  assert.equal(floats[4], x);
  assert.equal(floats[5], y);
  assert.equal(floats[6], fround(fround(x * x) - y));
  assert.deepEqual([...got.subarray(7)], [6, 3, 0xfffffff0]);
});

Deno.test("ComputeKernel.exact() decorates the result alone", () => {
  const { words } = functionKernel();
  const decorated: number[] = [], results = new Map<number, number>();
  for (let at = 5; at < words.length; at += (words[at] ?? 0) >>> 16) {
    const opcode = (words[at] ?? 0) & 0xffff, [first = 0, second = 0] = words.subarray(at + 1);
    if (opcode === Op.Decorate && second === Decoration.NoContraction) decorated.push(first);
    results.set(second, opcode);
  }
  assert.deepEqual(decorated.map((id) => results.get(id)), [Op.FMul, Op.FSub]);
});

Deno.test("ComputeKernel refuses to compare values of different types", () => {
  const kernel = new ComputeKernel({ localSize: 1, addressing: "descriptor" });
  kernel.body((k) => {
    assert.throws(() => k.less(k.constant(k.u32, 1), k.constant(k.i32, 1)), /differ in type/);
  });
});

Deno.test("encodePush() lays values out by their types, and wants all of them", () => {
  const kernel = new ComputeKernel({ localSize: 1, addressing: "descriptor" });
  kernel.push("count", kernel.u32);
  kernel.push("double", kernel.f64);
  kernel.push("half", kernel.f16);
  kernel.push("offset", kernel.i32);
  const code = kernel.body(() => {});
  const values = { count: 0xffffffff, double: 0.1, half: 1.5, offset: -2 };
  const view = new DataView(encodePush(code, values).buffer);
  assert.equal(view.byteLength, 24);
  assert.equal(view.getUint32(0, true), 0xffffffff);
  assert.equal(view.getFloat64(8, true), 0.1);
  assert.equal(view.getFloat16(16, true), 1.5);
  assert.equal(view.getInt32(20, true), -2);
  const { half: _, ...without } = values;
  assert.throws(() => encodePush(code, without), /needs a value of half/);
});
