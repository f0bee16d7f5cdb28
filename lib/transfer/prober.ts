/**
 * Trying paths in a process of its own, with a time limit for each.
 *
 * @module
 */

import { stripVTControlCharacters } from "node:util";
import { reasonOf } from "./errors.ts";
import {
  type Asker,
  parseAnswer,
  PROBE_COMMAND,
  type ProbeAnswer,
  type ProbeFigures,
} from "./probe.ts";

/** Requests of one way, in order. */
export interface ProbeGroup<R> {
  /** `runtime_peer CUDA, nvidia to nvidia`. */
  way: string;
  requests: R[];
}

/** Groups that may be tried at the same time. */
export type ProbeRound<R> = readonly ProbeGroup<R>[];

/** What came of a request. */
export interface ProbeVerdict {
  /** Why the path must not be used; null where it was tried and works. */
  obstacle: string | null;
  figures?: ProbeFigures;
}

/** What requests mean, as far as the prober has to know. */
export interface ProbeKind<R> {
  asker: Asker;
  /** What makes two requests the same. */
  key(request: R): string;
  /** In which order they are tried, and how many at once. */
  rounds(requests: readonly R[]): ProbeRound<R>[];
}

/** How long the child may take, in milliseconds. */
export interface ProbeLimits {
  /** To start, and answer first. */
  firstMs: number;
  /** For each further answer. */
  nextMs: number;
  /** To close its devices, once it has answered everything. */
  farewellMs: number;
}

const LIMITS: ProbeLimits = { firstMs: 60_000, nextMs: 10_000, farewellMs: 5000 };

/** For a run that has little time: a path that takes longer to try is not worth it. */
export const BRISK_LIMITS: ProbeLimits = { firstMs: 10_000, nextMs: 3000, farewellMs: 1000 };

/** Children of one way that hang or crash before the rest of that way is given up. */
const MOST_VICTIMS = 2;

/** Children that run at the same time: each opens every device of its way. */
export const CHILDREN_AT_ONCE = Math.max(
  1,
  Math.min(4, Math.floor(navigator.hardwareConcurrency / 2)),
);

/** Options of {@linkcode RequestProber}. */
export interface ProberOptions {
  /** Gives the command that starts mvgal, without arguments. */
  command: () => readonly string[];
  limits?: ProbeLimits;
}

/** Options of {@linkcode RequestProber.tryAll}. */
export interface TryOptions {
  /** Others than the prober's. */
  limits?: ProbeLimits | undefined;
}

/** How a child ended that has not answered everything. */
type Ending = { kind: "silent" } | { kind: "ended"; how: string };

/** Tries requests, each once, and remembers what came of them. */
export class RequestProber<R> {
  readonly #kind: ProbeKind<R>;
  readonly #command: () => readonly string[];
  readonly #limits: ProbeLimits;
  readonly #verdicts = new Map<string, ProbeVerdict>();

  /** Takes what requests mean, and the command that starts mvgal. */
  constructor(kind: ProbeKind<R>, { command, limits = LIMITS }: ProberOptions) {
    this.#kind = kind;
    this.#command = command;
    this.#limits = limits;
  }

  /** What came of a request; undefined where it was not tried. */
  verdict(request: R): ProbeVerdict | undefined {
    return this.#verdicts.get(this.#kind.key(request));
  }

  /** Why the path must not be used; undefined where it was tried and works. */
  obstacle(request: R): string | undefined {
    const verdict = this.verdict(request);
    return verdict === undefined
      ? "it was not tried in a process of its own"
      : verdict.obstacle ?? undefined;
  }

