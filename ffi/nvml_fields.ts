/**
 * NVML's numbered fields, several in one call.
 *
 * @module
 */

import { type Answer, noValue, type Refusals } from "./answer.ts";
import { NvmlFieldValueLayout } from "./nvml_abi.ts";
import { isBlank32, isBlank64 } from "./nvml_telemetry_abi.ts";
import { decode, encodeArray } from "./struct.ts";

/** A field: its number and, where it is one of a part of the GPU, the part's. */
export interface NvmlField {
  /** `NVML_FI_DEV_…`. */
  readonly field: number;
  /** A link, or all of them. */
  readonly scope?: number;
}

/** Fields that are read together, again and again: the memory that the driver fills in. */
export interface NvmlFieldQuery {
  readonly count: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Prepares to read fields. */
export function fieldQuery(fields: readonly NvmlField[]): NvmlFieldQuery {
  const values = fields.map(({ field, scope = 0 }) => ({ fieldId: field, scopeId: scope }));
  return { count: fields.length, bytes: encodeArray(NvmlFieldValueLayout, values).bytes };
}

/** `nvmlValueType_t` by number: how to read the union. */
const READ: readonly ((view: DataView<ArrayBuffer>) => number | bigint)[] = [
  (view) => view.getFloat64(0, true),
  (view) => view.getUint32(0, true),
  (view) => view.getBigUint64(0, true),
  (view) => view.getBigUint64(0, true),
  (view) => view.getBigInt64(0, true),
  (view) => view.getInt32(0, true),
  (view) => view.getUint16(0, true),
];

/** What the driver filled in, field by field; `code` is what the call as a whole answered. */
export function readFields(
  { count, bytes }: NvmlFieldQuery,
  code: number,
  refusals: Refusals,
): readonly Answer<number>[] {
  const call = "nvmlDeviceGetFieldValues";
  return Array.from({ length: count }, (_, index): Answer<number> => {
    if (code !== 0) return refusals.of(call, code);
    const { fieldId, nvmlReturn, valueType, value } = decode(
      NvmlFieldValueLayout,
      bytes,
      index * NvmlFieldValueLayout.size,
    );
    const source = `${call}(${fieldId})`;
    if (nvmlReturn !== 0) return refusals.of(source, nvmlReturn);
    const read = READ[valueType];
    if (read === undefined) return noValue(source, `gives a value of unknown type ${valueType}`);
    const number = read(new DataView(new BigUint64Array([value]).buffer));
    const blank = typeof number === "bigint" ? isBlank64(number) : isBlank32(number);
    return blank
      ? noValue(source, `gives ${number}, which stands for no value`)
      : { ok: true, value: Number(number), call: source };
  });
}
