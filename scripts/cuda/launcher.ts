/**
 * How a program is started with mvgal's CUDA shim, and what came of it.
 *
 * @module
 */

/** What is asked of mvgal for a program. */
export interface Asked {
  /** Bytes. */
  vram?: number;
  /** Percent. */
  sm?: number;
  group?: string;
  pool?: boolean;
}

/** A command with its environment. */
export interface Started {
  command: readonly string[];
  env: Record<string, string>;
}

/** Puts mvgal before a program. */
export type Launcher = (asked: Asked, command: readonly string[]) => Started;

/** A launcher by `mvgal run`. */
export function byMvgal(mvgal: readonly string[], env: Record<string, string>): Launcher {
  return ({ vram, sm, group, pool }, command) => ({
    command: [
      ...mvgal,
      "run",
      ...(vram === undefined ? [] : ["--vram", String(vram)]),
      ...(sm === undefined ? [] : ["--sm", `${sm}%`]),
      ...(group === undefined ? [] : ["--group", group]),
      ...(pool === true ? ["--pool"] : []),
      "--",
      ...command,
    ],
    env,
  });
}

/** What a program said, and how it ended: `status` is undefined for one that took too long. */
export interface Ended {
  lines: string[];
  errors: string;
  status: number | string | undefined;
}

/** Runs a program to its end, but no longer than so many seconds. */
export async function run({ command, env }: Started, seconds = 60): Promise<Ended> {
  const [program = "", ...args] = command;
  const child = new Deno.Command(program, {
    args,
    env,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    child.kill("SIGKILL");
  }, seconds * 1000);
  const { code, signal, stdout, stderr } = await child.output();
  clearTimeout(timer);
  const decoder = new TextDecoder();
  return {
    lines: decoder.decode(stdout).split("\n").filter((line) => line !== ""),
    errors: decoder.decode(stderr).trim(),
    status: isLate ? undefined : signal ?? code,
  };
}
