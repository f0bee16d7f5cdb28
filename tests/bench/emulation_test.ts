import assert from "node:assert/strict";
import { noteEmulation } from "../../lib/bench/emulation.ts";
import { type Made, madeResult } from "./reports.ts";

/** The notes that the last of some figures gets. */
function notes(...made: readonly Made[]): string[] {
  const results = made.map(madeResult);
  const last = results.at(-1);
  assert.ok(last);
  const noted = noteEmulation(last, results.slice(0, -1));
  return noted.outcome.state === "ok" ? noted.outcome.measured.notes.slice(1) : [];
}

const fp16: Made = { name: "compute.fp16", unit: "TFLOP/s", figure: 40 };
const fp32: Made = { name: "compute.fp32", unit: "TFLOP/s", figure: 20 };
const matrix = (figure: number, more: Made = {}): Made => ({
  name: "compute.matrix_fp16_fp32",
  unit: "TFLOP/s",
  parameters: { input: "fp16", accumulator: "fp32" },
  figure,
  ...more,
});

Deno.test("noteEmulation() notes matrices that are no faster than the fastest vector figure", () => {
  assert.deepEqual(notes(fp32, fp16, matrix(39)), [
    "no faster than the vector units (compute.fp16: 40 TFLOP/s): emulated, or without a unit of its own",
  ]);
  assert.deepEqual(notes(fp32, matrix(39)), []);
  assert.deepEqual(notes(fp32, fp16, matrix(160)), []);
});

Deno.test("noteEmulation() compares figures of one device, and formats of one family", () => {
  assert.deepEqual(notes({ ...fp16, device: "pci:0000:02:00.0" }, matrix(39)), []);
  const integers: Made = { name: "compute.int32", unit: "TOP/s", figure: 100 };
  assert.deepEqual(notes(integers, matrix(39)), []);
  const int8 = matrix(90, {
    name: "compute.matrix_int8_int32",
    parameters: { input: "int8", accumulator: "int32" },
  });
  assert.equal(notes(integers, int8).length, 1);
});

Deno.test("noteEmulation() leaves what failed, and what is no matrix, as it is", () => {
  assert.deepEqual(notes(fp16, matrix(39, { state: "failed" })), []);
  assert.deepEqual(notes(fp16, { ...fp32, figure: 1 }), []);
  assert.deepEqual(notes({ ...fp16, state: "failed" }, matrix(39)), []);
});
