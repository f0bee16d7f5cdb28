/**
 * A session as clients see it.
 *
 * @module
 */

import type { GpuCounters, SessionPage } from "../session/page.ts";
import type { Session } from "../session/registry.ts";
import type { Placement } from "./placement.ts";
import type { SessionView } from "./service_api.ts";

type CounterView = SessionView["counters"][number];

/** What a session has counted. */
export interface Counted {
  counters: CounterView[];
  kernels: SessionView["kernels"];
  whole: SessionView["whole"];
}

/** Counters of which one is impossible are left out: half of them would look like all. */
function counterView(counters: GpuCounters): CounterView[] {
  const { gpu, bytes_now, launches, splits, busy_ns } = counters;
  if (bytes_now === null || launches === null || splits === null || busy_ns === null) return [];
  return [{ gpu, bytes: bytes_now, launches, splits, busy_ms: busy_ns / 1e6 }];
}

/** Of a shim that counts none, and where a number is impossible, nothing is told. */
function kernelsView({ whole, parted }: SessionPage["kernels"]): SessionView["kernels"] {
  return whole === null || parted === null || whole + parted === 0 ? null : { whole, parted };
}

/** What a session has counted so far. */
export function countedIn({ page }: Session): Counted {
  return {
    counters: page.counters.flatMap(counterView),
    kernels: kernelsView(page.kernels),
    whole: page.whole,
  };
}

/** What was counted since; memory is what is held now. A program may write anything: never below 0. */
function since(now: Counted, before: Counted): Counted {
  const less = (a: number, b: number | undefined) => Math.max(0, a - (b ?? 0));
  return {
    counters: now.counters.map((counter) => {
      const old = before.counters.find(({ gpu }) => gpu === counter.gpu);
      return {
        ...counter,
        launches: less(counter.launches, old?.launches),
        splits: less(counter.splits, old?.splits),
        busy_ms: less(counter.busy_ms, old?.busy_ms),
      };
    }),
    kernels: now.kernels && kernelsView({
      whole: less(now.kernels.whole, before.kernels?.whole),
      parted: less(now.kernels.parted, before.kernels?.parted),
    }),
    whole: now.whole.map(({ reason, count }) => ({
      reason,
      count: less(count, before.whole.find((old) => old.reason === reason)?.count),
    })).filter(({ count }) => count > 0),
  };
}

/**
 * The view of a session and where it was placed.
 *
 * @param before what is not counted.
 */
export function sessionView(
  session: Session,
  placement: Placement,
  before?: Counted,
): SessionView {
  const { id, pid, page } = session;
  const counted = countedIn(session);
  return {
    id,
    pid,
    command: page.command,
    since: page.began === null ? null : new Date(page.began).toISOString(),
    api: page.api,
    strategy: placement.strategy,
    gpus: placement.gpus,
    placed_on: placement.gpu,
    placed_because: placement.reason,
    ...(before === undefined ? counted : since(counted, before)),
  };
}
