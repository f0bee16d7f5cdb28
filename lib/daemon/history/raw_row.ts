/**
 * A row of samples: those of a few seconds of all GPUs, in bytes.
 *
 * u16 how many samples, f64 the time of each; for each GPU: u16 number, u8 how many metrics; for each
 * metric that was known: u8 number, u8 form, then one number where all samples are equal, else one for
 * each, NaN where it was not known. Numbers that 32 bits hold exactly have no more. u32 CRC-32 at the end.
 *
 * @module
 */

import { ByteWriter, checkedView, isNarrow } from "./bytes.ts";

/** Bits of a metric's form. */
const EQUAL = 1, WIDE = 2;

/** One look: of each GPU by number in the file's dictionary, the metrics, NaN where not known. */
export interface RawSample {
  /** Milliseconds since 1970. */
  at: number;
  gpus: Map<number, Float64Array>;
}

/** The most samples of one row. */
export const MOST_SAMPLES = 0xffff;

const writer = new ByteWriter();

/** The bytes of samples, at most {@linkcode MOST_SAMPLES}. */
export function encodeRaw(samples: readonly RawSample[]): Uint8Array {
  writer.u16(samples.length);
  for (const { at } of samples) writer.float(at, true);
  const gpus = new Map<number, number>();
  for (const sample of samples) {
    for (const [gpu, values] of sample.gpus) {
      gpus.set(gpu, Math.max(gpus.get(gpu) ?? 0, values.length));
    }
  }
  for (const [gpu, metrics] of gpus) {
    writer.u16(gpu);
    const howMany = writer.length;
    writer.u8(0);
    let known = 0;
    for (let metric = 0; metric < metrics; metric++) {
      if (encodeMetric(samples, gpu, metric)) known++;
    }
    writer.setU8(howMany, known);
  }
  return writer.finish();
}

/** Writes one metric of one GPU; false where no sample knows it. */
function encodeMetric(samples: readonly RawSample[], gpu: number, metric: number): boolean {
  const first = samples[0]?.gpus.get(gpu)?.[metric] ?? NaN;
  let any = false, equal = true, wide = false;
  for (const { gpus } of samples) {
    const value = gpus.get(gpu)?.[metric] ?? NaN;
    if (value !== first) equal = false;
    if (Number.isNaN(value)) continue;
    any = true;
    wide ||= !isNarrow(value);
  }
  if (!any) return false;
  writer.u8(metric);
  writer.u8((equal ? EQUAL : 0) | (wide ? WIDE : 0));
  if (equal) {
    writer.float(first, wide);
    return true;
  }
  for (const { gpus } of samples) writer.float(gpus.get(gpu)?.[metric] ?? NaN, wide);
  return true;
}

/** Takes one known value. */
export type RawVisitor = (gpu: number, metric: number, at: number, value: number) => void;

/**
 * Reads the bytes of samples: GPU by GPU and metric by metric, each in the order of the samples.
 *
 * @throws {DamagedRowError} where they are not what was written.
 */
export function decodeRaw(bytes: Uint8Array, visit: RawVisitor): void {
  const view = checkedView(bytes);
  const count = view.getUint16(0, true);
  const times = Array.from({ length: count }, (_, i) => view.getFloat64(2 + 8 * i, true));
  for (let at = 2 + 8 * count; at < view.byteLength;) {
    const gpu = view.getUint16(at, true);
    const metrics = view.getUint8(at + 2);
    at += 3;
    for (let i = 0; i < metrics; i++) {
      const metric = view.getUint8(at);
      const form = view.getUint8(at + 1);
      const size = form & WIDE ? 8 : 4;
      at += 2;
      for (const time of times) {
        const value = form & WIDE ? view.getFloat64(at, true) : view.getFloat32(at, true);
        if (!Number.isNaN(value)) visit(gpu, metric, time, value);
        if (!(form & EQUAL)) at += size;
      }
      if (form & EQUAL) at += size;
    }
  }
}
