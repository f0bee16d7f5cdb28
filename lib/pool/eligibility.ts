/**
 * Whether a member can run a launch at all: its limits, and what the module asks for.
 *
 * Source: the Vulkan specification's table of SPIR-V capabilities ("Validation Rules within a Module"), and
 * "Limits".
 *
 * @module
 */

import type { Launch } from "./dispatch.ts";
import { whyNoImageOn } from "./image.ts";
import type { Member } from "./member.ts";
import { whyNoMemory } from "./memory_check.ts";

/** Features of a device by the SPIR-V capability that needs one of them; those without need none. */
const FEATURES: ReadonlyMap<number, readonly string[]> = new Map([
  [9, ["shaderFloat16"]], // Float16
  [10, ["shaderFloat64"]], // Float64
  [11, ["shaderInt64"]], // Int64
  [12, ["shaderInt64"]], // Int64Atomics: and shaderBufferInt64Atomics, which is of the atomics' kind
  [22, ["shaderInt16"]], // Int16
  [39, ["shaderInt8"]], // Int8
  [49, ["shaderStorageImageExtendedFormats"]], // StorageImageExtendedFormats
  [55, ["shaderStorageImageReadWithoutFormat"]], // StorageImageReadWithoutFormat
  [56, ["shaderStorageImageWriteWithoutFormat"]], // StorageImageWriteWithoutFormat
  [4433, ["storageBuffer16BitAccess"]], // StorageBuffer16BitAccess
  [4434, ["uniformAndStorageBuffer16BitAccess"]], // UniformAndStorageBuffer16BitAccess
  [4441, ["variablePointersStorageBuffer"]], // VariablePointersStorageBuffer
  [4442, ["variablePointers"]], // VariablePointers
  [4448, ["storageBuffer8BitAccess"]], // StorageBuffer8BitAccess
  [4449, ["uniformAndStorageBuffer8BitAccess"]], // UniformAndStorageBuffer8BitAccess
  [5345, ["vulkanMemoryModel"]], // VulkanMemoryModel
  [5347, ["bufferDeviceAddress"]], // PhysicalStorageBufferAddresses
  [6018, ["shaderIntegerDotProduct"]], // DotProductInput4x8BitPacked
  [6019, ["shaderIntegerDotProduct"]], // DotProduct
  [6022, ["cooperativeMatrix"]], // CooperativeMatrixKHR
]);

/** Why a member cannot run a launch, in one line; undefined where it can. */
export function whyNotOn(member: Member, launch: Launch): string | undefined {
  const { limits, features } = member.physical;
  const { kernel, groups, bindings } = launch;
  for (const capability of kernel.info.capabilities) {
    const lacking = FEATURES.get(capability)?.find((feature) => !features.has(feature));
    if (lacking !== undefined) return `${member.name} has no ${lacking}`;
  }
  const { pushBytes, localSize } = kernel.info;
  if (pushBytes > limits.maxPushConstantsSize) {
    return `${member.name} takes ${limits.maxPushConstantsSize} bytes of push constants`;
  }
  const most = limits.maxComputeWorkGroupCount;
  const tooMany = groups.findIndex((count, i) => count > (most[i] ?? 65535));
  if (tooMany >= 0) {
    return `${member.name} takes ${most[tooMany]} work-groups in ${"xyz"[tooMany]}`;
  }
  const invocations = localSize.reduce((product, count) => product * count, 1);
  const tooLarge = localSize.findIndex((count, i) =>
    count > (limits.maxComputeWorkGroupSize[i] ?? 0)
  );
  if (invocations > limits.maxComputeWorkGroupInvocations || tooLarge >= 0) {
    return `${member.name} takes no work-groups of ${localSize.join(" x ")} invocations`;
  }
  for (const { set, binding, offset, size, image } of bindings) {
    if (image !== null) {
      const why = whyNoImageOn(member, image.facts);
      if (why !== undefined) return why;
      continue;
    }
    const kind = kernel.info.bindings.find((each) => each.set === set && each.binding === binding)
      ?.kind;
    const isUniform = kind === "uniform_buffer";
    const range = isUniform ? limits.maxUniformBufferRange : limits.maxStorageBufferRange;
    if (size > range) return `${member.name} binds at most ${range} bytes at once`;
    const step = Number(
      isUniform ? limits.minUniformBufferOffsetAlignment : limits.minStorageBufferOffsetAlignment,
    );
    if (offset % step !== 0) return `${member.name} binds at multiples of ${step} bytes alone`;
  }
  const used = new Set(bindings.map(({ buffer, image }) => image ?? buffer.store));
  const needed = [...used].reduce((sum, each) => sum + each.memoryNeededOn(member), 0);
  return needed === 0 ? undefined : whyNoMemory(member, needed);
}
