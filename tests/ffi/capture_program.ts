/**
 * Captures output in a process in which nothing else prints, and says on standard output what came of it.
 *
 * @module
 */

import { captureOutput } from "../../ffi/capture.ts";
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

/** Descriptors of what a capture opens: its memory, and copies of the streams. Deno opens others meanwhile. */
function ownDescriptors(streams: readonly string[]): number {
  const targets = Array.from(Deno.readDirSync("/proc/self/fd")).map(({ name }) => {
    try {
      return target(Number(name));
    } catch {
      return ""; // the one that listed the directory
    }
  });
  return targets.filter((path) => path.includes("mvgal-capture") || streams.includes(path)).length;
}

const CASES: Record<string, () => unknown> = {
  prints: () => {
    const { puts, write } = stdio();
    return captureOutput(() => {
      puts(bytes("from a buffer\0"));
      write(2, bytes("from a system call\n"), 19n);
      return 7;
    });
  },
  nothing: () => captureOutput(() => "x"),
  restores: () => {
    const before = [target(1), target(2)], count = ownDescriptors(before);
    const { value: inside } = captureOutput(() => target(1));
    let thrown = "";
    try {
      captureOutput(() => {
        throw new Error("from within");
      });
    } catch (error) {
      thrown = error instanceof Error ? error.message : "";
    }
    const after = [target(1), target(2)];
    return { before, inside, after, thrown, left: ownDescriptors(before) - count };
  },
  much: () => {
    const { write } = stdio();
    const line = bytes("x".repeat(1023) + "\n");
    return captureOutput(() => {
      for (let i = 0; i < 100; i++) write(1, line, 1024n);
    }).printed.length;
  },
};

const result = JSON.stringify(CASES[Deno.args[0] ?? ""]?.());
Deno.stdout.writeSync(bytes(result));
