/**
 * Trying the paths of benchmarks in a process of its own.
 *
 * @module
 */

import { type ProberOptions, RequestProber } from "../../transfer/prober.ts";
import { type ProbeRequest, requestKey } from "./probe.ts";
import { probeRounds } from "./probe_plan.ts";
import type { Verdicts } from "./target.ts";

/** Tries requests of benchmarks, each once, and remembers what came of them. */
export class Prober extends RequestProber<ProbeRequest> implements Verdicts {
  /** Takes the command that starts mvgal. */
  constructor(options: ProberOptions) {
    super({ asker: "bench", key: requestKey, rounds: probeRounds }, options);
  }
}
