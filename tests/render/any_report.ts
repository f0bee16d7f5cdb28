/**
 * Reports that nobody would write by hand, for property tests: odd numbers, odd texts, missing properties.
 *
 * @module
 */

import fc from "fast-check";
import type { BenchEntry, BenchReport } from "../../lib/bench/report.ts";
import { SUITES } from "../../lib/bench/benchmark.ts";
import { sampleReport } from "./sample_report.ts";

/** Numbers that are no figure, or hardly one, among those that are. */
const number = fc.oneof(
  fc.double(),
  fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
  fc.constantFrom(0, -1, 1e-320, 1e308, NaN, Infinity, -Infinity),
);

/** Texts with markup, quotes, control characters, other scripts, and a word that is too long. */
const text = fc.oneof(
  fc.string({ maxLength: 20, unit: "binary" }),
  fc.constantFrom(
    `<script>alert("1")</script>`,
    `"><img src=x onerror='alert(1)'>`,
    "]]><!-- &amp; -->",
    "=1+1",
    "a\x1b[31mb\r\nc\ud800",
    "摩尔线程 MTT S4000",
    "W".repeat(300),
    "",
  ),
);

const id = fc.constantFrom("host", "pci:0000:19:00.0", "pci:0000:2a:00.0", "vulkan:0", "<&>");

const missing = (arbitrary: fc.Arbitrary<unknown>) =>
  fc.option(arbitrary, { nil: undefined, freq: 6 });

const peak = fc.record({
  value: number,
  unit: fc.constantFrom("GB/s", "TFLOP/s"),
  formula: text,
  source: text,
});

const spread = fc.option(fc.record({ min: number, median: number, max: number }));

const conditions = fc.record({
  source: text,
  samples: fc.constant([]),
  summary: fc.record({
    core_mhz: spread,
    memory_mhz: spread,
    power_w: spread,
    temperature_c: spread,
    throttle_reasons: fc.option(fc.array(text, { maxLength: 2 })),
  }),
  absent: fc.constant({}),
});

const statistics = fc.record({
  n: fc.nat(1000),
  median: number,
  mad: number,
  min: number,
  max: number,
  p5: number,
  p95: number,
  p99: number,
  mean: number,
  cv: number,
  ci95_low: number,
  ci95_high: number,
  outliers: fc.nat(9),
});

const entry = fc.record({
  name: fc.oneof(
    text,
    fc.constantFrom(
      "memory.read",
      "memory.read_4mib",
      "compute.fp32",
      "transfer.peer",
      "host.copy",
    ),
  ),
  suite: fc.constantFrom(...SUITES),
  title: text,
  device: id,
  peer: missing(fc.option(id)),
  parameters: missing(fc.record({ working_set_bytes: fc.oneof(number, text) })),
  peak: fc.constant(null),
  unit: fc.constantFrom("GB/s", "TFLOP/s", "TOP/s", "µs", "<unit>"),
  better: fc.constantFrom("higher", "lower"),
  convention: text,
  state: fc.constantFrom("ok", "ok", "ok", "unsupported", "skipped", "failed", "implausible"),
  reason: fc.option(text),
  shape: fc.option(text),
  clock: fc.constantFrom("device", "host", null),
  median: fc.option(number, { freq: 9 }),
  statistics: missing(fc.option(statistics)),
  peaks: missing(fc.option(fc.record({ rated: fc.option(peak), observed: fc.option(peak) }))),
  peak_reason: missing(fc.option(text)),
  peak_ratio: missing(fc.option(number)),
  conditions: missing(fc.option(conditions)),
  notes: missing(fc.array(text, { maxLength: 2 })),
  shader_sha256: missing(fc.option(text)),
  samples: missing(fc.array(number, { maxLength: 60 })),
  warm_up: missing(fc.constant([])),
  candidates: missing(fc.dictionary(text, fc.option(number), { maxKeys: 3 })),
  failures: missing(fc.dictionary(text, text, { maxKeys: 3 })),
}) as unknown as fc.Arbitrary<BenchEntry>;

const device = fc.record({
  id,
  name: text,
  kind: fc.constantFrom("discrete", "software", "host"),
  pci_slot: fc.option(text),
  uuid: fc.option(text),
  driver: fc.option(text),
  api_version: fc.option(text),
  environment: missing(fc.constant(null)),
});

/** Any report, and more than any: a reader has to live with all of them. */
export const anyReport: fc.Arbitrary<BenchReport> = fc.record({
  devices: fc.uniqueArray(device, { maxLength: 4, selector: (one) => one.id }),
  benchmarks: fc.array(entry, { maxLength: 25 }),
  environment: missing(fc.constant(sampleReport("software", 1).context.environment)),
}).map(({ devices, benchmarks, environment }) => {
  const report = sampleReport("software", 0);
  const context = { ...report.context, devices, environment };
  return { ...report, context, benchmarks, matrices: undefined } as unknown as BenchReport;
});
