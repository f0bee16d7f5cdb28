/**
 * Multiply-adds of the host's processors, all CPUs at once.
 *
 * @module
 */

import type { InstructionSet, Precision } from "../../../ffi/host.ts";
import {
  type Benchmark,
  type Effort,
  ImplausibleError,
  type Prepared,
  type Shape,
  WrongResultError,
} from "../benchmark.ts";
import { median } from "../statistics.ts";
import { type HostTarget, SEED } from "./target.ts";

/** Steps of the run that tells how many steps a sample takes. */
const TRIAL_ITERATIONS = 500_000;

/** A figure above its peak by more than this is not believed. */
const TOLERANCE = 1.05;

/** Readings of the clock before that: on a busy host, most of them are too low. */
const CLOCK_READINGS = 100;

function prepare(
  target: HostTarget,
  isa: InstructionSet,
  precision: Precision,
  effort: Effort,
): Prepared {
  const { library } = target;
  const { cpus } = target.facts;
  const samples: number[] = [];
  let seed = SEED, checked = 0, wrong = 0;
  const measure = (iterations: number) => {
    const sample = library.fma(cpus, isa, precision, iterations, seed++);
    checked += sample.checked;
    wrong += sample.wrong;
    return sample;
  };
  const trialMs = measure(TRIAL_ITERATIONS).nanoseconds / 1e6;
  const iterations = Math.ceil(TRIAL_ITERATIONS * effort.sampleMs / trialMs);
  return {
    clock: "host",
    sample() {
      const { work, nanoseconds } = measure(iterations);
      target.observeClock();
      const teraflops = work / nanoseconds / 1000;
      samples.push(teraflops);
      return [teraflops];
    },
    verify() {
      if (wrong > 0) {
        throw new WrongResultError(`${isa}: ${wrong} of ${checked} chains end wrong`);
      }
      const figure = median(samples);
      const beyond = () => {
        const peak = target.fmaPeak(isa, precision);
        return peak !== null && figure > TOLERANCE * peak.value ? peak : null;
      };
      for (let i = 0; i < CLOCK_READINGS && beyond() !== null; i++) target.observeClock();
      const peak = beyond();
      if (peak !== null) {
        throw new ImplausibleError(
          `${isa}: ${figure.toFixed(3)} TFLOP/s are more than ${peak.formula}`,
        );
      }
    },
    [Symbol.dispose]() {},
  };
}

function fmaBenchmark(precision: Precision): Benchmark<HostTarget> {
  return {
    name: `host.${precision}`,
    suite: "host",
    title: `${precision} multiply-add`,
    unit: "TFLOP/s",
    better: "higher",
    convention: "an FMA is 2 operations; where there is none, a multiplication and an addition",
    peak: precision,
    unsupported: (target) => target.obstacle,
    shapes(target, effort): Shape[] {
      const sets = effort.allShapes ? target.instructionSets : target.instructionSets.slice(0, 1);
      return sets.map((isa) => ({
        name: `${isa}, ${target.facts.cpus.length} threads`,
        prepare: (effort) => prepare(target, isa, precision, effort),
      }));
    },
  };
}

/** Multiply-adds of fp32 and fp64. */
export const HOST_FMA_BENCHMARKS: readonly Benchmark<HostTarget>[] = [
  fmaBenchmark("fp32"),
  fmaBenchmark("fp64"),
];
