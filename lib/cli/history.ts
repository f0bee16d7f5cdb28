/**
 * `mvgal history`: what the GPUs did, as the service has kept it.
 *
 * @module
 */

import { join } from "node:path";
import { ClientError } from "../client/service_client.ts";
import { findConfig } from "../config/config_path.ts";
import { parseDuration } from "../control/duration.ts";
import { stateDirectory } from "../control/journal.ts";
import { whyUnavailable } from "../daemon/history/errors.ts";
import { NUMBER_METRICS, USUAL_METRICS } from "../daemon/history/metrics.ts";
import { readHistory } from "../daemon/history/reader.ts";
import { type HistoryQuery, type HistoryView, ServiceError } from "../daemon/service_api.ts";
import { usesUtf8 } from "../render/charset.ts";
import { historyCsv, renderHistory } from "../render/history_text.ts";
import {
  type CommandContext,
  type CommandInput,
  type CommandModule,
  flag,
  UsageError,
  value,
} from "./command.ts";

/** The service of the whole host keeps its history here. */
const HOST_FILE = "/var/lib/mvgal/history.db";

/** The longest time back that can be typed: ten years. */
const LONGEST_S = 3653 * 86_400;

/** `mvgal history`. */
export const historyCommand: CommandModule = {
  name: "history",
  describe: "Show what the GPUs did in the last hour, day or month",
  details:
    "Reads the file that the service (mvgal daemon) keeps, whether it runs or not, and asks the service where " +
    "this user cannot read the file: each sample for an hour, " +
    "steps of 10 s for a day and of 5 minutes for a month. What was not known is a gap, never 0. Times are " +
    "those of this host's clock; in JSON and CSV they are UTC.\n\n" +
    `Metrics are those of mvgal status --json that are numbers; without --metric: ${
      USUAL_METRICS.join(", ")
    }. ` +
    "The step is made longer where what it would take is not kept any more.",
  options: [
    {
      flags: "--gpu <selector>",
      describe: "Only these GPUs: 0,2 or pci:0000:06:00.0 or name:H200 or '!1'",
      completes: "gpu",
    },
    { flags: "--metric <names>", describe: "These metrics, with commas between them; or all" },
    {
      flags: "--since <time>",
      describe: "From when on: 30m, 1h, 7d back, or a time (ISO 8601); 1h where absent",
    },
    { flags: "--until <time>", describe: "Until when, likewise; now where absent" },
    { flags: "--step <time>", describe: "The least length of a step: 10s, 5m, 1h" },
    { flags: "--json", describe: "Print one JSON object (mvgal.history/1)" },
    { flags: "--csv", describe: "Print comma-separated values, a line a point" },
    {
      flags: "--file <file>",
      describe: "Read this file, and not the one of this user's or the host's service",
      completes: "file",
    },
    { flags: "--direct", describe: "By the file alone, though the service could be asked" },
  ],
  examples: [
    { command: "history", meaning: "The last hour of all GPUs" },
    { command: "history --gpu 0 --metric power_w --since 1d", meaning: "A day of one GPU's power" },
    {
      command: "history --since 2026-01-31T12:00 --until 2026-01-31T13:00 --csv",
      meaning: "An hour for a spreadsheet",
    },
  ],
  async run(input, context) {
    if (flag(input, "json") && flag(input, "csv")) {
      throw new UsageError("--json and --csv exclude each other: leave one out");
    }
    const now = Date.now();
    const query = queryOf(input, now);
    const file = value(input, "file");
    const path = file ?? await usualFile(context);
    const asks = file === undefined && !flag(input, "direct");
    const view = await answer(path, query, now, asks ? context : undefined);
    context.stdout.write(shown(view, input, context));
    return 0;
  },
};

function queryOf(input: CommandInput, now: number): HistoryQuery {
  const to = timeOf(input, "until", now) ?? now;
  const gpu = value(input, "gpu"), metric = value(input, "metric");
  return {
    to,
    from: timeOf(input, "since", now) ?? to - 3_600_000,
    gpus: gpu === undefined ? undefined : [gpu],
    metrics: metric === "all" ? [...NUMBER_METRICS] : metric?.split(",").map((name) => name.trim()),
    step_s: stepOf(input),
  };
}

