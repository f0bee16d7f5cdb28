import assert from "node:assert/strict";
import { HostMemory, libc, pageSize } from "../../ffi/libc.ts";

Deno.test("pageSize() is what getconf says", () => {
  const { stdout } = new Deno.Command("getconf", { args: ["PAGESIZE"] }).outputSync();
  assert.equal(pageSize(), Number(new TextDecoder().decode(stdout)));
});

Deno.test("HostMemory.allocate() gives writable memory, aligned as asked for", () => {
  for (const align of [8, 64, pageSize(), 1 << 21]) {
    using memory = HostMemory.allocate(100_000, align);
    assert.equal(memory.address % BigInt(align), 0n);
    memory.bytes.fill(0x5a);
    assert.equal(memory.bytes.length, 100_000);
    assert.equal(new Deno.UnsafePointerView(memory.pointer).getUint8(99_999), 0x5a);
  }
});

Deno.test("HostMemory.allocate() is page-aligned by default", () => {
  using memory = HostMemory.allocate(1);
  assert.equal(memory.address % BigInt(pageSize()), 0n);
});

Deno.test("HostMemory.allocate() refuses what cannot be had", () => {
  for (const size of [0, -1, 1.5, NaN]) {
    assert.throws(() => HostMemory.allocate(size), RangeError);
  }
  assert.throws(() => HostMemory.allocate(16, 3), /aligned to 3: no such alignment/);
  assert.throws(() => HostMemory.allocate(2 ** 52), /not enough memory/);
});

Deno.test("HostMemory is not to be had once it is disposed", () => {
  const memory = HostMemory.allocate(64);
  memory[Symbol.dispose]();
  memory[Symbol.dispose]();
  assert.throws(() => memory.bytes, /the memory is freed/);
});

Deno.test("libc() is bound once", () => {
  assert.equal(libc(), libc());
});
