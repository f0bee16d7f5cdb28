/**
 * The actions of `mvgal config` that change the file: `set`, `unset`, `set-strategy`, `enable-gpu`,
 * `disable-gpu`, `set-priority`.
 *
 * @module
 */

import { resolve } from "node:path";
import { keyName, type ReadConfig, readConfig } from "../config/config.ts";
import { type ConfigEdit, ConfigEditError, editConfig } from "../config/edit.ts";
import { gpuPolicies } from "../config/gpu_policy.ts";
import { formatIni, type IniDocument, parseIni } from "../config/ini_document.ts";
import { ConfigValueError } from "../config/key.ts";
import {
  type ConfigKey,
  givenValue,
  parseConfigKey,
  setConfigKey,
  unsetConfigKey,
} from "../config/locate.ts";
import type { RunningScheduler } from "../config/running.ts";
import { parseGpuSection } from "../config/schema.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { parseGpuSelector, selectGpus } from "../gpu/selector.ts";
import { flag, UsageError, value } from "./command.ts";
import { argument, type ConfigAction, pathOf, printJson, withService } from "./config_action.ts";
import { sysrootOf } from "./sysroot.ts";

/** A key and the text that it gets; null takes it out of the file. */
interface Change {
  readonly key: ConfigKey;
  readonly text: string | null;
}

/** The value in the form in which it is written. */
function checkedText({ section, key, spec }: ConfigKey, given: string): string {
  if (spec === null) return given;
  try {
    return spec.format(spec.parse(given.trim()));
  } catch (error) {
    if (!(error instanceof ConfigValueError)) throw error;
    throw new UsageError(`${keyName(section, key)} cannot be '${given}': ${error.message}`);
  }
}

function applied(document: IniDocument, changes: readonly Change[]): IniDocument {
  return changes.reduce(
    (rest, { key, text }) =>
      text === null ? unsetConfigKey(rest, key) : setConfigKey(rest, key, text),
    document,
  );
}

/** Why a key keeps its default, or what it had: `hybrid (the default)`. */
function effective({ spec }: ConfigKey, given: string | undefined): string {
  if (given !== undefined) return given === "" ? "empty" : given;
  return spec === null ? "not set" : `${spec.format(spec.default) || "empty"} (the default)`;
}

/** What of a change the running service is to do at once; undefined for what it takes from the file alone. */
type AtOnce = ((read: ReadConfig) => RunningScheduler) | undefined;

/** What the running service does with a change of the file; null where none runs, or nothing changed. */
type Taken =
  | { state: "taken" }
  | { state: "reload" }
  | { state: "other"; path: string }
  | { state: "failed"; why: string }
  | null;

/** Lets the running service do what changed, where this is the file that it reads. */
function takeUp(action: ConfigAction, edit: ConfigEdit, atOnce: AtOnce): Promise<Taken> {
  // What it has may be another thing than the file had, so that one that stays as it is counts too.
  if (flag(action.input, "dryRun") || (!edit.written && atOnce === undefined)) {
    return Promise.resolve(null);
  }
  // GPUs of another host are none of the service's.
  if (atOnce !== undefined && !sysrootOf(action.input, action.context).isHost) {
    return Promise.resolve(null);
  }
  return withService(action, async (service): Promise<Taken> => {
    if (service === undefined) return null;
    try {
      const path = await service.configPath();
      const isSame = path === null
        // It will find the file where this was searched for.
        ? pathOf(action).from === "search"
        : resolve(path) === resolve(edit.path);
      if (!isSame) return { state: "other", path: path ?? "no file" };
      if (atOnce === undefined) return { state: "reload" };
      await service.changeScheduler(atOnce(edit.read));
      return { state: "taken" };
    } catch (error) {
      return { state: "failed", why: error instanceof Error ? error.message : String(error) };
    }
  });
}

/** What is said of that. */
function takenLine(taken: Exclude<Taken, null>): string {
  switch (taken.state) {
    case "taken":
      return "the running service does so from now on";
    case "reload":
      return "the running service takes it with mvgal config reload";
    case "other":
      return `the running service reads ${taken.path}, and is left as it is`;
    case "failed":
      return `the running service does not take it: ${taken.why}`;
  }
}

async function report(
  action: ConfigAction,
  edit: ConfigEdit,
  changes: readonly Change[],
  atOnce?: AtOnce,
): Promise<number> {
  const { context: { stdout, stderr }, input } = action;
  const dry = flag(input, "dryRun");
  const [old, now] = [parseIni(edit.before), parseIni(edit.after)];
  const taken = await takeUp(action, edit, atOnce);
  const keys = new Set(changes.map(({ key }) => `${key.section}.${key.key}`));
  for (const { section, key, severity, message } of edit.read.problems) {
    if (keys.has(`${section}.${key}`)) stderr.write(`${severity}: ${message}\n`);
  }
  const status = taken?.state === "failed" ? 1 : 0;
  if (taken?.state === "failed") stderr.write(`mvgal: ${takenLine(taken)}\n`);
  if (flag(input, "json")) {
    printJson(action, {
      schema: "mvgal.config-change/1",
      path: edit.path,
      written: edit.written,
      changes: changes.map(({ key }) => ({
        section: key.section,
        key: key.key,
        before: givenValue(old, key) ?? null,
        after: givenValue(now, key) ?? null,
      })),
      reload_needed: taken?.state === "reload",
      service: taken?.state ?? null,
    });
    return status;
  }
  for (const { key } of changes) {
    const [was, is] = [givenValue(old, key), givenValue(now, key)];
    const name = keyName(key.section, key.key);
    const [from, to] = [effective(key, was), effective(key, is)];
    stdout.write(
      was === is
        ? `${name} is ${to} already\n`
        : dry
        ? `${name} would be ${to}; it is ${from} (${edit.path})\n`
        : `${name} is now ${to}; it was ${from}\n`,
    );
  }
  if (taken !== null && status === 0) stderr.write(`${takenLine(taken)}\n`);
  return status;
}

