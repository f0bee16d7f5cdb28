/**
 * From what `mvgal run` is asked to the variables with which a program is started.
 *
 * @module
 */

import { isAbsolute, resolve as absolutePath } from "node:path";
import { parseGpuSelector, selectGpus } from "../gpu/selector.ts";
import { parseStrategy, type StrategyName } from "../schedule/strategies.ts";
import { type GroupLimit, parseGroupName } from "../session/group.ts";
import { asksForShim, unreadableLimits } from "./asked_limits.ts";
import type { HostCudaGpu, HostCudaGpus } from "./cuda_gpus.ts";
import { isPlaced, type Launch, type Variables, variablesOf } from "./environment.ts";
import { joinGroup } from "./join_group.ts";
import { parseLimitOption, RunRequestError } from "./limit_option.ts";
import { type LimitEntry, parseBytes, parsePercent } from "./limit_text.ts";
import type { OpenclPool } from "./opencl_pool.ts";
import { placeProgram, type ProgramPlacement } from "./placement.ts";
import type { ShimFile } from "./shim_file.ts";
import { takeTurn } from "./turn.ts";
import { visibleDevices, visibleEntries } from "./visible_devices.ts";

/** What is asked for, as it was typed. */
export interface RunRequest {
  vram?: string | undefined;
  sm?: string | undefined;
  gpus?: string | undefined;
  strategy?: string | undefined;
  group?: string | undefined;
  pool: boolean;
  openclPool?: boolean;
  workConserving: boolean;
}

/** The host on which a program is started. Tests have their own. */
export interface RunHost {
  /** As it is inherited: empty is not the same as unset. */
  env(name: string): string | undefined;
  gpus(options: { load: boolean }): HostCudaGpus;
  shim(): ShimFile;
  openclPool(): OpenclPool;
  /** The runtime directory of this user for groups and turns; undefined where there is none. */
  runtime(): string | undefined;
}

/** How a program is started. */
export interface RunPlan {
  variables: Variables;
  /** Path of the shim; null where the program starts without. */
  shim: string | null;
  /** Whether anything was asked for that the shim has to do. */
  needsShim: boolean;
  /** Whether it is shown the pooled OpenCL platform. */
  openclPool: boolean;
  /** What people should know, one line each. */
  notes: string[];
}

/** Strategies by which a program sees one GPU alone. */
const OF_ONE: readonly StrategyName[] = ["round_robin", "task", "single"];

const NO_RUNTIME = "there is no runtime directory for this user: set MVGAL_RUNTIME_DIR or " +
  "XDG_RUNTIME_DIR";

/** Entries of people's keys, by UUID: those of all GPUs first. */
function byUuid<T>(
  entries: readonly LimitEntry<T>[],
  { gpus, listed }: HostCudaGpus,
): LimitEntry<T>[] {
  const named = new Map<string | null, T>();
  for (const { key, value } of entries) if (key === null) named.set(null, value);
  for (const { key, value } of entries) {
    if (key === null) continue;
    const chosen = new Set(selectGpus(listed, parseGpuSelector(key)).map(({ id }) => id));
    const found = gpus.filter(({ id }) => chosen.has(id));
    if (found.length === 0) {
      throw new RunRequestError(`${key} is no GPU that CUDA can use: it can have no limit`);
    }
    for (const { uuid } of found) named.set(uuid, value);
  }
  return Array.from(named, ([key, value]) => ({ key, value }));
}

/** What holds for one GPU. */
function valueFor<T>(entries: readonly LimitEntry<T>[] | undefined, uuid: string): T | undefined {
  return (entries?.find(({ key }) => key === uuid) ?? entries?.find(({ key }) => key === null))
    ?.value;
}

/** The limits of a group, by GPU. */
export function groupLimits(
  gpus: readonly HostCudaGpu[],
  vram: readonly LimitEntry<bigint | null>[] | undefined,
  sm: readonly LimitEntry<number>[] | undefined,
): GroupLimit[] {
  return gpus.map(({ id, uuid }) => ({
    gpu: id,
    memory_limit_bytes: valueFor(vram, uuid) ?? null,
    compute_pct: valueFor(sm, uuid) ?? 100,
  }));
}

