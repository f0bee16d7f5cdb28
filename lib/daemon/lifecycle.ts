/**
 * Starting and ending the service from outside: by systemd where it has the unit, else as a process of its own.
 *
 * @module
 */

/** Name of the unit. */
export const UNIT = "mvgald.service";

/** How long the service may take to be ready, and to end, in ms. */
const START_MS = 20_000, STOP_MS = 15_000;

/** Time between looks, in ms. */
const LOOK_MS = 100;

/** What the service says of itself. */
export interface RunningService {
  pid: number;
  version: string;
  ready: boolean;
}

/** What became of a program that was run. */
export interface Ran {
  code: number;
  /** Its output, of both kinds. */
  text: string;
}

/** What of the host is used. Tests pass their own. */
export interface LifecycleHost {
  /** The service that answers; undefined where none does. */
  find(): Promise<RunningService | undefined>;
  /** Starts the service as a process that outlives this one; its output goes to a file. */
  spawn(): { pid: number; logPath: string; exited(): number | undefined };
  /** Runs a program to its end; undefined where it is not installed. */
  run(command: readonly string[]): Promise<Ran | undefined>;
  kill(pid: number, signal: "SIGTERM" | "SIGKILL"): void;
  /** Whether a process is there. */
  isAlive(pid: number): boolean;
  readText(path: string): string | undefined;
  /** Whether the user is root: others have a systemd of their own. */
  readonly isRoot: boolean;
  /** Whether systemd runs this host. */
  readonly hasSystemd: boolean;
  sleep(ms: number): Promise<void>;
}

/** The service could not be started or ended. One line. */
export class LifecycleError extends Error {
  override readonly name = "LifecycleError";
}

/** Starts and ends the service. */
export class Lifecycle {
  readonly #host: LifecycleHost;

  /** Looks at nothing yet. */
  constructor(host: LifecycleHost) {
    this.#host = host;
  }

  #systemctl(...args: string[]): Promise<Ran | undefined> {
    const own = this.#host.isRoot ? [] : ["--user"];
    return this.#host.run(["systemctl", ...own, ...args]);
  }

  /** Whether systemd has the unit. */
  async #hasUnit(): Promise<boolean> {
    if (!this.#host.hasSystemd) return false;
    const found = await this.#systemctl("cat", "--no-pager", UNIT);
    return found?.code === 0;
  }

  /** Whether systemd is who runs a process. */
  async #isOfUnit(pid: number): Promise<boolean> {
    if (!this.#host.hasSystemd) return false;
    const shown = await this.#systemctl("show", "--property=MainPID", "--value", UNIT);
    return shown?.code === 0 && shown.text.trim() === String(pid);
  }

  async #until(ms: number, reached: () => Promise<boolean>): Promise<boolean> {
    for (let waited = 0; waited < ms; waited += LOOK_MS) {
      if (await reached()) return true;
      await this.#host.sleep(LOOK_MS);
    }
    return await reached();
  }

  /** The service that answers; undefined where none does. */
  status(): Promise<RunningService | undefined> {
    return this.#host.find();
  }

  /**
   * Starts the service, and waits until it is ready.
   *
   * @returns what was done, in one line.
   * @throws {LifecycleError} where it does not come up.
   */
  async start(): Promise<string> {
    const before = await this.#host.find();
    if (before !== undefined) return `the service runs already (pid ${before.pid})`;
    if (await this.#hasUnit()) {
      const ran = await this.#systemctl("start", UNIT);
      if (ran?.code !== 0) {
        throw new LifecycleError(`systemctl start ${UNIT}: ${lastLine(ran?.text)}`);
      }
    } else {
      await this.#spawn();
    }
    const now = await this.#host.find();
    if (now === undefined) throw new LifecycleError("the service was started, and does not answer");
    return `the service runs (pid ${now.pid})`;
  }

  async #spawn(): Promise<void> {
    const child = this.#host.spawn();
    const isReady = await this.#until(START_MS, async () => {
      if (child.exited() !== undefined) return true;
      return (await this.#host.find())?.ready ?? false;
    });
    const status = child.exited();
    if (status !== undefined) {
      const why = lastLine(this.#host.readText(child.logPath));
      throw new LifecycleError(`the service ended with status ${status}: ${why}`);
    }
    if (!isReady) {
      throw new LifecycleError(
        `the service is not ready after ${START_MS / 1000} s: see ${child.logPath}`,
      );
    }
  }

  /**
   * Ends the service, and waits for its end.
   *
   * @returns what was done, in one line.
   * @throws {LifecycleError} where it does not end.
   */
  async stop(): Promise<string> {
    const running = await this.#host.find();
    if (running === undefined) return "no service runs";
    const { pid } = running;
    if (await this.#isOfUnit(pid)) {
      const ran = await this.#systemctl("stop", UNIT);
      if (ran?.code !== 0) {
        throw new LifecycleError(`systemctl stop ${UNIT}: ${lastLine(ran?.text)}`);
      }
    } else {
      try {
        this.#host.kill(pid, "SIGTERM");
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) {
          throw new LifecycleError(
            `the service (pid ${pid}) cannot be ended: ${lastLine(String(error))}`,
          );
        }
      }
    }
    if (!await this.#until(STOP_MS, () => Promise.resolve(!this.#host.isAlive(pid)))) {
      throw new LifecycleError(
        `the service (pid ${pid}) has not ended after ${
          STOP_MS / 1000
        } s: kill -9 ${pid} ends it, ` +
          "and its settings go back when mvgal runs next",
      );
    }
    return `the service (pid ${pid}) has ended`;
  }

  /** Ends the service where it runs, and starts it. */
  async restart(): Promise<string> {
    const stopped = await this.stop();
    return `${stopped}; ${await this.start()}`;
  }
}

function lastLine(text = ""): string {
  return text.trimEnd().split("\n").at(-1)?.trim() || "it did not say why";
}
