/** Storage images of the logical device: split over two devices, with the texels of one. */

import assert from "node:assert/strict";
import { checkImage, slabsOf } from "../../lib/pool/image.ts";
import { IMAGE_FORMATS, type ImageFormatName } from "../../lib/pool/image_format.ts";
import type { Triple } from "../../lib/pool/analysis/verdict.ts";
import { ImageKernel } from "../../lib/spirv/image_kernel.ts";
import { allDevicesTest } from "../vulkan_devices.ts";
import {
  imageCopyKernel,
  inPlaceImageKernel,
  LOCAL_X,
  LOCAL_Y,
  LOCAL_Z,
  scatterKernel,
  turnKernel,
} from "./image_kernels.ts";
import { LOCAL, openSoftwarePool, scaleKernel, word, words } from "./pool_devices.ts";

/** No multiples of the work-group: the last ones reach over the edge. */
const WIDTH = 37, HEIGHT = 4 * LOCAL_Y * 5 + 3;
const GROUPS: Triple = [Math.ceil(WIDTH / LOCAL_X), Math.ceil(HEIGHT / LOCAL_Y), 1];
const IMAGE = { width: WIDTH, height: HEIGHT, format: "r32uint" };

/** Packed texels that every format holds exactly, in kernels too. */
function texels(format: ImageFormatName, count: number): Uint8Array<ArrayBuffer> {
  const { texelBytes } = IMAGE_FORMATS[format];
  const bytes = count * texelBytes;
  if (format.endsWith("16float")) {
    return new Uint8Array(Float16Array.from({ length: bytes / 2 }, (_, i) => i % 99 / 8).buffer);
  }
  if (format.endsWith("32float")) {
    return new Uint8Array(Float32Array.from({ length: bytes / 4 }, (_, i) => i % 997 / 8).buffer);
  }
  // -128 of snorm is the same number as -127.
  return Uint8Array.from({ length: bytes }, (_, i) => i * 7 % 127);
}

allDevicesTest("LogicalDevice.dispatch() splits kernels over images by rows", async () => {
  await using device = await openSoftwarePool({ strategy: "sfr" });
  using source = device.allocateImage(IMAGE), target = device.allocateImage(IMAGE);
  await source.write(words(WIDTH * HEIGHT, (i) => i));
  const kernel = device.createKernel({ words: turnKernel() });
  const bindings = [{ binding: 0, image: source }, { binding: 1, image: target }];
  const { verdict } = device.explain(kernel, GROUPS, bindings, word(0));
  assert.equal(verdict.kind, "split");
  assert.equal(verdict.dimension, "y");
  for (let round = 0; round < 4; round++) {
    const { split, reason } = await device.dispatch(kernel, GROUPS, bindings, word(round));
    assert.ok(split || round > 0, reason);
    const last = WIDTH * HEIGHT - 1;
    assert.deepEqual(await target.read(), words(last + 1, (i) => last - i + round));
  }
});

allDevicesTest("LogicalImage has at each member what was written last, by whom ever", async () => {
  await using device = await openSoftwarePool({ strategy: "sfr" });
  const [first, second] = device.members;
  assert.ok(first && second);
  using image = device.allocateImage(IMAGE);
  const kernel = device.createKernel({ words: inPlaceImageKernel() });
  const expected = Uint32Array.from({ length: WIDTH * HEIGHT }, (_, i) => i);
  await image.write(new Uint8Array(expected.buffer.slice(0)));
  const run = async (options: { on?: string }) => {
    const addend = expected[0] ?? 0;
    await device.dispatch(kernel, GROUPS, [{ binding: 0, image }], { ...word(addend), ...options });
    expected.forEach((value, i) => expected[i] = Math.imul(value, 3) + addend);
    assert.deepEqual(await image.read(), new Uint8Array(expected.buffer));
  };
  const rows = (from: number, count: number, value: number) => {
    const part = expected.subarray(from * WIDTH, (from + count) * WIDTH).fill(value);
    return [new Uint8Array(part.slice().buffer), 4 * from * WIDTH] as const;
  };
  await run({});
  await run({ on: first.id });
  await run({ on: second.id });
  await image.write(...rows(2, 5, 11));
  await run({ on: second.id });
  await run({ on: first.id });
  const [bytes, offset] = rows(1, 2, 99);
  await image.fill((host) => host.set(bytes), offset, bytes.length);
  await run({ on: first.id });
  await run({});
  await run({});
  // Without waiting: the write is between the two.
  const before = device.dispatch(kernel, GROUPS, [{ binding: 0, image }], {
    ...word(1),
    on: first.id,
  });
  const zero = image.write(new Uint8Array(image.size));
  const after = device.dispatch(kernel, GROUPS, [{ binding: 0, image }], {
    ...word(5),
    on: first.id,
  });
  await Promise.all([before, zero, after]);
  assert.deepEqual(await image.read(), words(WIDTH * HEIGHT, () => 5));
});

