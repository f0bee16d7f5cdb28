/** Running commands in this process, with their output caught. */

import type { CommandContext } from "../../lib/cli/command.ts";
import { main } from "../../lib/cli/program.ts";

/** What a run wrote and returned. */
export interface Captured {
  status: number;
  stdout: string;
  stderr: string;
  /** What went to stdout, as it was written. */
  bytes: Uint8Array;
}

/** How the command finds its surroundings. */
export interface CaptureOptions {
  program?: string;
  env?: Record<string, string>;
  isTerminal?: boolean;
  color?: boolean;
}

/** Runs mvgal with these arguments. */
export async function capture(args: string[], options: CaptureOptions = {}): Promise<Captured> {
  const { env = {}, isTerminal = false, color = false, program } = options;
  const stream = () => {
    const pieces: Uint8Array[] = [];
    return {
      isTerminal,
      color,
      columns: 80,
      pieces,
      write: (data: string | Uint8Array) => {
        pieces.push(typeof data === "string" ? new TextEncoder().encode(data) : data.slice());
      },
    };
  };
  const [stdout, stderr] = [stream(), stream()];
  const context: CommandContext = { stdout, stderr, env: (name) => env[name] };
  const status = await main(args, context, program);
  const bytes = concat(stdout.pieces);
  return {
    status,
    stdout: new TextDecoder().decode(bytes),
    stderr: new TextDecoder().decode(concat(stderr.pieces)),
    bytes,
  };
}

function concat(pieces: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
