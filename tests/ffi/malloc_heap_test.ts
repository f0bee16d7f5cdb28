import assert from "node:assert/strict";
import { openLibrary } from "../../ffi/library.ts";
import { openMallocHeap } from "../../ffi/malloc_heap.ts";

Deno.test("MallocHeap.trim() gives back pages that hold nothing, wherever they are", () => {
  const opened = openLibrary(["libc.so.6"], {
    malloc: { parameters: ["usize"], result: "pointer" },
    memset: { parameters: ["pointer", "i32", "usize"], result: "pointer" },
    free: { parameters: ["pointer"], result: "void" },
  });
  assert.equal(opened.state, "ok");
  if (opened.state !== "ok") return;
  using libc = opened.library;
  const { malloc, memset, free } = libc.symbols;
  using heap = openMallocHeap();
  assert.ok(heap);
  // Below the size of what is mapped on its own, so that it is of the heap; every page is touched.
  const blocks = Array.from({ length: 1000 }, () => memset(malloc(60_000n), 1, 60_000n));
  // The last one stays: nothing before it is at the heap's end, which free() gives back by itself.
  const last = blocks.pop() ?? null;
  for (const block of blocks) free(block);
  const before = Deno.memoryUsage().rss;
  heap.trim();
  const given = before - Deno.memoryUsage().rss;
  free(last);
  assert.ok(given > 40e6, `${given} bytes were given back`);
});
