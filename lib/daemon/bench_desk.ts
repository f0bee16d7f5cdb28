/**
 * Benchmark runs of the service: each in a process of its own, one at a time, its report kept.
 *
 * @module
 */

import { join } from "node:path";
import { oneLine } from "./one_line.ts";
import { type BenchRequest, type BenchRunView, ServiceError } from "./service_api.ts";

/** How many runs are kept. */
const KEPT = 20;

/** `[ 3/40] pci:0000:06:00.0 memory.read: 450 GB/s`, as `mvgal bench` writes where nobody watches. */
const PROGRESS = /^\[ *(\d+)\/(\d+)\] (.*)$/;

/** What can be a name of a benchmark, a pattern of names, or a selector of GPUs: nothing that is an option. */
const ARGUMENT = /^[\w*?.,:!][\w*?.,:!{}\[\] -]{0,199}$/;

/** A program that runs. */
export interface RunningBench {
  /** The lines of its standard error. */
  lines: AsyncIterable<string>;
  ended: Promise<{ code: number; signal: string | null }>;
  interrupt(): void;
}

/** What the desk works with. */
export interface BenchDeskOptions {
  /** Where reports are kept: made when the first is written. */
  directory: string;
  /** Starts `mvgal` with these arguments. */
  start(args: readonly string[]): RunningBench;
  /** Told of each change of a run. */
  changed(run: BenchRunView): void;
  now?: () => number;
}

/** Runs `command` with arguments, and reads what it says. */
export function startProgram(command: readonly string[], args: readonly string[]): RunningBench {
  const [program = "", ...first] = command;
  const child = new Deno.Command(program, {
    args: [...first, ...args],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  return {
    lines: linesOf(child.stderr),
    ended: child.status.then(({ code, signal }) => ({ code, signal })),
    interrupt: () => {
      try {
        child.kill("SIGINT");
      } catch {
        // It has ended by itself.
      }
    },
  };
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest !== "") yield rest;
}

function argumentsOf({ select = [], gpu, quick = false }: BenchRequest): string[] {
  const bad = [...select, ...(gpu === undefined ? [] : [gpu])].find((text) => !ARGUMENT.test(text));
  if (bad !== undefined) {
    throw new ServiceError(422, `'${bad.slice(0, 60)}' names no benchmark and no GPU`);
  }
  return [
    "bench",
    // Without it the run would find that the service is measuring: it is that run.
    "--direct",
    ...(quick ? ["--quick"] : []),
    ...(gpu === undefined ? [] : [`--gpu=${gpu}`]),
    ...(select.length === 0 ? ["all"] : select),
  ];
}

interface Run {
  view: BenchRunView;
  path: string;
  running: RunningBench | undefined;
}

/** Starts runs, and knows the last of them. */
export class BenchDesk implements AsyncDisposable {
  readonly #options: BenchDeskOptions;
  readonly #now: () => number;
  /** By id, in the order of their start. */
  readonly #runs = new Map<string, Run>();
  readonly #following = new Set<Promise<void>>();

  /** Reads nothing yet. */
  constructor(options: BenchDeskOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /** The last runs, the newest first. */
  runs(): BenchRunView[] {
    return [...this.#runs.values()].reverse().map(({ view }) => ({ ...view }));
  }

  /**
   * Starts a run.
   *
   * @throws {ServiceError} 409 while one goes on, 422 for what names no benchmark.
   */
  start(request: BenchRequest): BenchRunView {
    const args = argumentsOf(request);
    const busy = [...this.#runs.values()].find(({ running }) => running !== undefined);
    if (busy !== undefined) {
      throw new ServiceError(409, `run ${busy.view.id} goes on: wait for its end, or cancel it`);
    }
    const { directory, start } = this.#options;
    const id = crypto.randomUUID();
    const path = join(directory, `${id}.json`);
    const view: BenchRunView = {
      id,
      state: "running",
      started_at: new Date(this.#now()).toISOString(),
      ended_at: null,
      what: null,
      done: 0,
      total: 0,
      error: null,
    };
    const run: Run = { view, path, running: undefined };
    try {
      Deno.mkdirSync(directory, { recursive: true, mode: 0o700 });
      run.running = start([...args, "--json", path]);
    } catch (error) {
      throw new ServiceError(503, `no benchmark can be started: ${oneLine(error)}`);
    }
    this.#runs.set(id, run);
    this.#forget();
    const following = this.#follow(run, run.running);
    this.#following.add(following);
    following.finally(() => this.#following.delete(following));
    this.#options.changed({ ...view });
    return { ...view };
  }

  async #follow(run: Run, running: RunningBench): Promise<void> {
    const { view } = run;
    let last = "";
    try {
      for await (const line of running.lines) {
        const [, done, total, what] = PROGRESS.exec(line) ?? [];
        if (line.trim() !== "") last = line.trim();
        if (what === undefined) continue;
        Object.assign(view, { done: Number(done), total: Number(total), what });
        this.#options.changed({ ...view });
      }
      const { code, signal } = await running.ended;
      const hasReport = isFile(run.path);
      if (view.state === "running") {
        // Status 1 is of a run in which a benchmark failed: its report says which.
        view.state = (code === 0 || code === 1) && hasReport ? "done" : "failed";
      }
      if (view.state === "failed") {
        view.error = signal !== null ? `it was ended by ${signal}` : `${last || `status ${code}`}`;
      }
    } catch (error) {
      view.state = "failed";
      view.error = oneLine(error);
    }
    run.running = undefined;
    view.what = null;
    view.ended_at = new Date(this.#now()).toISOString();
    this.#options.changed({ ...view });
  }

  #forget(): void {
    for (const [id, { running, path }] of this.#runs) {
      if (this.#runs.size <= KEPT) return;
      if (running !== undefined) continue;
      this.#runs.delete(id);
      try {
        Deno.removeSync(path);
      } catch {
        // It left no report.
      }
    }
  }

  #run(id: string): Run {
    const run = this.#runs.get(id);
    if (run === undefined) throw new ServiceError(404, `no benchmark run ${id.slice(0, 60)}`);
    return run;
  }

  /** Ends a run, which keeps what it has measured. @throws {ServiceError} 404; 409 where it has ended. */
  cancel(id: string): BenchRunView {
    const run = this.#run(id);
    if (run.running === undefined) throw new ServiceError(409, `run ${id} has ended`);
    run.view.state = "cancelled";
    run.running.interrupt();
    return { ...run.view };
  }

  /** The report of a run. @throws {ServiceError} 404; 409 while it goes on, or where it left none. */
  report(id: string): unknown {
    const { view, path, running } = this.#run(id);
    if (running !== undefined) throw new ServiceError(409, `run ${id} goes on`);
    try {
      return JSON.parse(Deno.readTextFileSync(path));
    } catch {
      throw new ServiceError(409, `run ${id} left no report: ${view.error ?? view.state}`);
    }
  }

  /** Ends the run that goes on, and waits for it. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const { running, view } of this.#runs.values()) {
      if (running === undefined) continue;
      view.state = "cancelled";
      running.interrupt();
    }
    await Promise.all(this.#following);
  }
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
