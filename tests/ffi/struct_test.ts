import assert from "node:assert/strict";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import {
  addressOf,
  decode,
  decodeArray,
  decodeCString,
  encode,
  encodeArray,
  type Field,
  type FieldType,
  type Layout,
  type Scalar,
  struct,
  structure,
  type StructValue,
} from "../../ffi/struct.ts";

/** The memory at an address, which has to be kept alive meanwhile. */
function memoryAt(address: bigint, size: number): Uint8Array {
  const pointer = Deno.UnsafePointer.create(address);
  assert.ok(pointer !== null, "a null pointer");
  return new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(pointer, size));
}

function textAt(address: bigint): string {
  const pointer = Deno.UnsafePointer.create(address);
  assert.ok(pointer !== null, "a null pointer");
  return Deno.UnsafePointerView.getCString(pointer);
}

// Any structure, with any value of it.

const bits = (min: bigint, max: bigint) => fc.bigInt({ min, max });
const SCALARS: Record<Scalar, fc.Arbitrary<number | bigint>> = {
  u8: fc.integer({ min: 0, max: 0xff }),
  i8: fc.integer({ min: -0x80, max: 0x7f }),
  u16: fc.integer({ min: 0, max: 0xffff }),
  i16: fc.integer({ min: -0x8000, max: 0x7fff }),
  u32: fc.integer({ min: 0, max: 0xffff_ffff }),
  i32: fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }),
  u64: bits(0n, (1n << 64n) - 1n),
  i64: bits(-(1n << 63n), (1n << 63n) - 1n),
  usize: bits(0n, (1n << 64n) - 1n),
  f32: fc.float({ noNaN: true }),
  f64: fc.double({ noNaN: true }),
  pointer: bits(0n, (1n << 64n) - 1n),
};

/** A type of a member, and values of it. */
interface Sample {
  type: FieldType;
  values: fc.Arbitrary<unknown>;
}

const scalarSample: fc.Arbitrary<Sample> = fc.constantFrom(...Object.keys(SCALARS) as Scalar[])
  .map((type) => ({ type, values: SCALARS[type] }));

const charsSample: fc.Arbitrary<Sample> = fc.integer({ min: 1, max: 40 }).map((count) => ({
  type: { chars: count },
  values: fc.string({ unit: "grapheme", maxLength: count - 1 }).filter((text) =>
    !text.includes("\0") && new TextEncoder().encode(text).length < count
  ),
}));

const { sample, layout } = fc.letrec<{ sample: Sample; layout: LayoutSample }>((tie) => ({
  sample: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    scalarSample,
    charsSample,
    fc.tuple(tie("sample"), fc.integer({ min: 1, max: 4 })).map(([element, count]) => ({
      type: { array: element.type, count },
      values: fc.array(element.values, { minLength: count, maxLength: count }),
    })),
    tie("layout").map(({ layout, values }) => ({ type: { struct: () => layout }, values })),
  ),
  layout: fc.array(tie("sample"), { minLength: 1, maxLength: 6 }).map((samples) => {
    const fields: Field[] = samples.map(({ type }, i) => ({ name: `m${i}`, type }));
    return {
      layout: struct<StructValue>("any", fields),
      values: fc.record(
        Object.fromEntries(samples.map(({ values }, i) => [`m${i}`, values])),
        { noNullPrototype: true },
      ),
    };
  }),
}));
void sample;

interface LayoutSample {
  layout: Layout<StructValue>;
  values: fc.Arbitrary<StructValue>;
}

Deno.test("decode() gives back what encode() was given, for any structure", () => {
  fc.assert(
    fc.property(layout.chain(({ layout, values }) => fc.tuple(fc.constant(layout), values)), (
      [layout, value],
    ) => {
      const encoded = encode(layout, value);
      assert.equal(encoded.bytes.length, layout.size);
      assert.deepEqual(decode(layout, encoded.bytes), value);
    }),
  );
});

