/**
 * Whether what is bound to a kernel suits it.
 *
 * @module
 */

import type { KernelBinding } from "./analysis/kernel_info.ts";
import type { Binding, CheckedBinding, ImageBinding } from "./dispatch.ts";
import { formatOfSpirv, IMAGE_FORMATS } from "./image_format.ts";

/**
 * Checks what is bound to one binding.
 *
 * @throws {RangeError} for a part that is not within its buffer, or an image that the kernel does not take; one line.
 */
export function checkBinding(wanted: KernelBinding, given: Binding | undefined): CheckedBinding {
  const { set, binding, image: kind } = wanted;
  const where = `set ${set}, binding ${binding}`;
  if (given === undefined) {
    throw new RangeError(`the kernel needs ${kind ? "an image" : "a buffer"} for ${where}`);
  }
  if ("image" in given) return checkImageBinding(wanted, given, where);
  const { buffer, offset = 0 } = given;
  if (kind !== null) {
    throw new RangeError(`${where}: the kernel takes an image, not ${buffer.label}`);
  }
  const { size = buffer.size - offset } = given;
  if (buffer.isClosed) throw new RangeError(`${where}: ${buffer.label} is closed`);
  const fits = Number.isSafeInteger(offset) && Number.isSafeInteger(size) && offset >= 0 &&
    size > 0 && offset + size <= buffer.size;
  if (!fits) throw new RangeError(`${where}: ${size} bytes at ${offset} of ${buffer.label}`);
  return { buffer, set, binding, offset, size, image: null };
}

/**
 * Checks what is bound to a kernel all together.
 *
 * @throws {RangeError} for an image whose packed bytes are bound as a buffer beside it; one line.
 */
export function checkTogether(bindings: readonly CheckedBinding[]): void {
  const images = new Set(bindings.filter(({ image }) => image !== null).map((each) => each.buffer));
  for (const { set, binding, buffer, image } of bindings) {
    if (image !== null || !images.has(buffer)) continue;
    throw new RangeError(
      `set ${set}, binding ${binding}: ${buffer.label} is bound as an image too: copy it first`,
    );
  }
}

function checkImageBinding(
  { set, binding, image: wanted }: KernelBinding,
  { image }: ImageBinding,
  where: string,
): CheckedBinding {
  const { label, facts: { dimensions }, format } = image;
  if (wanted === null) throw new RangeError(`${where}: the kernel takes a buffer, not ${label}`);
  if (image.isClosed) throw new RangeError(`${where}: ${label} is closed`);
  if (wanted.dimensions !== dimensions) {
    throw new RangeError(
      `${where}: the kernel takes an image of ${wanted.dimensions} dimensions, not ${label}`,
    );
  }
  const { spirv, component } = IMAGE_FORMATS[format];
  if (wanted.format !== 0 && wanted.format !== spirv) {
    const name = formatOfSpirv(wanted.format);
    throw new RangeError(`${where}: the kernel takes an image of format ${name}, not ${label}`);
  }
  if (wanted.component !== component) {
    throw new RangeError(
      `${where}: the kernel takes an image of ${wanted.component} components, not ${label}`,
    );
  }
  return { buffer: image.packed, image, set, binding, offset: 0, size: image.size };
}
