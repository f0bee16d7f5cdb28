/** Kernels over subgroups, for tests: they store to `o[g]` of binding 0, in work-groups of 16. */

import { type KernelText, kernelWords } from "./analysis/assembly.ts";

/** Invocations of a work-group of the kernels here. */
export const SUBGROUP_LOCAL = 16;

const SIZE: KernelText = {
  inputs: "%size",
  decorations: "Decorate %size BuiltIn SubgroupSize",
  declarations: `
    %pinput = TypePointer Input %u
    %size = Variable %pinput Input`,
};

/** `o[g] = gl_SubgroupSize`. */
export function subgroupSizeKernel(): Uint32Array<ArrayBuffer> {
  return kernelWords({
    ...SIZE,
    body: `
      %value = Load %u %size
      %p = AccessChain %word %o %c0 %g
      Store %p %value`,
  });
}

/** As {@linkcode subgroupSizeKernel}, at `o[gl_SubgroupSize]`: it is not proved safe to split. */
export function subgroupPlaceKernel(): Uint32Array<ArrayBuffer> {
  return kernelWords({
    ...SIZE,
    body: `
      %value = Load %u %size
      %p = AccessChain %word %o %c0 %value
      Store %p %value`,
  });
}

/** `o[g] = subgroupElect() ? 1 : 3`. */
export function subgroupElectKernel(): Uint32Array<ArrayBuffer> {
  return kernelWords({
    declarations: "%bool = TypeBool",
    body: `
      %elected = GroupNonUniformElect %bool %c3
      %value = Select %u %elected %c1 %c3
      %p = AccessChain %word %o %c0 %g
      Store %p %value`,
  });
}

/** `o[g] = g`, behind a barrier of a scope: 2 for work-groups, 3 for subgroups. */
export function barrierKernel(scope: 2 | 3): Uint32Array<ArrayBuffer> {
  return kernelWords({
    declarations: `
      %scope = Constant %u ${scope}
      %workgroup = Constant %u 2
      %semantics = Constant %u 264`,
    body: `
      ControlBarrier %scope %workgroup %semantics
      %p = AccessChain %word %o %c0 %g
      Store %p %g`,
  });
}
