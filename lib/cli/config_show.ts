/**
 * The actions of `mvgal config` that show: `show`, `get`, `validate`, `path`, `list-gpus`.
 *
 * @module
 */

import { closest } from "../gpu/closest.ts";
import { configValues, formatProblem } from "../config/config.ts";
import { loadConfig } from "../config/config_file.ts";
import { type GpuPolicies, gpuPolicies } from "../config/gpu_policy.ts";
import type { RunningScheduler } from "../config/running.ts";
import { writeIniValue } from "../config/ini_value.ts";
import { canonicalSection, givenValue, parseConfigKey } from "../config/locate.ts";
import { styleFor } from "../render/style.ts";
import { table } from "../render/table.ts";
import { escaped } from "../render/text.ts";
import { flag, UsageError } from "./command.ts";
import {
  argument,
  type ConfigAction,
  configDocument,
  pathOf,
  printJson,
  searchOf,
  tellProblems,
  withService,
} from "./config_action.ts";
import { sysrootOf } from "./sysroot.ts";

const NO_FILE = "no file: all are defaults";

/** `show [SECTION]`: all values in the form of a file, with where each is from. */
export function showConfig(action: ConfigAction): number {
  const { args, context: { stdout }, input } = action;
  const loaded = loadConfig(searchOf(action));
  const { path, config, given, valid } = loaded;
  const all = configValues(config);
  const wanted = args[0] === undefined ? undefined : canonicalSection(args[0]);
  if (wanted !== undefined && !Object.hasOwn(all, wanted)) {
    const near = closest(wanted, Object.keys(all));
    throw new UsageError(
      `there is no section '${wanted}': ` +
        (near === undefined ? `there are ${Object.keys(all).join(", ")}` : `did you mean ${near}?`),
    );
  }
  const document = configDocument(path, loaded);
  const sections = wanted === undefined ? all : { [wanted]: all[wanted] ?? {} };
  if (flag(input, "json")) {
    printJson(action, { ...document, values: sections });
    return valid ? 0 : 1;
  }
  const style = styleFor(stdout.color);
  stdout.write(`${style.dim(`# ${path ?? NO_FILE}`)}\n`);
  for (const [section, keys] of Object.entries(sections)) {
    const rows = Object.entries(keys).map(([key, value]) => {
      const line = given.get(`${section}.${key}`);
      const shown = `${key} = ${writeIniValue(String(value ?? ""))}`.trimEnd();
      return [shown, style.dim(line === undefined ? "# default" : `# line ${line}`)];
    });
    stdout.write(`\n${style.bold(`[${section}]`)}\n${table(rows).join("\n")}\n`);
  }
  tellProblems(action, path ?? NO_FILE, loaded);
  return valid ? 0 : 1;
}

/** `get KEY`: one value. */
export function getConfig(action: ConfigAction): number {
  const wanted = parseConfigKey(argument(action, 0, "the key, such as core.default_strategy,"));
  const loaded = loadConfig(searchOf(action));
  const { section, key, spec } = wanted;
  const effective = configValues(loaded.config)[section]?.[key] ?? spec?.default ?? null;
  // What has no effect has no value but the text that stands there.
  const value = spec === null ? givenValue(loaded.document, wanted) ?? null : effective;
  const line = loaded.given.get(`${section}.${key}`) ?? null;
  const { unit = null } = spec ?? {};
  tellProblems(action, loaded.path ?? NO_FILE, {
    ...loaded,
    problems: loaded.problems.filter((each) => each.section === section && each.key === key),
  });
  if (flag(action.input, "json")) {
    const { path, valid } = loaded;
    printJson(action, { schema: "mvgal.config-value/1", section, key, value, unit, path, line });
    return valid ? 0 : 1;
  }
  action.context.stdout.write(`${value ?? ""}\n`);
  return loaded.valid ? 0 : 1;
}

const counted = (count: number, what: string) => `${count} ${what}${count === 1 ? "" : "s"}`;

/** `validate [FILE]`: what is wrong with the file. */
export function validateConfig(action: ConfigAction): number {
  const { args: [file], context: { stdout }, input } = action;
  const loaded = loadConfig({ ...searchOf(action), ...file === undefined ? {} : { option: file } });
  const { path, problems, valid } = loaded;
  if (flag(input, "json")) {
    printJson(action, configDocument(path, loaded));
    return valid ? 0 : 1;
  }
  if (path === null) {
    stdout.write(`${pathOf(action).path}: ${NO_FILE}\n`);
    return 0;
  }
  const errors = problems.filter(({ severity }) => severity === "error").length;
  for (const problem of problems) stdout.write(`${formatProblem(path, problem)}\n`);
  stdout.write(
    `${path}: ${errors === 0 ? "no error" : counted(errors, "error")}` +
      `${problems.length === errors ? "" : `, ${counted(problems.length - errors, "warning")}`}\n`,
  );
  return valid ? 0 : 1;
}

/** `path`: which file is read, and written. One that was named and is not there is an error. */
export function showPath(action: ConfigAction): number {
  const { path, exists, from } = pathOf(action);
  const { stdout, stderr } = action.context;
  if (flag(action.input, "json")) {
    printJson(action, { schema: "mvgal.config-path/1", path, exists, from });
  } else {
    stdout.write(`${path}\n`);
  }
  if (exists) return 0;
  if (from !== "search") {
    stderr.write(`mvgal: there is no file ${escaped(path)}, which ${from} names\n`);
    return 1;
  }
  if (!flag(action.input, "json")) {
    stderr.write("there is no such file yet: all are defaults\n");
  }
  return 0;
}

/** What the file says of the GPUs of the host, as rows for people. */
export function gpuRows(
  gpus: ReturnType<ConfigAction["host"]["gpus"]>,
  policies: GpuPolicies,
): string[] {
  return table([
    ["GPU", "Id", "Enabled", "Priority", "Memory limit", "Name"],
    ...gpus.map((gpu, i) => {
      const policy = policies.gpus[i];
      const limit = policy?.memory_limit_mb ?? 0;
      return [
        `${gpu.index}`,
        gpu.id,
        policy?.disabled_by === null ? "yes" : `no (${policy?.disabled_by})`,
        `${policy?.priority}`,
        limit === 0 ? "none" : `${limit} MB`,
        gpu.name ?? gpu.vendor,
      ];
    }),
  ], ["right"]);
}

/** What is set of a GPU in the running service; null where that is not known. */
function runningState(
  gpu: NonNullable<RunningScheduler["gpus"]>[number] | undefined,
): { enabled: boolean; priority: number } | null {
  const { enabled, priority } = gpu ?? {};
  return enabled === undefined || priority === undefined ? null : { enabled, priority };
}

/** What the running service has of the GPUs; undefined where none runs, or it does not say. */
async function runningGpus(
  action: ConfigAction,
  isHost: boolean,
): Promise<RunningScheduler["gpus"]> {
  if (!isHost) return undefined;
  try {
    return await withService(action, async (service) => (await service?.scheduler())?.gpus);
  } catch {
    return undefined;
  }
}

/** `list-gpus`: what the file says of the GPUs of this host, and where a service that runs has it otherwise. */
export async function listGpus(action: ConfigAction): Promise<number> {
  const { context: { stdout, stderr }, host, input } = action;
  const loaded = loadConfig(searchOf(action));
  const sysroot = sysrootOf(input, action.context);
  const gpus = host.gpus(sysroot);
  const policies = gpuPolicies(loaded.config, gpus);
  const running = await runningGpus(action, sysroot.isHost);
  const runningOf = (id: string) => running?.find((gpu) => gpu.id === id);
  if (flag(input, "json")) {
    printJson(action, {
      schema: "mvgal.config-gpus/1",
      path: loaded.path,
      gpus: policies.gpus.map((policy, i) => ({
        index: gpus[i]?.index,
        name: gpus[i]?.name ?? null,
        ...policy,
        running: runningState(runningOf(policy.id)),
      })),
      warnings: policies.warnings,
    });
    return loaded.valid ? 0 : 1;
  }
  stdout.write(
    gpus.length === 0
      ? "No GPU found: mvgal info says where it looked.\n"
      : `${gpuRows(gpus, policies).join("\n")}\n`,
  );
  for (const { id, disabled_by, priority } of policies.gpus) {
    const now = runningState(runningOf(id));
    if (now === null) continue;
    if (now.enabled === (disabled_by === null) && now.priority === priority) continue;
    const state = now.enabled ? "enabled" : "disabled";
    stderr.write(`${id}: the running service has it ${state}, of priority ${now.priority}\n`);
  }
  for (const line of policies.warnings) stderr.write(`warning: ${line}\n`);
  tellProblems(action, loaded.path ?? NO_FILE, loaded);
  return loaded.valid ? 0 : 1;
}