Deno.test("decodeArray() gives back what encodeArray() was given", () => {
  fc.assert(
    fc.property(
      layout.chain(({ layout, values }) =>
        fc.tuple(fc.constant(layout), fc.array(values, { minLength: 1, maxLength: 4 }))
      ),
      ([layout, values]) => {
        const { bytes } = encodeArray(layout, values);
        assert.deepEqual(decodeArray(layout, bytes, values.length), values);
      },
    ),
  );
});

Deno.test("struct() keeps every member aligned, apart and inside", () => {
  fc.assert(fc.property(layout, ({ layout }) => {
    let end = 0;
    for (const field of layout.fields) {
      assert.ok(field.offset >= end, `${field.name} overlaps the member before it`);
      end = field.offset + 1;
    }
    assert.ok(layout.size >= end);
    assert.equal(layout.size % layout.align, 0);
  }));
});

Deno.test("encode() writes nothing for members that are not given, except their initial value", () => {
  const pair = structure("pair", [
    { name: "stype", type: "u32", initial: 7 },
    { name: "next", type: "chain" },
    { name: "name", type: "cstring" },
    { name: "list", type: { to: "u32", length: "count" } },
    { name: "count", type: "u32" },
  ]);
  const read = decode(pair, encode(pair).bytes);
  assert.deepEqual(read, { stype: 7, next: 0n, name: 0n, list: 0n, count: 0 });
});

Deno.test("encode() refuses numbers that the C type cannot hold", () => {
  const byte = structure("byte", [{ name: "value", type: "u8" }]);
  assert.throws(() => encode(byte, { value: 256 }), {
    name: "RangeError",
    message: "byte.value: 256 does not fit u8",
  });
  assert.throws(() => encode(byte, { value: -1 }), RangeError);
  assert.throws(() => encode(byte, { value: 1.5 }), /byte.value: 1.5 is no integer/);
  assert.throws(() => encode(byte, { value: NaN }), RangeError);
  const word = structure("word", [{ name: "value", type: "u64" }]);
  assert.throws(() => encode(word, { value: 1n << 64n }), RangeError);
  const untyped: StructValue = { value: "1" };
  assert.throws(() => encode(byte, untyped), /expected a number, got string/);
});

Deno.test("encode() takes the signed results of JavaScript's bit operators for unsigned members", () => {
  const flags = structure("flags", [{ name: "low", type: "u32" }, { name: "all", type: "u64" }]);
  const { bytes } = encode(flags, { low: 1 << 31, all: ~0n });
  assert.deepEqual(decode(flags, bytes), { low: 0x8000_0000, all: 0xffff_ffff_ffff_ffffn });
});

Deno.test("encode() refuses a member that the structure does not have", () => {
  const one = structure("one", [{ name: "value", type: "u8" }]);
  const typo: StructValue = { valeu: 1 };
  assert.throws(() => encode(one, typo), { name: "TypeError", message: "one has no member valeu" });
});

Deno.test("encode() refuses texts and arrays that are longer than their member", () => {
  const sized = structure("sized", [
    { name: "text", type: { chars: 4 } },
    { name: "list", type: { array: "u8", count: 2 } },
  ]);
  assert.equal(decode(sized, encode(sized, { text: "abc" }).bytes).text, "abc");
  assert.throws(() => encode(sized, { text: "abcd" }), RangeError);
  assert.throws(() => encode(sized, { text: "äää" }), RangeError);
  assert.throws(() => encode(sized, { list: [1, 2, 3] }), RangeError);
  assert.throws(() => encode(sized, { text: "a\0b" }), /holds no NUL/);
});

