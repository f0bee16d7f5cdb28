// deno-lint-ignore-file no-console -- a program that prints what it found
/**
 * The program that the tests put behind a launcher with Deno: says how it finds itself.
 *
 * @module
 */

import process from "node:process";
import { assetPath, programName, selfCommand, shimPath } from "../../lib/launch/self.ts";

/** What the program prints, as JSON. */
export interface Said {
  readonly args: readonly string[];
  readonly name: string;
  readonly self: readonly string[];
  readonly execPath: string;
  readonly shim: string | null;
  /** Whether the shim could be loaded and called. */
  readonly shimWorks: boolean;
  /** What is in the file `web/probe.txt` that it carries; null where it carries none. */
  readonly asset: string | null;
  readonly env: Readonly<Record<string, string>>;
  /** `HOME` as a program started by it sees it; null where none was started. */
  readonly childHome: string | null;
  /** What a program started by it has open, but for its standard streams; null where none was started. */
  readonly childDescriptors: readonly string[] | null;
}

function callShim(path: string): boolean {
  const library = Deno.dlopen(path, {
    readlink: { parameters: ["buffer", "buffer", "usize"], result: "isize" },
  });
  try {
    const name = new TextEncoder().encode("/nonexistent\0");
    return library.symbols.readlink(name, new Uint8Array(8), 8n) === -1n;
  } finally {
    library.close();
  }
}

function childHome(): string {
  const { stdout } = new Deno.Command("/bin/sh", { args: ["-c", 'printf %s "$HOME"'] })
    .outputSync();
  return new TextDecoder().decode(stdout);
}

function childDescriptors(): string[] {
  const { stdout } = new Deno.Command("/bin/sh", {
    args: ["-c", "for fd in /proc/self/fd/*; do readlink $fd; done"],
  }).outputSync();
  return new TextDecoder().decode(stdout).split("\n");
}

function say(child: boolean): void {
  const shim = shimPath("probe") ?? null;
  const asset = assetPath("web/probe.txt");
  const said: Said = {
    args: process.argv.slice(2),
    name: programName(),
    self: selfCommand(),
    execPath: process.execPath,
    shim,
    shimWorks: shim !== null && callShim(shim),
    asset: asset === undefined ? null : Deno.readTextFileSync(asset),
    env: Deno.env.toObject(),
    childHome: child ? childHome() : null,
    childDescriptors: child ? childDescriptors() : null,
  };
  console.log(JSON.stringify(said));
}

if (import.meta.main) {
  switch (Deno.args[0]) {
    case "fail":
      throw new Error("on purpose");
    case "sqlite":
      // A module that no start at build time loads.
      await import("node:sqlite");
      console.log("loaded");
      break;
    case "again": {
      const [program = "", ...args] = selfCommand();
      const { stdout } = new Deno.Command(program, { args: [...args, "alone"] }).outputSync();
      Deno.stdout.writeSync(stdout);
      break;
    }
    default:
      say(Deno.args[0] !== "alone");
  }
  Deno.exit(0);
}
