/** Tables of `gpu_metrics` for tests. */

/** A member's place, written down by hand from the kernel's header. */
export type At = [offset: number, bytes: 1 | 2 | 4 | 8, value: number];

/** A table as the driver makes it: all ones, a header, and what the GPU supports. */
export function blob(version: string, size: number, members: readonly At[] = []): Uint8Array {
  const bytes = new Uint8Array(size).fill(0xff);
  const view = new DataView(bytes.buffer);
  const [format = 0, content = 0] = version.split(".").map(Number);
  view.setUint16(0, size, true);
  view.setUint8(2, format);
  view.setUint8(3, content);
  for (const [offset, width, value] of members) {
    if (width === 1) view.setUint8(offset, value);
    if (width === 2) view.setUint16(offset, value, true);
    if (width === 4) view.setUint32(offset, value, true);
    if (width === 8) view.setBigUint64(offset, BigInt(value), true);
  }
  return bytes;
}

/** Attributes of version 1.9. */
export type Attribute = { unit: number; type: number; id: number; values: readonly number[] };

const TYPE_BYTES = [1, 1, 2, 2, 4, 4, 8, 8] as const;

/** A table of version 1.9, packed. */
export function attributeBlob(attributes: readonly Attribute[]): Uint8Array {
  const size = attributes.reduce(
    (sum, { type, values }) => sum + 8 + (TYPE_BYTES[type] ?? 0) * values.length,
    8,
  );
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, size, true);
  view.setUint8(2, 1);
  view.setUint8(3, 9);
  view.setInt32(4, attributes.length, true);
  let at = 8;
  for (const { unit, type, id, values } of attributes) {
    const encoding = (unit << 24) + (type << 20) + (id << 10) + values.length;
    view.setBigUint64(at, BigInt(encoding), true);
    at += 8;
    const width = TYPE_BYTES[type] ?? 0;
    for (const value of values) {
      for (let i = 0; i < width; i++) {
        view.setUint8(at + i, Number((BigInt(value) >> BigInt(8 * i)) & 0xffn));
      }
      at += width;
    }
  }
  return bytes;
}
