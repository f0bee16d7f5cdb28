/**
 * `mvgal status`: what the GPUs are doing.
 *
 * @module
 */

import { parseGpuSelector } from "../gpu/selector.ts";
import { usesUtf8 } from "../render/charset.ts";
import type { StatusDocument } from "../render/status_document.ts";
import {
  type CommandContext,
  type CommandInput,
  type CommandModule,
  flag,
  UsageError,
  value,
} from "./command.ts";
import { type Looker, type LookOptions, needsSecondLook, openLooker } from "../telemetry/looker.ts";
import type { Sysroot } from "../sysfs/sysroot.ts";
import type { SessionList } from "./status_sessions.ts";
import { sysrootOf } from "./sysroot.ts";

/** Time between looks of `--watch`, and between the two of `--once` where it takes two, in ms. */
const WATCH_MS = 1_000, TWO_LOOKS_MS = 200;

/** What no reading is worth: many drivers' values are no newer. */
const SHORTEST_INTERVAL_MS = 100;

/** The longest that a timer of the runtime can wait. */
const LONGEST_INTERVAL_MS = 2 ** 31 - 1;

/** Settings whose time is over, and whose keeper was killed, go back before anything is shown. */
async function takeBackOverdue(context: CommandContext): Promise<void> {
  const { settleOverdue } = await import("../control/host.ts");
  for (const line of settleOverdue(context.env)) context.stderr.write(`${line}\n`);
}

/** `mvgal status`. */
export const statusCommand: CommandModule = {
  name: "status",
  describe: "Show what the GPUs are doing, and the programs that use them",
  details:
    "Looks once. For programs, with --json and where a value needs two looks, it looks twice, 200 ms apart, " +
    "and says over which time they are. A GPU that sleeps is left asleep. What is not known is shown as ? " +
    "or -, and in JSON as null with the reason; never as 0.\n\n" +
    "--watch takes the screen of a terminal, and ? lists its keys. Elsewhere it prints one look after the " +
    "other. --health exits with 1 where a GPU is critical, lost, or of unknown health.",
  options: [
    { flags: "-w, --watch", describe: "Look again and again, on a screen of its own" },
    { flags: "-1, --once", describe: "Look once (what is done without --watch)" },
    {
      flags: "-i, --interval <ms>",
      describe: "Milliseconds between looks, at least 100: 1000 with --watch, 200 without",
    },
    {
      flags: "--json",
      describe: "Print one JSON object (mvgal.status/1) a look, each on a line of its own",
    },
    { flags: "--processes", describe: "The programs too (--watch shows them on its screen)" },
    {
      flags: "--sessions",
      describe: "The programs that run with mvgal too: what they use, and why they are there",
    },
    {
      flags: "--health",
      describe: "Judge the GPUs' health; without --watch the exit status says it too",
    },
    { flags: "--direct", describe: "Look without the service, where one runs (see mvgal daemon)" },
    { flags: "--strict", describe: "With --health: exit with 1 where there are warnings too" },
    {
      flags: "--gpu <selector>",
      describe: "Only these devices: 0,2 or nvidia or pci:0000:06:00.0 or '!1'",
      completes: "gpu",
    },
    {
      flags: "--sysroot <directory>",
      describe: "Read a dump of another host (see mvgal dump); also MVGAL_SYSROOT",
      completes: "directory",
    },
  ],
  examples: [
    { command: "status", meaning: "One look, for people" },
    { command: "status --watch", meaning: "The live screen; q ends it" },
    { command: "status --processes --gpu 0", meaning: "Who uses GPU 0" },
    { command: "status --sessions", meaning: "Who runs with mvgal, and where" },
    {
      command: "status --watch --interval 500 --json",
      meaning: "Two looks a second, for programs",
    },
    { command: "status --health", meaning: "Exit status 1 where a GPU is not well" },
  ],
  async run(input, context) {
    const watch = flag(input, "watch");
    if (watch && flag(input, "once")) {
      throw new UsageError("--watch and --once exclude each other: leave one out");
    }
    if (flag(input, "strict") && (watch || !flag(input, "health"))) {
      throw new UsageError(
        "--strict judges one look's health: give it with --health, without --watch",
      );
    }
    if (watch && flag(input, "sessions")) {
      throw new UsageError("--sessions is about one look: leave --watch out");
    }
    const interval = intervalOf(input);
    const gpu = value(input, "gpu");
    const selector = gpu === undefined ? undefined : parseGpuSelector(gpu);
    const sysroot = sysrootOf(input, context);
    if (sysroot.isHost) await takeBackOverdue(context);
    const ways = {
      json: flag(input, "json"),
      health: flag(input, "health"),
      strict: flag(input, "strict"),
      sessions: flag(input, "sessions") ? () => sessionsOf(sysroot, input, context) : undefined,
    };
    const screen = watch && !ways.json && hasScreen(context);
    const options: LookOptions = {
      sysroot,
      selector,
      processes: flag(input, "processes") || screen,
      health: ways.health ? watch ? "course" : "once" : undefined,
    };
    const asksService = sysroot.isHost && !flag(input, "direct");
    using looker = asksService ? await openAnyLooker(context, options) : await openLooker(options);
    if (!watch) return await once(looker, interval ?? TWO_LOOKS_MS, ways, context);
    const interval_ms = interval ?? WATCH_MS;
    if (screen) {
      const { watchScreen } = await import("./status_screen.ts");
      const host = sysroot.isHost ? Deno.hostname() : sysroot.directory;
      const own_pid = sysroot.isHost ? Deno.pid : null;
      return await watchScreen(looker, { interval_ms, host, own_pid }, context);
    }
    const { watchLines } = await import("./status_stream.ts");
    return await watchLines((text) => context.stdout.write(text), {
      interval_ms,
      async look() {
        const document = looker.look();
        const shown = await text(document, ways.json, context);
        return ways.json ? shown : `${document.at}\n${shown}\n`;
      },
    });
  },
};

