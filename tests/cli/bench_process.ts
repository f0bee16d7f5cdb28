/** `mvgal bench` as a process of its own, and what it wrote. */

import { join } from "node:path";
import type { BenchReport } from "../../lib/bench/report.ts";

const MAIN = join(import.meta.dirname ?? ".", "..", "..", "main.ts");

/** What a run wrote and returned. */
export interface BenchRun {
  code: number;
  stdout: string;
  /** Lines of stderr. */
  stderr: string[];
}

/** The command, to be spawned, by a program such as nohup where one is given. */
export function benchProcess(
  args: readonly string[],
  env: Record<string, string>,
  stdout: "piped" | "null" = "piped",
  starter: readonly string[] = [],
): Deno.Command {
  const mvgal = [Deno.execPath(), "run", "-A", "--no-check", MAIN, "bench", ...args];
  const [program = "", ...rest] = [...starter, ...mvgal];
  return new Deno.Command(program, {
    args: rest,
    env,
    stdin: "null",
    stdout,
    stderr: "piped",
  });
}

/** Runs it; `said` sees each line of stderr as it is written, and may act on the process. */
export async function runBench(
  args: readonly string[],
  env: Record<string, string>,
  said: (line: string, child: Deno.ChildProcess) => void = () => {},
): Promise<BenchRun> {
  const child = benchProcess(args, env).spawn();
  const lines: string[] = [];
  const listen = async () => {
    let rest = "";
    for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
      const parts = (rest + text).split("\n");
      rest = parts.pop() ?? "";
      for (const line of parts) {
        lines.push(line);
        said(line, child);
      }
    }
    if (rest !== "") lines.push(rest);
  };
  const [stdout, { code }] = await Promise.all([
    new Response(child.stdout).text(),
    child.status,
    listen(),
  ]);
  return { code, stdout, stderr: lines };
}

/** The report that a run with `--json -` wrote. */
export function reportIn({ stdout, stderr }: BenchRun): BenchReport {
  try {
    return JSON.parse(stdout) as BenchReport;
  } catch {
    throw new Error(`no report, but: ${stdout.slice(0, 200)} ${stderr.join("\n")}`);
  }
}
