/**
 * `mvgal limit set` and `rm`: finding what is meant, and changing it.
 *
 * @module
 */

import type { Gpu, GpuId } from "../gpu/gpu.ts";
import { parseGpuSelector, selectGpus } from "../gpu/selector.ts";
import type { LimitEntry } from "../launch/limit_text.ts";
import type { GroupLimit } from "../session/group.ts";
import { changeGroup } from "../session/group_file.ts";
import { limitedGpus, type LimitPatch, withLimits } from "../session/limits.ts";
import type { Session, SessionRegistry } from "../session/registry.ts";
import { UsageError } from "./command.ts";

/** What is asked for; undefined stays as it is. */
export interface AskedLimits {
  vram: readonly LimitEntry<bigint | null>[] | undefined;
  sm: readonly LimitEntry<number>[] | undefined;
}

/** The GPUs, of those that can have a limit, that a key means. */
function gpusOf(key: string, gpus: readonly GpuId[], listed: () => readonly Gpu[]): GpuId[] {
  // The ids of a group are good even where its GPUs are gone.
  const own = gpus.filter((gpu) => gpu === key || gpu === `pci:${key}`);
  if (own.length > 0) return own;
  const chosen = selectGpus(listed(), parseGpuSelector(key)).map(({ id }) => id);
  const found = gpus.filter((gpu) => chosen.includes(gpu));
  if (found.length > 0) return found;
  throw new UsageError(`${key} is none of its GPUs: it has ${gpus.join(", ") || "none"}`);
}

function spread<T>(
  entries: readonly LimitEntry<T>[] | undefined,
  gpus: readonly GpuId[],
  listed: () => readonly Gpu[],
): Map<GpuId, T> {
  const values = new Map<GpuId, T>();
  for (const { key, value } of entries ?? []) {
    if (key === null) { for (const gpu of gpus) values.set(gpu, value); }
  }
  for (const { key, value } of entries ?? []) {
    if (key !== null) { for (const gpu of gpusOf(key, gpus, listed)) values.set(gpu, value); }
  }
  return values;
}

/** The change of each GPU. */
function patches(
  { vram, sm }: AskedLimits,
  gpus: readonly GpuId[],
  listed: () => readonly Gpu[],
): Map<GpuId, LimitPatch> {
  const bytes = spread(vram, gpus, listed);
  const percent = spread(sm, gpus, listed);
  const all = new Map<GpuId, LimitPatch>();
  for (const gpu of gpus) {
    const [memory_limit_bytes, compute_pct] = [bytes.get(gpu), percent.get(gpu)];
    if (memory_limit_bytes === undefined && compute_pct === undefined) continue;
    all.set(gpu, {
      ...(memory_limit_bytes !== undefined && { memory_limit_bytes }),
      ...(compute_pct !== undefined && { compute_pct }),
    });
  }
  return all;
}

/** Changes the limits of a group; undefined where there is none in that directory. */
export function setGroupLimits(
  runtime: string,
  name: string,
  asked: AskedLimits,
  listed: () => readonly Gpu[],
): readonly GroupLimit[] | undefined {
  return changeGroup(runtime, name, ({ limits }) => {
    const changes = patches(asked, limits.map(({ gpu }) => gpu), listed);
    return limits.map((limit) => ({ ...limit, ...changes.get(limit.gpu) }));
  });
}

/** How often a policy is written where another writes one at the same time. */
const ATTEMPTS = 5;

/**
 * Changes the limits of a running program.
 *
 * @throws {Error} where its page does not hold them in the end; one line.
 */
export function setSessionLimits(
  registry: SessionRegistry,
  id: string,
  asked: AskedLimits,
  listed: () => readonly Gpu[],
): Session {
  const find = () => registry.look().sessions.find((each) => each.id === id);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const session = find();
    if (session === undefined) throw new Error(`program ${id} has ended`);
    const usable = () => listed().filter(({ vendor }) => vendor === "nvidia").map((gpu) => gpu.id);
    const { page } = session;
    const host = page.policy.state === "set" ? [] : usable();
    const gpus = limitedGpus(page, host);
    if (gpus.length === 0) {
      throw new Error(`program ${id} uses no GPU yet, and this host has none of NVIDIA's`);
    }
    const changes = patches(asked, gpus, listed);
    registry.push(id, withLimits(page, host, (gpu) => changes.get(gpu)));
    // A service may have written at the same time: then it is of neither, and is no policy.
    const now = find();
    const holds = now?.page.policy.state === "set" &&
      now.page.policy.policy.gpus.every((gpu) => {
        const change = changes.get(gpu.id);
        return change === undefined ||
          Object.entries(change).every(([name, value]) => gpu[name as keyof LimitPatch] === value);
      });
    if (now !== undefined && holds) return now;
  }
  throw new Error(`program ${id} could not be told: its page is written by others all the time`);
}