/** @throws {UsageError} where it is neither a length of time nor a time. */
function timeOf(input: CommandInput, name: "since" | "until", now: number): number | undefined {
  const given = value(input, name);
  if (given === undefined) return undefined;
  const seconds = parseDuration(given, LONGEST_S);
  if (seconds !== undefined) return now - 1000 * seconds;
  // Without a zone it is of this host's clock, a date alone too.
  const time = /^\d{4}-\d\d-\d\d$/.test(given) ? `${given}T00:00` : given;
  const at = /^\d{4}-\d\d-\d\dT/.test(time) ? Date.parse(time) : NaN;
  if (Number.isNaN(at)) {
    throw new UsageError(`--${name} '${given}' is no time: give e.g. 1h, 7d or 2026-01-31T12:00`);
  }
  return at;
}

function stepOf(input: CommandInput): number | undefined {
  const given = value(input, "step");
  if (given === undefined) return undefined;
  const seconds = parseDuration(given, LONGEST_S);
  if (seconds === undefined) {
    throw new UsageError(`--step '${given}' is no length of time: give e.g. 10s, 5m or 1h`);
  }
  return seconds;
}

/** The file that the configuration names; null where it names none, or cannot be read. */
async function configuredFile(env: CommandContext["env"]): Promise<string | null> {
  if (!findConfig({ env }).exists) return null;
  try {
    const { loadConfig } = await import("../config/config_file.ts");
    const { valid, config } = loadConfig({ env });
    return valid ? config.history.path : null;
  } catch {
    return null;
  }
}

/** That of this user's service; where there is none, that of the host's. */
async function usualFile({ env }: CommandContext): Promise<string> {
  const configured = await configuredFile(env);
  if (configured !== null) return configured;
  const own = join(stateDirectory(env), "history.db");
  return exists(own) || !exists(HOST_FILE) ? own : HOST_FILE;
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** What the service answers; undefined where none does. Its steps are those of a screen where none is asked for. */
async function askService(
  context: CommandContext,
  { gpus, metrics, from, to, step_s }: HistoryQuery,
): Promise<HistoryView | undefined> {
  const { findHostService } = await import("./service_host.ts");
  const found = await findHostService(context);
  const asked = new URLSearchParams({
    ...(gpus !== undefined && { gpu: gpus.join(",") }),
    ...(metrics !== undefined && { metric: metrics.join(",") }),
    ...(from !== undefined && { from: `${from}` }),
    ...(to !== undefined && { to: `${to}` }),
    ...(step_s !== undefined && { step_s: `${Math.ceil(step_s)}` }),
  });
  try {
    return await found?.client.get<HistoryView>(`/api/v1/history?${asked}`);
  } catch (error) {
    if (error instanceof ClientError && error.status === 400) throw new UsageError(error.message);
    throw error;
  }
}

/** @param context of a command that may ask the service where it cannot read the file. */
async function answer(
  path: string,
  query: HistoryQuery,
  now: number,
  context: CommandContext | undefined,
): Promise<HistoryView> {
  try {
    return await readHistory(path, query, { now, most_points: 1_000_000 });
  } catch (error) {
    if (error instanceof ServiceError) {
      throw error.status === 400 ? new UsageError(error.message) : error;
    }
    const told = context === undefined ? undefined : await askService(context, query);
    if (told !== undefined) return told;
    if (error instanceof Deno.errors.NotFound) {
      throw new Error(
        `no history at ${path}: mvgal daemon keeps one; --file names another`,
      );
    }
    if (error instanceof Deno.errors.PermissionDenied) {
      throw new Error(`history ${path} may not be read by this user: ask as its owner`);
    }
    throw new Error(whyUnavailable(error, path));
  }
}

function shown(view: HistoryView, input: CommandInput, { stdout, env }: CommandContext): string {
  if (flag(input, "json")) return `${JSON.stringify({ schema: "mvgal.history/1", ...view })}\n`;
  if (flag(input, "csv")) return historyCsv(view);
  const { columns, color } = stdout;
  const offset_ms = -60_000 * new Date(view.to).getTimezoneOffset();
  return renderHistory(view, { columns, color, unicode: usesUtf8(env), offset_ms });
}
