import assert from "node:assert/strict";
import type { CommandBuffer } from "../../ffi/vulkan/commands.ts";
import { type Addressing, Kernel, type KernelCode, sizeOf } from "../../lib/spirv/kernel.ts";
import { float16Bits, ModuleBuilder, stringWords } from "../../lib/spirv/module.ts";
import { dispatch } from "../../lib/bench/vulkan/target.ts";
import { deviceTest } from "../vulkan_devices.ts";
import { validatorTest } from "./validator.ts";

const ADDRESSINGS: readonly Addressing[] = ["device_address", "descriptor"];

/** `data[i] = data[i] * factor + sum of 0, step, 2 step … below i`, for i below a limit. */
function sampleKernel(addressing: Addressing): KernelCode {
  const kernel = new Kernel({ localSize: 32, addressing });
  const data = kernel.buffer(kernel.u32), flags = kernel.buffer(kernel.vector(kernel.f32, 4));
  const limit = kernel.push("limit", kernel.u32), factor = kernel.push("factor", kernel.u32);
  return kernel.body((k) => {
    const i = k.globalId(), zero = k.constant(k.u32, 0);
    k.ifLess(i, limit(), () => {
      const sum = k.variable(zero);
      k.loop(zero, i, k.constant(k.u32, 2), (j) => sum.store(k.add(sum.load(), j)));
      data.store(i, k.add(k.mul(data.load(i), factor()), sum.load()));
      const vector = k.vector(k.f32, 4);
      flags.store(
        i,
        k.fma(k.splat(vector, k.toFloat(k.f32, i)), k.constant(vector, 0.5), flags.load(i)),
      );
    });
  });
}

for (const addressing of ADDRESSINGS) {
  validatorTest(`Kernel makes valid modules by ${addressing}`, (validate) => {
    validate(sampleKernel(addressing).words);
    const kernel = new Kernel({ localSize: 1, addressing });
    const halves = kernel.buffer(kernel.vector(kernel.f16, 2)), doubles = kernel.buffer(kernel.f64);
    const triple = kernel.buffer(kernel.vector(kernel.f32, 3));
    const scale = kernel.push("scale", kernel.f64), count = kernel.push("count", kernel.u32);
    const code = kernel.body((k) => {
      const zero = k.constant(k.u32, 0);
      halves.store(zero, k.mul(halves.load(zero), k.constant(k.vector(k.f16, 2), 1.5)));
      doubles.store(count(), k.sub(scale(), doubles.load(k.workgroupId())));
      triple.store(k.localId(), triple.load(k.globalSize()));
    });
    validate(code.words);
    const addresses = addressing === "device_address" ? 24 : 0;
    assert.deepEqual(code.pushOffsets.get("scale")?.offset, addresses);
    assert.deepEqual(code.pushOffsets.get("count")?.offset, addresses + 8);
    assert.equal(code.pushBytes, addresses + 12);
  });

  deviceTest(`a Kernel by ${addressing} computes what it says`, (target) => {
    using data = target.device.createBuffer(4 * 64, "host");
    using flags = target.device.createBuffer(16 * 64, "host");
    const words = new Uint32Array(data.bytes?.buffer ?? new ArrayBuffer(0), 0, 64);
    const floats = new Float32Array(flags.bytes?.buffer ?? new ArrayBuffer(0), 0, 256);
    words.forEach((_, i) => words[i] = 100 + i);
    floats.fill(1);
    const values = { limit: 50, factor: 3 };
    using job = target.job(sampleKernel(addressing), [data, flags], values, 2);
    target.run((c: CommandBuffer) => {
      dispatch(c, job);
      c.barrierToHost();
    });
    words.forEach((word, i) => {
      const evens = Math.ceil(i / 2);
      const expected = i < 50 ? (100 + i) * 3 + evens * (evens - 1) : 100 + i;
      assert.equal(word, expected, `element ${i}`);
      assert.equal(floats[4 * i + 3], i < 50 ? 1 + i / 2 : 1, `vector ${i}`);
    });
  });
}

validatorTest("the validator finds a module with a wrong operand", (validate) => {
  const { words } = sampleKernel("descriptor");
  const broken = words.slice();
  // The id bound in the header: every id is now too large.
  broken[3] = 2;
  assert.throws(() => validate(broken), /spirv-val/);
});

Deno.test("Kernel refuses operands of different types", () => {
  const kernel = new Kernel({ localSize: 1, addressing: "descriptor" });
  kernel.body((k) => {
    const integer = k.constant(k.u32, 1), float = k.constant(k.f32, 1);
    assert.throws(() => k.add(integer, float), /differ in type/);
    assert.throws(() => k.xor(float, float), /no such operation/);
  });
});

Deno.test("Kernel refuses buffers and push constants that come too late", () => {
  const kernel = new Kernel({ localSize: 1, addressing: "descriptor" });
  const late = kernel.push("early", kernel.u32);
  assert.throws(() => late(), /inside the body/);
  kernel.body((k) => {
    assert.throws(() => k.buffer(k.u32), /before the body/);
    assert.throws(() => k.push("late", k.u32), /before the body/);
  });
});

Deno.test("ModuleBuilder.constant() refuses what the type does not hold", () => {
  const module = new ModuleBuilder();
  assert.throws(() => module.constant(module.int(32, false), -1), RangeError);
  assert.throws(() => module.constant(module.int(8, true), 128), RangeError);
  assert.throws(() => module.constant(module.int(32, false), 0.5), RangeError);
  const type = module.int(32, true);
  assert.equal(module.constant(type, -5), module.constant(type, -5));
  assert.notEqual(module.constant(type, -5), module.constant(type, -6));
});

Deno.test("ModuleBuilder keeps types unique", () => {
  const module = new ModuleBuilder();
  assert.equal(module.float(32), module.float(32));
  assert.equal(module.vector(module.float(32), 4), module.vector(module.float(32), 4));
  assert.notEqual(module.vector(module.float(32), 4), module.vector(module.float(32), 2));
});

Deno.test("stringWords() pads with at least one NUL", () => {
  assert.deepEqual(stringWords("main"), [0x6e69616d, 0]);
  assert.deepEqual(stringWords("abc"), [0x00636261]);
});

Deno.test("float16Bits() rounds to nearest even", () => {
  assert.equal(float16Bits(1), 0x3c00);
  assert.equal(float16Bits(65520), 0x7c00);
  assert.equal(float16Bits(2049), 0x6800);
});

Deno.test("sizeOf() is that of a packed vector", () => {
  const kernel = new Kernel({ localSize: 1, addressing: "descriptor" });
  assert.equal(sizeOf(kernel.vector(kernel.f32, 3)), 12);
  assert.equal(sizeOf(kernel.f64), 8);
});
