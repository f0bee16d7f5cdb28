/**
 * What Intel's telemetry asks of the kernel beyond files.
 *
 * @module
 */

import { type DrmQueryNode, openDrmQueryNode } from "../../../ffi/drm_query.ts";
import {
  type CounterGroup,
  type CounterRefusal,
  openCounterGroup,
} from "../../../ffi/perf_event.ts";
import { effectiveCapabilities, isPerfmonCapable } from "../../sysfs/capabilities.ts";
import type { Sysroot } from "../../sysfs/sysroot.ts";

/** The calls; tests put others in their place. */
export interface IntelCalls {
  /** Opens a DRM node; a string says why it cannot be. */
  openNode(path: string): DrmQueryNode | string;
  /** Opens counters of the unit `type` that are read at once; see {@linkcode openCounterGroup}. */
  openCounters(
    type: number,
    configs: readonly bigint[],
    cpu: number,
  ): CounterGroup | CounterRefusal;
  /** Whether this process has CAP_PERFMON: others are told that no memory is used. */
  mayKnowUse(): boolean;
}

const NO_CALLS = "the kernel tells it by calls alone, and a copy of a host's files has none";

/** The calls of this host's kernel; of a dump, none. */
export function intelCalls(sysroot: Sysroot): IntelCalls {
  if (!sysroot.isHost) {
    return {
      openNode: () => NO_CALLS,
      openCounters: () => ({ counter: 0, code: 0, reason: NO_CALLS }),
      mayKnowUse: () => false,
    };
  }
  return {
    openNode: openDrmQueryNode,
    openCounters: openCounterGroup,
    mayKnowUse: () => isPerfmonCapable(effectiveCapabilities(sysroot)),
  };
}
