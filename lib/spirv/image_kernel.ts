/**
 * Compute kernels that use storage images.
 *
 * @module
 */

import { Kernel } from "./kernel.ts";
import type { PointerType, ScalarType, Value, VectorType } from "./module.ts";
import { Capability, Decoration, Op, StorageClass } from "./opcodes.ts";

/** What a kernel takes a storage image for. */
export interface KernelImageOptions {
  /** Of set 0; buffers take the first numbers, in the order of declaration. */
  binding: number;
  /** Number of the SPIR-V image format (section 3.11); 0, the default, for any, which needs a feature. */
  format?: number;
  /** 2 where it is not given. */
  dimensions?: 2 | 3;
}

/** A storage image, declared by {@linkcode ImageKernel.image}. Coordinates are in texels: x, y and, in 3-D, z. */
export interface KernelImage {
  /** The variable, for decorations. */
  readonly id: number;
  /** The four components of a texel; those that the format has not are 0, 0 and 1. */
  read(coordinates: readonly Value[]): Value<VectorType>;
  /** Writes a texel: four components. */
  write(coordinates: readonly Value[], texel: Value<VectorType>): void;
  /** Width, height or depth in texels. */
  size(axis: 0 | 1 | 2): Value<ScalarType>;
}

/** Formats of the capability StorageImageExtendedFormats: Rg32f, Rg32i, Rg32ui among others (section 3.11). */
function isExtended(format: number): boolean {
  return (format >= 6 && format <= 20) || (format >= 25 && format <= 29) || format >= 34;
}

/** A kernel with storage images beside its buffers. */
export class ImageKernel extends Kernel {
  /** Declares a storage image of `component` numbers. */
  image(component: ScalarType, options: KernelImageOptions): KernelImage {
    const { binding, format = 0, dimensions = 2 } = options;
    const { module } = this;
    if (isExtended(format)) module.capability(Capability.StorageImageExtendedFormats);
    const type = module.image(component, dimensions, format);
    const variable: Value<PointerType> = module.global(
      module.pointer(StorageClass.UniformConstant, type),
    );
    module.decorate(variable.id, Decoration.DescriptorSet, 0);
    module.decorate(variable.id, Decoration.Binding, binding);
    const loaded = () => module.result(Op.Load, type, variable.id);
    const place = (coordinates: readonly Value[]) => {
      if (coordinates.length !== dimensions) {
        throw new RangeError(`${coordinates.length} coordinates of an image of ${dimensions}`);
      }
      return this.composite(this.vector(this.u32, dimensions), coordinates);
    };
    const texel = this.vector(component, 4);
    return {
      id: variable.id,
      read: (coordinates) => {
        if (format === 0) module.capability(Capability.StorageImageReadWithoutFormat);
        return module.result(Op.ImageRead, texel, loaded().id, place(coordinates).id);
      },
      write: (coordinates, value) => {
        if (format === 0) module.capability(Capability.StorageImageWriteWithoutFormat);
        module.emit("body", Op.ImageWrite, loaded().id, place(coordinates).id, value.id);
      },
      size: (axis) => {
        module.capability(Capability.ImageQuery);
        const sizes = module.result(
          Op.ImageQuerySize,
          this.vector(this.u32, dimensions),
          loaded().id,
        );
        return this.extract(sizes, axis);
      },
    };
  }
}