Deno.test("encode() writes strings that C code can read", () => {
  const names = structure("names", [
    { name: "one", type: "cstring" },
    { name: "many", type: { cstrings: true, length: "count" } },
    { name: "count", type: "u32" },
  ]);
  const encoded = encode(names, { one: "Größe", many: ["VK_a", "", "VK_b"] });
  const read = decode(names, encoded.bytes);
  assert.equal(read.count, 3);
  assert.equal(textAt(read.one), "Größe");
  const list = new BigUint64Array(memoryAt(read.many, 24).slice().buffer);
  assert.deepEqual(Array.from(list, textAt), ["VK_a", "", "VK_b"]);
  assert.ok(encoded.address > 0n);
});

Deno.test("encode() copies arrays in, counts them, and follows nested structures", () => {
  const point = structure("point", [{ name: "x", type: "i16" }, {
    name: "label",
    type: "cstring",
  }]);
  const shape = structure("shape", [
    { name: "count", type: "u16" },
    { name: "points", type: { to: { struct: () => point }, length: "count" } },
    { name: "origin", type: { to: { struct: () => point } } },
  ]);
  const encoded = encode(shape, {
    points: [{ x: -1, label: "a" }, { x: 2, label: "b" }],
    origin: { x: 9 },
  });
  const read = decode(shape, encoded.bytes);
  assert.equal(read.count, 2);
  const points = decodeArray(point, memoryAt(read.points, 2 * point.size), 2);
  assert.deepEqual(points.map(({ x, label }) => [x, textAt(label)]), [[-1, "a"], [2, "b"]]);
  assert.equal(decode(point, memoryAt(read.origin, point.size)).x, 9);
});

Deno.test("encode() points to typed arrays, so that C can write to them, and counts C's elements", () => {
  const out = structure("out", [
    { name: "bytes", type: "usize" },
    { name: "count", type: "u32" },
    { name: "values", type: { to: "u32", length: "count" } },
    { name: "raw", type: "pointer" },
  ]);
  const values = new Uint32Array(4);
  const raw = new Uint8Array(16).subarray(3);
  const encoded = encode(out, { values, raw });
  const read = decode(out, encoded.bytes);
  assert.equal(read.count, 4);
  assert.equal(read.values, addressOf(values));
  assert.equal(read.raw, addressOf(raw));
  new Uint32Array(memoryAt(read.values, 16).buffer)[2] = 77;
  assert.equal(values[2], 77);
  assert.equal(encoded.retained, 2);
  const asBytes = decode(out, encode(out, { values: new Uint8Array(16) }).bytes);
  assert.equal(asBytes.count, 4);
});

Deno.test("encode() takes addresses, pointer objects and other encoded structures for pointers", () => {
  const inner = structure("inner", [{ name: "x", type: "u32" }]);
  const outer = structure("outer", [{ name: "to", type: { to: { struct: () => inner } } }]);
  const target = encode(inner, { x: 5 });
  const pointer = Deno.UnsafePointer.create(target.address);
  for (const to of [target, target.address, pointer]) {
    assert.equal(decode(outer, encode(outer, { to }).bytes).to, target.address);
  }
  const raw = structure("raw", [{ name: "to", type: "pointer" }]);
  const wrong: StructValue = { to: { x: 5 } };
  assert.throws(() => encode(raw, wrong), /expected an address/);
});

Deno.test("encode() links a pNext chain and tells where its elements are", () => {
  const head = structure("head", [
    { name: "stype", type: "u32", initial: 1 },
    { name: "next", type: "chain" },
    { name: "inner", type: { to: { struct: (): Layout => extra } } },
  ]);
  const extra = structure("extra", [
    { name: "stype", type: "u32", initial: 2 },
    { name: "next", type: "chain" },
    { name: "value", type: "u64" },
  ]);
  const encoded = encode(head, {
    next: [{ layout: extra, value: { value: 10n } }, { layout: extra, value: {} }],
    // A structure further in with a chain of its own does not take the outer one's place.
    inner: { next: [{ layout: extra, value: { value: 30n } }] },
  });
  assert.equal(encoded.chainOffsets.length, 2);
  const [first = 0, second = 0] = encoded.chainOffsets;
  assert.equal(decode(head, encoded.bytes).next, encoded.address + BigInt(first));
  const one = decode(extra, encoded.bytes, first);
  assert.deepEqual(one, { stype: 2, next: encoded.address + BigInt(second), value: 10n });
  assert.deepEqual(decode(extra, encoded.bytes, second), { stype: 2, next: 0n, value: 0n });
  const plain = structure("plain", [{ name: "x", type: "u8" }]);
  assert.throws(
    () => encode(head, { next: [{ layout: plain, value: {} }] }),
    /plain cannot stand in a pNext chain/,
  );
});

