/**
 * A row of a tier: all GPUs over one step, in bytes.
 *
 * For each GPU: u16 number, u8 how many metrics, u32 count of samples; for each metric that was known:
 * u8 number, u8 form, u32 count where it is another; then one number where all samples were equal, else
 * the mean (64 bits), the least and the most. Numbers that 32 bits hold exactly have no more. u32 CRC-32
 * at the end.
 *
 * @module
 */

import { meanOf, type Step } from "./aggregate.ts";
import { ByteWriter, checkedView, isNarrow } from "./bytes.ts";

/** Bits of a metric's form. */
const EQUAL = 1, WIDE = 2, OWN_COUNT = 4;

const writer = new ByteWriter();

/** The bytes of a step. */
export function encodeStep(step: Step): Uint8Array {
  for (const [gpu, { count, sum, min, max }] of step) {
    const samples = count.reduce((most, each) => Math.max(most, each), 0);
    writer.u16(gpu);
    const howMany = writer.length;
    writer.u8(0);
    writer.u32(samples);
    let metrics = 0;
    for (let metric = 0; metric < count.length; metric++) {
      const n = count[metric] ?? 0;
      if (n === 0) continue;
      metrics++;
      const least = min[metric] ?? 0, most = max[metric] ?? 0;
      const equal = least === most;
      const wide = !isNarrow(least) || !isNarrow(most);
      writer.u8(metric);
      writer.u8((equal ? EQUAL : 0) | (wide ? WIDE : 0) | (n === samples ? 0 : OWN_COUNT));
      if (n !== samples) writer.u32(n);
      if (!equal) writer.float(meanOf(sum[metric] ?? 0, n, least, most), true);
      writer.float(least, wide);
      if (!equal) writer.float(most, wide);
    }
    writer.setU8(howMany, metrics);
  }
  return writer.finish();
}

/** Takes one metric of one GPU over a step. */
export type StepVisitor = (
  gpu: number,
  metric: number,
  count: number,
  mean: number,
  min: number,
  max: number,
) => void;

/**
 * Reads the bytes of a step.
 *
 * @throws {DamagedRowError} where they are not what was written.
 */
export function decodeStep(bytes: Uint8Array, visit: StepVisitor): void {
  const view = checkedView(bytes);
  for (let at = 0; at < view.byteLength;) {
    const gpu = view.getUint16(at, true);
    const metrics = view.getUint8(at + 2);
    const samples = view.getUint32(at + 3, true);
    at += 7;
    for (let i = 0; i < metrics; i++) {
      const metric = view.getUint8(at);
      const form = view.getUint8(at + 1);
      at += 2;
      let count = samples;
      if (form & OWN_COUNT) {
        count = view.getUint32(at, true);
        at += 4;
      }
      const size = form & WIDE ? 8 : 4;
      const number = (at: number) =>
        form & WIDE ? view.getFloat64(at, true) : view.getFloat32(at, true);
      if (form & EQUAL) {
        const value = number(at);
        visit(gpu, metric, count, value, value, value);
        at += size;
      } else {
        visit(gpu, metric, count, view.getFloat64(at, true), number(at + 8), number(at + 8 + size));
        at += 8 + 2 * size;
      }
    }
  }
}