async function change(
  action: ConfigAction,
  changes: readonly Change[],
  atOnce?: AtOnce,
): Promise<number> {
  const { path } = pathOf(action);
  const dryRun = flag(action.input, "dryRun");
  const edit = editConfig(path, (document) => applied(document, changes), { dryRun });
  return await report(action, edit, changes, atOnce);
}

/** `set KEY VALUE`. */
export function setKey(action: ConfigAction): Promise<number> {
  const key = parseConfigKey(argument(action, 0, "the key, such as core.default_strategy,"));
  const text = checkedText(key, argument(action, 1, "the value"));
  return change(action, [{ key, text }]);
}

/** `unset KEY`. */
export function unsetKey(action: ConfigAction): Promise<number> {
  const key = parseConfigKey(argument(action, 0, "the key, such as core.default_strategy,"));
  return change(action, [{ key, text: null }]);
}

/** `set-strategy STRATEGY`. */
export function setStrategy(action: ConfigAction): Promise<number> {
  const key = parseConfigKey("core.default_strategy");
  const text = checkedText(key, argument(action, 0, "the strategy"));
  return change(
    action,
    [{ key, text }],
    ({ config }) => ({ strategy: config.core.default_strategy }),
  );
}

/** The GPUs that are meant, of those that are there. */
function gpusOf(action: ConfigAction): { chosen: Gpu[]; all: Gpu[] } {
  const { input, context, host } = action;
  const selector = parseGpuSelector(
    argument(action, 0, "which GPU, such as 0 or pci:0000:06:00.0,"),
  );
  const sysroot = sysrootOf(input, context);
  if (!sysroot.isHost && value(input, "config") === undefined && !flag(input, "dryRun")) {
    throw new UsageError(
      "--sysroot names another host's GPUs, which do not belong into this host's file: add --config or --dry-run",
    );
  }
  const all = host.gpus(sysroot);
  return { chosen: selectGpus(all, selector), all };
}

function gpuKey(gpu: Gpu, key: string): ConfigKey {
  const section = `gpu ${gpu.id}`;
  // Programs and devices that one library alone knows have no name that lasts.
  if (parseGpuSection(section) === undefined) {
    throw new Error(`${gpu.id} has no lasting name, under which the file could have it`);
  }
  return parseConfigKey(`${section}.${key}`);
}

/** `enable-gpu SELECTOR` and `disable-gpu SELECTOR`. */
export function enableGpus(enabled: boolean): (action: ConfigAction) => Promise<number> {
  return async (action) => {
    const { chosen, all } = gpusOf(action);
    const changes = chosen.map((gpu) => ({ key: gpuKey(gpu, "enabled"), text: `${enabled}` }));
    const make = (document: IniDocument) => {
      const made = applied(document, changes);
      const { gpus } = gpuPolicies(readConfig(formatIni(made)).config, all);
      if (!enabled && gpus.every((gpu) => !gpu.enabled)) {
        throw new ConfigEditError("no GPU would be left: enable another one before");
      }
      return made;
    };
    const edit = editConfig(pathOf(action).path, make, { dryRun: flag(action.input, "dryRun") });
    const { gpus } = gpuPolicies(edit.read.config, all);
    for (const { id, disabled_by } of enabled ? gpus : []) {
      if (disabled_by !== null && chosen.some((gpu) => gpu.id === id)) {
        action.context.stderr.write(`warning: ${id} stays disabled by ${disabled_by}\n`);
      }
    }
    return await report(action, edit, changes, () => ({
      gpus: gpus.filter(({ id }) => chosen.some((gpu) => gpu.id === id))
        .map(({ id, disabled_by }) => ({ id, enabled: disabled_by === null })),
    }));
  };
}

/** `set-priority SELECTOR N`. */
export function setPriority(action: ConfigAction): Promise<number> {
  const { chosen, all } = gpusOf(action);
  const priority = argument(action, 1, "the priority, 0 to 100,");
  return change(
    action,
    chosen.map((gpu) => {
      const key = gpuKey(gpu, "priority");
      return { key, text: checkedText(key, priority) };
    }),
    ({ config }) => ({
      gpus: gpuPolicies(config, all).gpus.filter(({ id }) => chosen.some((gpu) => gpu.id === id))
        .map(({ id, priority }) => ({ id, priority })),
    }),
  );
}
