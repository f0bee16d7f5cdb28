/**
 * A figure with its unit, or that it is not known and why.
 *
 * @module
 */

import type { NumberMetric } from "../../../telemetry/metrics.ts";
import type { GpuSample } from "../../../telemetry/metrics.ts";
import { UNKNOWN } from "../core/format.ts";
import { tell } from "../core/metrics.ts";

/** That something is not known; why, for the mouse and for screen readers. */
export function Unknown({ why, word = UNKNOWN }: { why: string; word?: string }) {
  return (
    <span class="unknown" title={why}>
      {word}
      <span class="unseen">: {why}</span>
    </span>
  );
}

/** A number of a sample. */
export function Value({ sample, of }: { sample: GpuSample; of: NumberMetric }) {
  const told = tell(sample, of);
  if (!told.known) return <Unknown why={told.why} />;
  return <span class="figure" title={told.source ?? undefined}>{told.text}</span>;
}

/** Two numbers of a sample, a part and its whole: `12 GiB of 80 GiB`. */
export function PartOf(
  { sample, part, whole }: { sample: GpuSample; part: NumberMetric; whole: NumberMetric },
) {
  const told = tell(sample, whole);
  return (
    <>
      <Value sample={sample} of={part} />
      {told.known && <span class="whole">{` of ${told.text}`}</span>}
    </>
  );
}
