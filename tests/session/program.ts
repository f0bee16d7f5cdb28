/**
 * Running `session_program.c`: a program with a session, in a runtime directory of its own.
 *
 * @module
 */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { SessionRegistry } from "../../lib/session/registry.ts";
import { compile } from "../fakes/cc.ts";

const ROOT = join(import.meta.dirname ?? ".", "../..");
const SHIM = join(ROOT, "shims/session");
const INCLUDE = join(ROOT, "shims/include");

/** Compiles the program. */
export function sessionProgram(args: readonly string[] = []): string {
  const sources = ["session.c", "policy.c", "place.c"].map((name) => join(SHIM, name));
  const headers = ["session.h", "policy.h", "place.h"].map((name) => join(SHIM, name));
  return compile({
    name: "session_program",
    source: { file: join(ROOT, "tests/session/session_program.c") },
    args: ["-O2", "-g", "-pthread", `-I${INCLUDE}`, ...args, ...sources],
    includes: [...sources, ...headers, join(INCLUDE, "mvgal_session.h")],
  });
}

/** A program that runs. Dispose it to end it. */
export class Program implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: ReadableStreamDefaultReader<string>;
  #buffer = "";

  private constructor(process: Deno.ChildProcess) {
    this.#process = process;
    this.#writer = process.stdin.getWriter();
    this.#lines = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** Starts the program, and waits for its first line. */
  static async start(
    runtime: string,
    { env = {}, flags = [] }: {
      env?: Record<string, string>;
      flags?: readonly string[];
    } = {},
  ): Promise<{ program: Program; said: string }> {
    const program = new Program(
      new Deno.Command(sessionProgram(flags), {
        env: { MVGAL_RUNTIME_DIR: runtime, ...env },
        stdin: "piped",
        stdout: "piped",
        stderr: "inherit",
      }).spawn(),
    );
    return { program, said: await program.#line() };
  }

  get pid(): number {
    return this.#process.pid;
  }

  async #line(): Promise<string> {
    for (;;) {
      const end = this.#buffer.indexOf("\n");
      if (end >= 0) {
        const line = this.#buffer.slice(0, end);
        this.#buffer = this.#buffer.slice(end + 1);
        return line;
      }
      const { value, done } = await this.#lines.read();
      if (done) return "";
      this.#buffer += value;
    }
  }

  /** Tells it a line. */
  async tell(line: string): Promise<void> {
    await this.#writer.write(new TextEncoder().encode(`${line}\n`));
  }

  /** The next line that it says; empty where it ended. */
  heard(): Promise<string> {
    return this.#line();
  }

  /** Tells it a line, and gives its answer. */
  async ask(line: string): Promise<string> {
    await this.tell(line);
    return await this.#line();
  }

  /** Ends it by a signal, and waits until it is gone. */
  async kill(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.status;
  }

  /** Waits until it has ended; its exit status. */
  async ended(): Promise<number> {
    return (await this.#process.status).code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#process.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.#process.status;
    await this.#writer.close().catch(() => {});
    await this.#lines.cancel();
  }
}

/** A runtime directory and its registry. Dispose it to remove both. */
export class Place implements Disposable {
  readonly runtime = Deno.makeTempDirSync({ prefix: "mvgal-session-" });
  readonly sessions = join(this.runtime, "sessions");
  readonly registry = new SessionRegistry({ directories: { own: [this.runtime], foreign: [] } });

  /** Names in the directory of sessions. */
  names(): string[] {
    return Array.from(Deno.readDirSync(this.sessions), ({ name }) => name).sort();
  }

  [Symbol.dispose](): void {
    this.registry[Symbol.dispose]();
    // Programs that end, and the service, may yet write there.
    for (let attempt = 0; existsSync(this.runtime); attempt++) {
      try {
        Deno.removeSync(this.runtime, { recursive: true });
      } catch (error) {
        if (attempt > 99 || !(error instanceof Error && /not empty/i.test(error.message))) {
          throw error;
        }
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
      }
    }
  }
}
