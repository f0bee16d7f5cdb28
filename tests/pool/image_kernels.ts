/** Small kernels over storage images, for tests. */

import { IMAGE_FORMATS, type ImageFormatName } from "../../lib/pool/image_format.ts";
import { ImageKernel } from "../../lib/spirv/image_kernel.ts";
import type { ScalarType, Value } from "../../lib/spirv/module.ts";

/** Invocations of a work-group along x and y; and along z for those of three dimensions. */
export const LOCAL_X = 8, LOCAL_Y = 4, LOCAL_Z = 2;

function start(dimensions: 2 | 3): ImageKernel {
  const localSize = [LOCAL_X, LOCAL_Y, dimensions === 2 ? 1 : LOCAL_Z] as const;
  return new ImageKernel({ localSize, addressing: "descriptor" });
}

function idOf(k: ImageKernel, dimensions: 2 | 3): Value<ScalarType>[] {
  return dimensions === 2
    ? [k.globalId(0), k.globalId(1)]
    : [0, 1, 2].map((axis) => k.globalId(axis as 0 | 1 | 2));
}

/** Runs `body` where all coordinates are below the image's size. */
function guarded(
  k: ImageKernel,
  at: readonly Value<ScalarType>[],
  size: (axis: 0 | 1 | 2) => Value<ScalarType>,
  body: () => void,
): void {
  const [x, ...others] = at;
  const inside = others.reduce<() => void>(
    (inner, each, i) => () => k.ifLess(each, size((i + 1) as 1 | 2), inner),
    body,
  );
  if (x !== undefined) k.ifLess(x, size(0), inside);
}

/** `target[at] = source[at]` of images (bindings 0 and 1) of a format. */
export function imageCopyKernel(format: ImageFormatName, dimensions: 2 | 3 = 2): Uint32Array {
  const kernel = start(dimensions);
  const { spirv, component } = IMAGE_FORMATS[format];
  const type = component === "float" ? kernel.f32 : component === "uint" ? kernel.u32 : kernel.i32;
  const source = kernel.image(type, { binding: 0, format: spirv, dimensions });
  const target = kernel.image(type, { binding: 1, format: spirv, dimensions });
  return kernel.body((k) => {
    const at = idOf(k, dimensions);
    guarded(k, at, target.size, () => target.write(at, source.read(at)));
  }).words;
}

/** `target[at] = source[width - 1 - x, height - 1 - y] + addend`, of r32uint: all of the source is read. */
export function turnKernel(): Uint32Array {
  const kernel = start(2);
  const { spirv } = IMAGE_FORMATS.r32uint;
  const source = kernel.image(kernel.u32, { binding: 0, format: spirv });
  const target = kernel.image(kernel.u32, { binding: 1, format: spirv });
  const addend = kernel.push("addend", kernel.u32);
  return kernel.body((k) => {
    const at = idOf(k, 2);
    guarded(k, at, target.size, () => {
      const one = k.constant(k.u32, 1);
      const turned = at.map((each, axis) => k.sub(k.sub(target.size(axis as 0 | 1), one), each));
      const value = k.extract(source.read(turned), 0);
      target.write(at, k.splat(k.vector(k.u32, 4), k.add(value, addend())));
    });
  }).words;
}

/** `image[at] = image[at] * 3 + addend`, of r32uint: what it reads, it writes. */
export function inPlaceImageKernel(): Uint32Array {
  const kernel = start(2);
  const image = kernel.image(kernel.u32, { binding: 0, format: IMAGE_FORMATS.r32uint.spirv });
  const addend = kernel.push("addend", kernel.u32);
  return kernel.body((k) => {
    const at = idOf(k, 2);
    guarded(k, at, image.size, () => {
      const value = k.mul(k.extract(image.read(at), 0), k.constant(k.u32, 3));
      image.write(at, k.splat(k.vector(k.u32, 4), k.add(value, addend())));
    });
  }).words;
}

/** `target[x, rows[y]] = y + addend`, of r32uint: where it writes depends on the buffer of binding 0. */
export function scatterKernel(): Uint32Array {
  const kernel = start(2);
  const rows = kernel.buffer(kernel.u32);
  const target = kernel.image(kernel.u32, { binding: 1, format: IMAGE_FORMATS.r32uint.spirv });
  return kernel.body((k) => {
    const [x = k.globalId(0), y = k.globalId(1)] = idOf(k, 2);
    guarded(k, [x, y], target.size, () => {
      const row = rows.load(y);
      k.ifLess(row, target.size(1), () => target.write([x, row], k.splat(k.vector(k.u32, 4), y)));
    });
  }).words;
}