allDevicesTest(
  "LogicalDevice.allocateImage() keeps what flags promise of the packed bytes",
  async () => {
    await using device = await openSoftwarePool({ strategy: "sfr" });
    const kernel = device.createKernel({ words: inPlaceImageKernel() });
    const expected = words(WIDTH * HEIGHT, (i) => 3 * i + 2);
    for (const flags of [["SHARED", "PERSISTENT"], ["PERSISTENT", "HOST_VALID"], ["REPLICATED"]]) {
      using image = device.allocateImage(IMAGE, flags);
      await image.write(words(WIDTH * HEIGHT, (i) => i));
      await device.dispatch(kernel, GROUPS, [{ binding: 0, image }], word(2));
      if (flags.includes("PERSISTENT")) assert.deepEqual(image.packed.bytes, expected);
      assert.deepEqual(await image.read(), expected, flags.join());
    }
  },
);

allDevicesTest("LogicalImage.packed is a buffer to kernels", async () => {
  await using device = await openSoftwarePool({ strategy: "sfr" });
  using image = device.allocateImage({ width: LOCAL, height: 40, format: "r32uint" });
  using source = device.allocate(image.size);
  await source.write(words(40 * LOCAL, (i) => i));
  const scale = device.createKernel({ words: scaleKernel() });
  const buffers = [{ binding: 0, buffer: source }, { binding: 1, buffer: image.packed }];
  await device.dispatch(scale, [40, 1, 1], buffers, word(1));
  const kernel = device.createKernel({ words: inPlaceImageKernel() });
  const groups = [LOCAL / LOCAL_X, 40 / LOCAL_Y, 1] as const;
  await device.dispatch(kernel, groups, [{ binding: 0, image }], word(5));
  assert.deepEqual(await image.read(), words(40 * LOCAL, (i) => 3 * (3 * i + 1) + 5));
});

allDevicesTest("LogicalImage outlives a member where another place has its texels", async () => {
  await using device = await openSoftwarePool({ strategy: "sfr" });
  const [first, second] = device.members;
  assert.ok(first && second);
  using safe = device.allocateImage(IMAGE, ["HOST_VALID", "LAZY_ALLOCATE"]);
  await safe.write(words(WIDTH * HEIGHT, (i) => i));
  const kernel = device.createKernel({ words: inPlaceImageKernel() });
  const bindings = [{ binding: 0, image: safe }];
  await device.dispatch(kernel, GROUPS, bindings, word(1));
  first.lose("the test says so");
  const { parts } = await device.dispatch(kernel, GROUPS, bindings, word(2));
  assert.deepEqual([...new Set(parts.map(({ gpu }) => gpu))], [second.id]);
  assert.deepEqual(await safe.read(), words(WIDTH * HEIGHT, (i) => 3 * (3 * i + 1) + 2));
});

allDevicesTest("LogicalDevice.allocateImage() has every format, in 2-D and 3-D", async () => {
  await using device = await openSoftwarePool({ strategy: "sfr" });
  for (const format of Object.keys(IMAGE_FORMATS) as ImageFormatName[]) {
    for (const depth of [undefined, 7]) {
      const shape = { width: 9, height: 13, format, ...(depth !== undefined && { depth }) };
      using source = device.allocateImage(shape), target = device.allocateImage(shape);
      const bytes = texels(format, 9 * 13 * (depth ?? 1));
      assert.equal(source.size, bytes.length);
      await source.write(bytes);
      const kernel = device.createKernel({ words: imageCopyKernel(format, depth ? 3 : 2) });
      const bindings = [{ binding: 0, image: source }, { binding: 1, image: target }];
      const groups = [2, Math.ceil(13 / LOCAL_Y), depth ? Math.ceil(depth / LOCAL_Z) : 1] as const;
      const { verdict } = device.explain(kernel, groups, bindings);
      assert.deepEqual([verdict.kind, verdict.dimension], ["split", depth ? "z" : "y"], format);
      const { split, reason } = await device.dispatch(kernel, groups, bindings);
      assert.ok(split, reason);
      assert.deepEqual(await target.read(), bytes, `${format} ${depth}`);
      // Rows alone, or slices alone, of what was written.
      assert.deepEqual(await target.read(16, 32), bytes.slice(16, 48));
    }
  }
});