/** Looks through the service where one runs. */
async function openAnyLooker(context: CommandContext, options: LookOptions): Promise<Looker> {
  // Most hosts have none: nothing of it is loaded then.
  const { mayHaveService } = await import("../client/socket_path.ts");
  if (!mayHaveService(context.env)) return await openLooker(options);
  const { openServiceLooker } = await import("./service_looker.ts");
  return await openServiceLooker(context, options, openLooker) ?? await openLooker(options);
}

/** @throws {UsageError} where it is no number of milliseconds that can be waited. */
function intervalOf(input: CommandInput): number | undefined {
  const given = value(input, "interval");
  if (given === undefined) return undefined;
  const ms = /^\d+$/.test(given) ? Number(given) : NaN;
  if (ms >= SHORTEST_INTERVAL_MS && ms <= LONGEST_INTERVAL_MS) return ms;
  throw new UsageError(
    `--interval '${given}' is no whole number of milliseconds from ${SHORTEST_INTERVAL_MS} to ` +
      `${LONGEST_INTERVAL_MS}: give e.g. 1000`,
  );
}

async function sessionsOf(
  sysroot: Sysroot,
  input: CommandInput,
  context: CommandContext,
): Promise<SessionList> {
  if (!sysroot.isHost) {
    return { sessions: [], partial: "they are of this host, and --sysroot names another's files" };
  }
  const { listSessions } = await import("./status_sessions.ts");
  return await listSessions(context, { direct: flag(input, "direct") });
}

/** One look, and the programs that run with mvgal. */
async function writeWithSessions(
  document: StatusDocument,
  { sessions, partial }: SessionList,
  json: boolean,
  context: CommandContext,
): Promise<void> {
  const { stdout } = context;
  if (json) {
    const whole = { ...document, sessions, sessions_partial: partial };
    stdout.write(`${JSON.stringify(whole)}\n`);
    return;
  }
  const { renderSessions } = await import("../render/session_table.ts");
  const { columns, isTerminal } = stdout;
  const { gpus } = document;
  stdout.write(await text(document, false, context));
  stdout.write(`\n${renderSessions(sessions, partial, { columns, isTerminal, gpus })}`);
}

/** Whether both ends of the terminal are one that can be drawn on. */
function hasScreen({ stdout, env }: CommandContext): boolean {
  const kind = env("TERM");
  return stdout.isTerminal && Deno.stdin.isTerminal() && kind !== undefined && kind !== "dumb";
}

/** One look as it is printed. */
async function text(
  document: StatusDocument,
  json: boolean,
  { stdout, env }: CommandContext,
): Promise<string> {
  if (json) return `${JSON.stringify(document)}\n`;
  const { renderStatus } = await import("../render/status_text.ts");
  const { isTerminal, color, columns } = stdout;
  return renderStatus(document, { isTerminal, color, columns, unicode: usesUtf8(env) });
}

async function once(
  looker: Looker,
  between: number,
  { json, health, strict, sessions }: {
    json: boolean;
    health: boolean;
    strict: boolean;
    /** Where the programs that run with mvgal are wanted: who they are. */
    sessions: (() => Promise<SessionList>) | undefined;
  },
  context: CommandContext,
): Promise<number> {
  let document = looker.look();
  // A program that reads the document gets all that can be known.
  const isFirst = document.interval_ms === null;
  if (isFirst && looker.gpus.length > 0 && (json || needsSecondLook(document))) {
    await new Promise((resolve) => setTimeout(resolve, between));
    document = looker.look();
  }
  if (sessions === undefined) context.stdout.write(await text(document, json, context));
  else await writeWithSessions(document, await sessions(), json, context);
  if (!health || document.health === undefined) return 0;
  const { healthExitStatus } = await import("../telemetry/health.ts");
  return healthExitStatus(document.health, { strict });
}
