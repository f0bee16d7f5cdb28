import assert from "node:assert/strict";
import { captureOutput } from "../../ffi/capture.ts";
import { HostMemory, libc, pageSize } from "../../ffi/libc.ts";
import { openLibrary } from "../../ffi/library.ts";

const STDIO = {
  puts: { parameters: ["buffer"], result: "i32" },
  write: { parameters: ["i32", "buffer", "usize"], result: "isize" },
} as const;

function stdio() {
  const opened = openLibrary(["libc.so.6"], STDIO, { resident: true });
  if (opened.state !== "ok") throw new Error(opened.reason);
  return opened.library.symbols;
}

const bytes = (text: string) => new TextEncoder().encode(text);

/** What the descriptor leads to. */
const target = (fd: number) => Deno.readLinkSync(`/proc/self/fd/${fd}`);

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

Deno.test("captureOutput() keeps what C code prints, buffered or not", () => {
  const { puts, write } = stdio();
  const { value, printed } = captureOutput(() => {
    puts(bytes("from a buffer\0"));
    write(2, bytes("from a system call\n"), 19n);
    return 7;
  });
  assert.equal(value, 7);
  assert.deepEqual(printed.split("\n").sort(), ["from a buffer", "from a system call"]);
});

Deno.test("captureOutput() says nothing where nothing was printed", () => {
  assert.deepEqual(captureOutput(() => "x"), { value: "x", printed: "" });
});

Deno.test("captureOutput() puts standard output and error back, and leaves no descriptor behind", () => {
  const before = [target(1), target(2)];
  const open = () => Array.from(Deno.readDirSync("/proc/self/fd")).length;
  const count = open();
  captureOutput(() => assert.notEqual(target(1), before[0]));
  assert.throws(() =>
    captureOutput(() => {
      throw new Error("from within");
    }), /from within/);
  assert.deepEqual([target(1), target(2)], before);
  assert.equal(open(), count);
});

Deno.test("captureOutput() keeps the beginning of much text", () => {
  const { write } = stdio();
  const line = bytes("x".repeat(1023) + "\n");
  const { printed } = captureOutput(() => {
    for (let i = 0; i < 100; i++) write(1, line, 1024n);
  });
  assert.equal(printed.length, 4095);
});

Deno.test("libc() is bound once", () => {
  assert.equal(libc(), libc());
});