allDevicesTest(
  "LogicalDevice.dispatch() runs whole what writes rows that are not proved",
  async () => {
    await using device = await openSoftwarePool({ strategy: "sfr" });
    using rows = device.allocate(4 * HEIGHT), image = device.allocateImage(IMAGE);
    const order = Uint32Array.from({ length: HEIGHT }, (_, y) => (y * 7 + 3) % HEIGHT);
    await rows.write(new Uint8Array(order.buffer.slice(0)));
    const kernel = device.createKernel({ words: scatterKernel() });
    const bindings = [{ binding: 0, buffer: rows }, { binding: 1, image }];
    const { verdict } = device.explain(kernel, GROUPS, bindings);
    assert.deepEqual([verdict.kind, verdict.rule], ["whole", "image_store"]);
    assert.match(verdict.instruction?.text ?? "", /OpImageWrite/);
    const { split } = await device.dispatch(kernel, GROUPS, bindings);
    assert.equal(split, false);
    const expected = new Uint32Array(WIDTH * HEIGHT);
    order.forEach((row, y) => expected.fill(y, row * WIDTH, (row + 1) * WIDTH));
    assert.deepEqual(await image.read(), new Uint8Array(expected.buffer));
  },
);

allDevicesTest(
  "LogicalDevice.dispatch() reads and writes an image that is bound twice",
  async () => {
    await using device = await openSoftwarePool({ strategy: "sfr" });
    using image = device.allocateImage(IMAGE);
    const bytes = texels("r32uint", WIDTH * HEIGHT);
    await image.write(bytes);
    const kernel = device.createKernel({ words: imageCopyKernel("r32uint") });
    const bindings = [{ binding: 0, image }, { binding: 1, image }];
    const { verdict } = device.explain(kernel, GROUPS, bindings);
    assert.deepEqual([verdict.kind, verdict.rule], ["whole", "aliasing"]);
    await device.dispatch(kernel, GROUPS, bindings);
    assert.deepEqual(await image.read(), bytes);
  },
);

allDevicesTest("LogicalDevice.allocateImage() says in one line what cannot be", async () => {
  await using device = await openSoftwarePool();
  const refuses = (options: object, what: RegExp, flags: string[] = []) => {
    const wanted = { ...IMAGE, ...options };
    assert.throws(() => device.allocateImage(wanted, flags), (error: Error) => {
      assert.match(error.message, what);
      assert.doesNotMatch(error.message, /\n/);
      return error instanceof RangeError;
    });
  };
  refuses({ format: "bc7-rgba-unorm" }, /^no image format 'bc7-rgba-unorm': there are rgba8unorm,/);
  refuses({ format: "toString" }, /^no image format 'toString'/);
  refuses({ height: 0 }, /^no image of 37 x 0 x 1 texels/);
  refuses({ width: 1.5 }, /^no image of 1.5 x/);
  refuses(
    { width: 2 ** 20, height: 1 },
    /has images of at most \d+ texels in each of 2 dimensions/,
  );
  refuses({ width: 2 ** 14, height: 1, depth: 1 }, /at most \d+ texels in each of 3 dimensions/);
  refuses({}, /^memory cannot be both SHARED and P2P/, ["SHARED", "P2P"]);
  assert.equal(device.openBuffers.length, 0);
});

