/**
 * Memory that another interface has exported, for runtimes that import it.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { CopyRuntime } from "../../ffi/copy_runtime.ts";
import { libc } from "../../ffi/libc.ts";

/** A file in memory. Dispose it to close it. */
interface MemoryFile extends Disposable {
  fd: number;
  path: string;
}

function memoryFile(bytes: Uint8Array): MemoryFile {
  const { memfd_create, close } = libc();
  const fd = memfd_create(new TextEncoder().encode("exported\0"), 0);
  const path = `/proc/self/fd/${fd}`;
  Deno.writeFileSync(path, bytes);
  return { fd, path, [Symbol.dispose]: () => void close(fd) };
}

function openDescriptors(): number {
  return [...Deno.readDirSync("/proc/self/fd")].length;
}

/**
 * Lets a runtime import two files, copy from the one to the other without waiting, and give them back: the
 * bytes arrive, and no descriptor is left.
 */
export function checkImports(runtime: CopyRuntime, size: number): void {
  const sent = Uint8Array.from({ length: size }, (_, i) => i * 7 + (i >> 9));
  using source = memoryFile(sent);
  using destination = memoryFile(new Uint8Array(size));
  runtime.enablePeer(0, 1);
  const before = openDescriptors();
  {
    using from = runtime.importMemory(0, source.fd, size);
    using to = runtime.importMemory(1, destination.fd, size);
    assert.deepEqual([from.device, to.device, from.size], [0, 1, size]);
    using running = runtime.start([{ device: 0, from, to, size }]);
    while (!running.isDone());
  }
  assert.equal(openDescriptors(), before);
  assert.deepEqual(Deno.readFileSync(destination.path), sent);
  assert.throws(() => runtime.importMemory(0, -1, size));
  assert.equal(openDescriptors(), before);
}
