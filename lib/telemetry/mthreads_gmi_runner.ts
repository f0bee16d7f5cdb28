/**
 * Running `mthreads-gmi`, for hosts that have the command and not the library.
 *
 * @module
 */

import { GMI_COLUMNS, type GmiGpu, parseGmiQuery, parseGmiTable } from "./mthreads_gmi.ts";

/** What came of a run: the GPUs, or one line: why there are none. */
export type GmiOutcome = readonly GmiGpu[] | string;

/** Options of {@linkcode GmiRunner}. */
export interface GmiRunnerOptions {
  /** Name or path of the command. */
  program?: string;
  /** How long one run may take, in ms. */
  limit?: number;
}

/** What one run gave. `late` where it was ended at the limit. */
type Run = { ok: true; text: string } | { ok: false; why: string; late?: boolean };

/** Runs the command, once at a time for all who want to know. */
export class GmiRunner {
  readonly #program: string;
  readonly #limit: number;
  #running: Promise<GmiOutcome> | undefined;

  /** Runs nothing yet. */
  constructor({ program = "mthreads-gmi", limit = 10_000 }: GmiRunnerOptions = {}) {
    this.#program = program;
    this.#limit = limit;
  }

  /** Where the command is; undefined where there is none. */
  find(): string | undefined {
    const directories = this.#program.includes("/")
      ? [""]
      : (Deno.env.get("PATH") ?? "").split(":").filter((path) => path.startsWith("/"));
    return directories
      .map((directory) => directory === "" ? this.#program : `${directory}/${this.#program}`)
      .find((path) => isFile(path));
  }

  /** What the command shows now. Those who ask while it runs share the run. */
  ask(): Promise<GmiOutcome> {
    this.#running ??= this.#ask().finally(() => this.#running = undefined);
    return this.#running;
  }

  async #ask(): Promise<GmiOutcome> {
    const query = await this.#run(["-q"]);
    if (query.ok) {
      const gpus = parseGmiQuery(query.text);
      if (gpus.some(({ values }) => Object.keys(values).length > 0)) return gpus;
    }
    if (!query.ok && query.late) return query.why;
    // A release may lack the one and have the other.
    const table = await this.#run([`--query-gpu=${GMI_COLUMNS}`, "--format=csv"]);
    if (!table.ok) return query.ok ? "mthreads-gmi -q: no GPU in what it prints" : query.why;
    const gpus = parseGmiTable(table.text);
    return gpus.length > 0 ? gpus : "mthreads-gmi --query-gpu: no GPU in what it prints";
  }

  async #run(args: string[]): Promise<Run> {
    const name = `mthreads-gmi ${args[0]?.split("=")[0] ?? ""}`;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let late = false;
    try {
      const child = new Deno.Command(this.#program, {
        args,
        stdin: "null",
        stdout: "piped",
        stderr: "piped",
        env: { LC_ALL: "C" },
      }).spawn();
      timer = setTimeout(() => {
        late = true;
        child.kill("SIGKILL");
      }, this.#limit);
      const { success, code, stdout, stderr } = await child.output();
      if (late) {
        return { ok: false, late, why: `${name}: no answer within ${this.#limit / 1000} s` };
      }
      if (success) return { ok: true, text: new TextDecoder().decode(stdout) };
      const [line = ""] = new TextDecoder().decode(stderr).trim().split("\n");
      return { ok: false, why: `${name}: exit status ${code}${line === "" ? "" : `: ${line}`}` };
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return { ok: false, why: `${name}: ${why.replace(/\s*\n\s*/g, " ")}` };
    } finally {
      clearTimeout(timer);
    }
  }
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