Deno.test("encode() writes only the member of a union that is given", () => {
  const either = structure("either", [
    { name: "i", type: { array: "i32", count: 4 } },
    { name: "u", type: { array: "u32", count: 4 } },
  ], { union: true });
  const { bytes } = encode(either, { u: [0xffff_ffff, 1] });
  assert.deepEqual(decode(either, bytes).i, [-1, 1, 0, 0]);
  const sizes = structure("sizes", [
    { name: "small", type: "u8" },
    { name: "large", type: "u64" },
  ], { union: true });
  assert.equal(decode(sizes, encode(sizes, { small: 5 }).bytes).large, 5n);
});

Deno.test("decodeCString() ends at the first NUL, or with the bytes", () => {
  const bytes = (text: string) => new TextEncoder().encode(text);
  assert.equal(decodeCString(bytes("abc\0def")), "abc");
  assert.equal(decodeCString(bytes("abc")), "abc");
  assert.equal(decodeCString(bytes("\ufeffabc\0")), "\ufeffabc");
  assert.equal(decodeCString(new Uint8Array([0x41, 0xff, 0])), "A\ufffd");
});

Deno.test("decode() refuses bytes that are too few", () => {
  const two = structure("two", [{ name: "x", type: "u64" }, { name: "y", type: "u64" }]);
  assert.throws(() => decode(two, new Uint8Array(15)), RangeError);
});

setFlagsFromString("--expose-gc");
const collect: () => void = runInNewContext("gc");

/** Collects garbage until `gone` says so, at most 20 times. */
async function collectUntil(gone: () => boolean): Promise<boolean> {
  for (let round = 0; round < 20 && !gone(); round++) {
    await new Promise((resolve) => setTimeout(resolve, 0));
    collect();
  }
  return gone();
}

Deno.test("an Encoded keeps alive what it points to", async () => {
  const leaf = structure("leaf", [{ name: "raw", type: "pointer" }]);
  const holder = structure("holder", [
    { name: "raw", type: "pointer" },
    { name: "inner", type: { to: { struct: () => leaf } } },
  ]);
  const make = () => {
    const outer = new Uint8Array(64).fill(1);
    const nested = new Uint8Array(64).fill(2);
    const encoded = encode(holder, { raw: outer, inner: encode(leaf, { raw: nested }) });
    return { encoded, weak: [new WeakRef(outer), new WeakRef(nested)] };
  };
  const { encoded, weak } = make();
  await collectUntil(() => false);
  assert.ok(weak.every((ref) => ref.deref() !== undefined), "collected while in use");
  const { raw, inner } = decode(holder, encoded.bytes);
  const nested = decode(leaf, memoryAt(inner, leaf.size)).raw;
  assert.deepEqual([memoryAt(raw, 64)[63], memoryAt(nested, 64)[63]], [1, 2]);
  assert.equal(encoded.retained, 2);
});

Deno.test("what an Encoded pointed to can be collected once the Encoded is", async () => {
  const holder = structure("holder", [{ name: "raw", type: "pointer" }]);
  // In functions of their own, so that no variable here holds on to anything.
  const make = () => {
    const array = new Uint8Array(64);
    return { encoded: encode(holder, { raw: array }), weak: new WeakRef(array) };
  };
  const weak = (() => make().weak)();
  assert.ok(await collectUntil(() => weak.deref() === undefined), "never collected");
});