function strategyFor(request: RunRequest, inherited: string | undefined): StrategyName | null {
  const text = request.strategy ?? inherited;
  if (text === undefined || text === "") return null;
  try {
    return parseStrategy(text);
  } catch (error) {
    // What stands in the environment may be meant for others.
    if (request.strategy === undefined) return null;
    throw new RunRequestError(error instanceof Error ? error.message : String(error));
  }
}

function checkRequest(request: RunRequest, strategy: StrategyName | null): void {
  try {
    if (request.group !== undefined) parseGroupName(request.group);
  } catch (error) {
    throw new RunRequestError(error instanceof Error ? error.message : String(error));
  }
  if (request.workConserving && request.sm === undefined && request.group === undefined) {
    throw new RunRequestError(
      "--work-conserving says what an SM limit does while others are idle: add --sm",
    );
  }
  if (
    request.pool && request.strategy !== undefined && strategy !== null && OF_ONE.includes(strategy)
  ) {
    throw new RunRequestError(
      `--pool makes one of several GPUs, and --strategy ${strategy} leaves one: give one of both`,
    );
  }
}

/** Whether a switch that is on by itself is off. */
function isOff(value: string | undefined): boolean {
  return /^(0|false|no|off)$/i.test(value ?? "");
}

/** Before anything is made: limits that are asked for have to hold. */
function checkEnvironment(
  { vram, sm, group, pool, openclPool }: RunRequest,
  { env }: RunHost,
): void {
  const enabled = env("ENABLE_MVGAL");
  const asksForMore = pool || openclPool || [vram, sm, group].some((each) => each !== undefined);
  if (asksForMore && isOff(enabled)) {
    throw new RunRequestError(
      `ENABLE_MVGAL=${enabled} switches off what is asked for: unset it`,
    );
  }
  // What is given as an option takes the place of what is inherited; a group's limits do not.
  const given = new Map([
    ["MVGAL_VRAM_LIMIT", group === undefined && vram !== undefined],
    ["MVGAL_SM_LIMIT", group === undefined && sm !== undefined],
    ["MVGAL_GROUP", group !== undefined],
  ]);
  const unreadable = unreadableLimits((name) => given.get(name) ? undefined : env(name));
  if (unreadable.length > 0) {
    throw new Error(`the program is not started: ${unreadable.join("; ")}`);
  }
}

/** The shim, or why the program starts without. */
function shimFor(host: RunHost, needsShim: boolean, notes: string[]): string | null {
  const shim = host.shim();
  if (shim.state === "ready") return shim.path;
  if (needsShim) throw new Error(`what is asked for needs the shim: ${shim.reason}`);
  notes.push(`${shim.reason}; the program starts without it, and is not counted`);
  return null;
}

function openclFor(host: RunHost): Pick<Launch, "openclLoaders" | "openclVendors"> {
  const pool = host.openclPool();
  if (pool.state === "ready") return { openclLoaders: pool.loaders, openclVendors: pool.vendors };
  throw new Error(`--opencl-pool needs the OpenCL shim: ${pool.reason}`);
}

/** The group, and where it is: programs go to other directories, from which a relative path leads elsewhere. */
function groupOrRuntime(
  group: { name: string; runtime: string } | undefined,
  inherited: string | undefined,
): Pick<Launch, "group" | "runtimeDirectory"> {
  if (group !== undefined) return { group: group.name, runtimeDirectory: group.runtime };
  if (!inherited || isAbsolute(inherited)) return {};
  return { runtimeDirectory: absolutePath(inherited) };
}

/**
 * Plans the start of a program. Makes its group, and takes its turn.
 *
 * @throws {RunRequestError} for what cannot be meant; other errors where it cannot be done: one line each.
 */
