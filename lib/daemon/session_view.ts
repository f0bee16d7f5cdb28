/**
 * A session as clients see it.
 *
 * @module
 */

import type { GpuCounters } from "../session/page.ts";
import type { Session } from "../session/registry.ts";
import type { Placement } from "./placement.ts";
import type { SessionView } from "./service_api.ts";

type CounterView = SessionView["counters"][number];

/** Counters of which one is impossible are left out: half of them would look like all. */
function counterView(counters: GpuCounters): CounterView[] {
  const { gpu, bytes_now, launches, splits, busy_ns } = counters;
  if (bytes_now === null || launches === null || splits === null || busy_ns === null) return [];
  return [{ gpu, bytes: bytes_now, launches, splits, busy_ms: busy_ns / 1e6 }];
}

/** The view of a session and where it was placed. */
export function sessionView({ id, pid, page }: Session, placement: Placement): SessionView {
  return {
    id,
    pid,
    command: page.command,
    since: page.began === null ? null : new Date(page.began).toISOString(),
    api: page.api,
    strategy: placement.strategy,
    gpus: placement.gpus,
    counters: page.counters.flatMap(counterView),
    whole: page.whole,
  };
}