  /**
   * Tries what has not been tried yet. A child that hangs or crashes has decided on the request that it was
   * at; the rest of its way goes to another, until too many have ended so.
   *
   * @param pause lets signals in; aborts by throwing.
   */
  async tryAll(
    requests: readonly R[],
    pause: () => Promise<void>,
    { limits = this.#limits }: TryOptions = {},
  ): Promise<void> {
    const fresh = new Map(requests.map((request) => [this.#kind.key(request), request]));
    const left = [...fresh].filter(([key]) => !this.#verdicts.has(key)).map(([, each]) => each);
    for (const round of this.#kind.rounds(left)) {
      const waiting = [...round];
      const work = async () => {
        for (let group = waiting.shift(); group !== undefined; group = waiting.shift()) {
          await this.#tryGroup(group, pause, limits);
        }
      };
      const workers = Array.from({ length: Math.min(CHILDREN_AT_ONCE, round.length) }, work);
      // Where the user stops, the other children are still seen off.
      const failed = (await Promise.allSettled(workers)).find(({ status }) =>
        status === "rejected"
      );
      if (failed?.status === "rejected") throw failed.reason;
    }
  }

  async #tryGroup(
    { requests }: ProbeGroup<R>,
    pause: () => Promise<void>,
    limits: ProbeLimits,
  ): Promise<void> {
    let left = requests.map((request): [string, R] => [this.#kind.key(request), request]);
    for (let victims = 0; left.length > 0; victims++) {
      if (victims === MOST_VICTIMS) {
        for (const [key] of left) {
          const obstacle =
            `not tried: ${victims} processes that tried this way between other devices hung or crashed`;
          this.#verdicts.set(key, { obstacle });
        }
        return;
      }
      await pause();
      const answered = await this.#runChild(left, limits);
      await pause();
      left = left.slice(answered);
    }
  }

  /** Runs a child for the requests; how many of them are decided then: at least one. */
  async #runChild(
    requests: readonly [string, R][],
    limits: ProbeLimits,
  ): Promise<number> {
    let child: Deno.ChildProcess;
    try {
      const [program = "", ...args] = this.#command();
      child = new Deno.Command(program, {
        args: [...args, PROBE_COMMAND],
        stdin: "piped",
        stdout: "piped",
        stderr: "piped",
      }).spawn();
    } catch (error) {
      const obstacle = `it could not be tried in a process of its own: ${reasonOf(error)}`;
      for (const [key] of requests) this.#verdicts.set(key, { obstacle });
      return requests.length;
    }
    let decided = 0;
    const listener = new Listener(child);
    const order = JSON.stringify({
      asker: this.#kind.asker,
      requests: requests.map(([, request]) => request),
    });
    listener.send(order);
    try {
      while (decided < requests.length) {
        const limit = decided === 0 ? limits.firstMs : limits.nextMs;
        const answer = await listener.next(limit);
        const key = requests[decided]?.[0] ?? "";
        if ("kind" in answer) {
          const what = answer.kind === "silent"
            ? `hung: no answer within ${limit / 1000} s`
            : answer.how;
          this.#verdicts.set(key, { obstacle: `tried in a process of its own, it ${what}` });
          return decided + 1;
        }
        const { obstacle, figures } = answer;
        this.#verdicts.set(key, {
          obstacle: obstacle === null ? null : `tried in a process of its own: ${obstacle}`,
          ...(figures === undefined ? {} : { figures }),
        });
        decided++;
      }
      return decided;
    } finally {
      await listener.end(decided === requests.length ? limits.farewellMs : 0);
    }
  }
}

const ERROR_LINE = /\b(error|mvgal):/i;

/** Of what a program said before it ended, the line that says why: Deno's errors go on with a backtrace. */
function complaintLine(text: string): string | undefined {
  const lines = stripVTControlCharacters(text).split("\n").filter((line) => line.trim() !== "");
  return (lines.find((line) => ERROR_LINE.test(line)) ?? lines.at(-1))?.trim();
}

/** Reads a child's answers. */
class Listener {
  readonly #child: Deno.ChildProcess;
  readonly #reader: ReadableStreamDefaultReader<string>;
  readonly #complaint: Promise<string>;
  #text = "";

  constructor(child: Deno.ChildProcess) {
    this.#child = child;
    // A child in an uninterruptible call cannot be waited for: it must not hold mvgal back.
    child.unref();
    this.#complaint = new Response(child.stderr).text().catch(() => "");
    this.#reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** Writes the child's input; a child that is gone is noticed by its silence. */
  send(text: string): void {
    const writer = this.#child.stdin.getWriter();
    writer.write(new TextEncoder().encode(text))
      .then(() => writer.close())
      .catch(() => {});
  }

  /** The next answer, or how the child ended without one. */
  async next(limitMs: number): Promise<ProbeAnswer | Ending> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const silence = new Promise<"silent">((resolve) => {
      timer = setTimeout(() => resolve("silent"), limitMs);
    });
    try {
      for (;;) {
        const end = this.#text.indexOf("\n");
        if (end >= 0) {
          const answer = parseAnswer(this.#text.slice(0, end));
          this.#text = this.#text.slice(end + 1);
          if (answer !== undefined) return answer;
          continue;
        }
        const read = await Promise.race([this.#reader.read(), silence]);
        if (read === "silent") return { kind: "silent" };
        if (read.done) return { kind: "ended", how: await this.#howItEnded() };
        this.#text += read.value;
      }
    } finally {
      clearTimeout(timer);
    }
  }

  async #howItEnded(): Promise<string> {
    const { code, signal } = await this.#child.status;
    if (signal !== null) return `was ended by ${signal}`;
    const said = complaintLine(await this.#complaint);
    return `ended with status ${code}${said ? `: ${said}` : ""}`;
  }

  /** Ends the child, which has so many milliseconds to do it itself. */
  async end(farewellMs: number): Promise<void> {
    this.#reader.cancel().catch(() => {});
    if (farewellMs > 0) {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const patience = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, farewellMs);
      });
      await Promise.race([this.#child.status, patience]);
      clearTimeout(timer);
    }
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended by itself.
    }
  }
}
