/**
 * Compute kernels with vectors of bfloat16 (SPV_KHR_bfloat16): of arithmetic they have dot products alone.
 *
 * @module
 */

import { Kernel } from "./kernel.ts";
import type { ScalarType, Value, VectorType } from "./module.ts";
import { Capability, Op } from "./opcodes.ts";

/** A {@linkcode Kernel} with bfloat16; the device needs `shaderBFloat16Type`. */
export class Bfloat16Kernel extends Kernel {
  /** bfloat16: the upper half of binary32. Other floating-point numbers are converted to it and from it. */
  get bf16(): ScalarType {
    this.module.capability(Capability.BFloat16Type);
    this.module.extension("SPV_KHR_bfloat16");
    return this.module.encodedFloat("bfloat16");
  }

  /** Dot product of two vectors of bfloat16; the device needs `shaderBFloat16DotProduct`. */
  dot(a: Value<VectorType>, b: Value<VectorType>): Value<ScalarType> {
    this.module.capability(Capability.BFloat16DotProduct);
    return this.module.result(Op.Dot, a.type.component, a.id, b.id);
  }
}
