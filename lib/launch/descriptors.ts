/**
 * Descriptors that the launcher left open for this process.
 *
 * @module
 */

import { openLibrary } from "../../ffi/library.ts";

/** `F_SETFD` and `FD_CLOEXEC` of `<fcntl.h>`; the same on all of Linux's architectures. */
const F_SETFD = 2;
const FD_CLOEXEC = 1;

/**
 * Makes descriptors close in programs that this process starts; here they stay open. Where the C library
 * cannot be called they are inherited, which does no harm but to tidiness.
 */
export function closeOnExec(descriptors: Iterable<number>): void {
  // fcntl(2) is variadic; both of Deno's 64-bit ABIs pass three integers to it as to any function.
  const libc = openLibrary(["libc.so.6"], {
    fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
  });
  if (libc.state === "absent") return;
  using library = libc.library;
  for (const descriptor of descriptors) library.symbols.fcntl(descriptor, F_SETFD, FD_CLOEXEC);
}