export function planRun(request: RunRequest, host: RunHost): RunPlan {
  const notes: string[] = [];
  const vram = parseLimitOption("vram", request.vram, parseBytes, "8GiB");
  const sm = parseLimitOption("sm", request.sm, parsePercent, "30%");
  checkEnvironment(request, host);
  const inherits = !isPlaced(host.env);
  const strategy = strategyFor(request, inherits ? host.env("MVGAL_STRATEGY") : undefined);
  checkRequest(request, strategy);
  const selector = request.gpus ?? (inherits ? host.env("MVGAL_GPUS") || undefined : undefined);
  const chosen = selector === undefined ? null : parseGpuSelector(selector);
  const ofOne = strategy !== null && OF_ONE.includes(strategy) && !request.pool &&
    !request.openclPool;

  let looked: HostCudaGpus | undefined;
  const gpus = () => {
    looked ??= host.gpus({ load: strategy === "task" || strategy === "single" });
    if (looked.note !== null && !notes.includes(looked.note)) notes.push(looked.note);
    return looked;
  };
  const resolve = <T>(entries: LimitEntry<T>[] | undefined) =>
    entries?.some(({ key }) => key !== null) ? byUuid(entries, gpus()) : entries;
  const limits = { vram: resolve(vram), sm: resolve(sm) };

  let placed: ProgramPlacement | undefined;
  if (chosen !== null || ofOne) {
    const { gpus: all, listed } = gpus();
    const place = (last: string | null) =>
      placeProgram({
        gpus: all,
        visible: host.env("CUDA_VISIBLE_DEVICES"),
        chosen: chosen === null ? null : selectGpus(listed, chosen).map(({ id }) => id),
        strategy: ofOne ? strategy : null,
        last,
      });
    if (strategy === "round_robin" && ofOne) {
      const runtime = host.runtime();
      if (runtime === undefined) throw new Error(NO_RUNTIME);
      placed = takeTurn(runtime, place);
    } else {
      placed = place(null);
    }
  }

  // A pooled program counts one GPU, also where it reads CUDA_VISIBLE_DEVICES itself.
  const pool = request.pool
    ? placed?.entries ?? visibleEntries(host.env("CUDA_VISIBLE_DEVICES"), gpus().gpus)
    : [];
  const isPool = pool.length > 1;

  let group: { name: string; runtime: string; isHeld: boolean } | undefined;
  if (request.group !== undefined) {
    const runtime = host.runtime();
    if (runtime === undefined) throw new Error(NO_RUNTIME);
    const all = gpus().gpus;
    const asked = limits.vram === undefined && limits.sm === undefined
      ? null
      : groupLimits(all, limits.vram, limits.sm);
    // Without GPUs there is nothing to share: whoever has some makes the group.
    if (all.length > 0) {
      joinGroup(runtime, request.group, asked, groupLimits(all, undefined, undefined));
    }
    group = { name: request.group, runtime, isHeld: all.length > 0 };
  }

  const launch: Launch = {
    shim: null,
    // The limits of a group are in its file, where they can be changed while programs run.
    ...(limits.vram !== undefined && !group?.isHeld && { vram: limits.vram }),
    ...(limits.sm !== undefined && !group?.isHeld && { sm: limits.sm }),
    pool: request.pool,
    workConserving: request.workConserving,
    ...groupOrRuntime(group, host.env("MVGAL_RUNTIME_DIR")),
    ...(request.strategy !== undefined && strategy !== null && { strategy }),
    ...(request.gpus !== undefined && { gpus: request.gpus }),
    ...(isPool && { pooled: visibleDevices(pool) }),
    ...(request.openclPool && openclFor(host)),
    visible: isPool ? visibleDevices(pool.slice(0, 1)) : placed?.visible ?? null,
  };
  const asked = new Map(variablesOf(launch, host.env));
  const after = (name: string) => asked.get(name) ?? host.env(name);
  const needsShim = !isOff(host.env("ENABLE_MVGAL")) && asksForShim(after);
  const shim = shimFor(host, needsShim, notes);
  return {
    variables: variablesOf({ ...launch, shim }, host.env),
    shim,
    needsShim,
    openclPool: request.openclPool ?? false,
    notes,
  };
}