allDevicesTest("LogicalDevice.dispatch() takes the images alone that suit the kernel", async () => {
  await using device = await openSoftwarePool();
  using image = device.allocateImage(IMAGE), buffer = device.allocate(image.size);
  using floats = device.allocateImage({ ...IMAGE, format: "r32float" });
  using cube = device.allocateImage({ ...IMAGE, depth: 2 });
  const closed = device.allocateImage(IMAGE);
  closed[Symbol.dispose]();
  const kernel = device.createKernel({ words: inPlaceImageKernel() });
  const refuses = (binding: Parameters<typeof device.dispatch>[2][number], what: RegExp) =>
    assert.throws(() => device.dispatch(kernel, GROUPS, [binding], word(1)), what);
  refuses({ binding: 1, image }, /the kernel needs an image for set 0, binding 0/);
  refuses({ binding: 0, buffer }, /the kernel takes an image, not buffer \d+/);
  refuses(
    { binding: 0, image: floats },
    /an image of format r32uint, not image \d+ \(.*r32float\)/,
  );
  refuses({ binding: 0, image: cube }, /an image of 2 dimensions, not image \d+ \(37 x 83 x 2/);
  refuses({ binding: 0, image: closed }, /image \d+ .* is closed/);
  const plain = device.createKernel({ words: scaleKernel() });
  assert.throws(
    () => device.dispatch(plain, [1, 1, 1], [{ binding: 0, image }], word(1)),
    /the kernel takes a buffer, not image/,
  );
  const mixed = device.createKernel({ words: scatterKernel() });
  const both = [{ binding: 0, buffer: image.packed }, { binding: 1, image }];
  assert.throws(() => device.dispatch(mixed, GROUPS, both), /image \d+ .* bound as an image too/);
  await assert.rejects(async () => await image.write(new Uint8Array(4), image.size), RangeError);
});

allDevicesTest("LogicalDevice.createKernel() refuses images that it does not have", async () => {
  await using device = await openSoftwarePool();
  const compiled = (name: string) => {
    const file = new URL(`../fixtures/spirv/${name}.spv`, import.meta.url);
    return new Uint32Array(Deno.readFileSync(file).buffer);
  };
  const rg16 = new ImageKernel({ localSize: 1, addressing: "descriptor" });
  const small = rg16.image(rg16.f32, { binding: 3, format: 7 });
  const { words: rg16Words } = rg16.body((k) => {
    const zero = k.constant(k.u32, 0);
    small.write([zero, zero], small.read([zero, zero]));
  });
  const refused: [Uint32Array, RegExp][] = [
    [
      compiled("image_sampled"),
      /binds a sampled image \(set 0, binding 0\): .* storage images alone$/,
    ],
    [compiled("image_array"), /binds an array of storage images \(set 0, binding 0\)/],
    [
      compiled("image_layers"),
      /\(set 0, binding 0\) that is not plainly of two or three dimensions$/,
    ],
    [rg16Words, /\(set 0, binding 3\) of SPIR-V format 7: there are rgba8unorm, /],
  ];
  for (const [words, what] of refused) {
    assert.throws(() => device.createKernel({ words }), (error: Error) => {
      assert.match(error.message, what);
      return error instanceof RangeError;
    });
  }
});

allDevicesTest(
  "LogicalDevice.dispatch() binds images of any format to kernels of none",
  async () => {
    await using device = await openSoftwarePool({ strategy: "sfr" });
    const open = new ImageKernel({ localSize: [LOCAL_X, LOCAL_Y], addressing: "descriptor" });
    const target = open.image(open.f32, { binding: 0 });
    const { words: code } = open.body((k) => {
      const at = [k.globalId(0), k.globalId(1)];
      target.write(at, k.constant(k.vector(k.f32, 4), 1));
    });
    const kernel = device.createKernel({ words: code });
    const shape = { width: LOCAL_X, height: 4 * LOCAL_Y };
    for (
      const [format, one] of [["rgba8unorm", 0xffffffff], ["rgba16float", 0x3c003c00]] as const
    ) {
      using image = device.allocateImage({ ...shape, format });
      await device.dispatch(kernel, [1, 4, 1], [{ binding: 0, image }]);
      const packed = new Uint32Array((await image.read()).buffer);
      assert.ok(packed.every((word) => word === one), format);
    }
    using numbers = device.allocateImage({ ...shape, format: "rgba8uint" });
    assert.throws(
      () => device.dispatch(kernel, [1, 4, 1], [{ binding: 0, image: numbers }]),
      /the kernel takes an image of float components, not image \d+/,
    );
  },
);

allDevicesTest("LogicalImage counts its holders and its memory", async () => {
  const device = await openSoftwarePool();
  const lazy = device.allocateImage(IMAGE, ["LAZY_ALLOCATE"]);
  assert.deepEqual(lazy.memory(), { host_bytes: 0, members: {} });
  const image = device.allocateImage(IMAGE);
  assert.match(image.label, /^image \d+ \(37 x 83 r32uint\)$/);
  for (const bytes of Object.values(image.memory().members)) assert.ok(bytes >= image.size);
  assert.equal(Object.keys(image.memory().members).length, 2);
  for (const member of device.members) {
    assert.equal(image.memoryNeededOn(member), 0);
    assert.ok(lazy.memoryNeededOn(member) >= lazy.size);
  }
  image.retain()[Symbol.dispose]();
  assert.equal(image.isClosed, false);
  await image.write(new Uint8Array(image.size));
  assert.deepEqual(image.placement(), [{ start: 0, end: image.size, places: ["host"] }]);
  image[Symbol.dispose]();
  assert.throws(() => image[Symbol.dispose](), /is closed/);
  await assert.rejects(
    async () => await device[Symbol.asyncDispose](),
    /^Error: not disposed: image \d+ \(37 x 83 r32uint\)$/,
  );
});

Deno.test("checkImage() gives the layout of packed texels", () => {
  const flat = checkImage({ width: 5, height: 3, format: "rgba16float" });
  assert.deepEqual([flat.size, flat.slabBytes, flat.dimensions], [120, 40, 2]);
  const solid = checkImage({ width: 5, height: 3, depth: 2, format: "rgba32uint" });
  assert.deepEqual([solid.size, solid.slabBytes, solid.dimensions], [480, 240, 3]);
});

Deno.test("slabsOf() joins what ranges of bytes touch", () => {
  const slabs = slabsOf([
    { start: 40, end: 60 },
    { start: 0, end: 20 },
    { start: 15, end: 21 },
    { start: 90, end: 90 },
    { start: 99, end: 101 },
  ], 10);
  assert.deepEqual(slabs, [{ start: 0, end: 3 }, { start: 4, end: 6 }, { start: 9, end: 11 }]);
});
