/**
 * Compute pipelines.
 *
 * @module
 */

import { encode } from "../struct.ts";
import type { Device, DeviceBuffer } from "./device.ts";
import {
  VkDescriptorType,
  VkPipelineCreateFlagBits,
  VkShaderStageFlagBits,
} from "./generated/enums.ts";
import * as vk from "./generated/structs.ts";
import { enumerate } from "./physical_device.ts";

const COMPUTE = VkShaderStageFlagBits.VK_SHADER_STAGE_COMPUTE_BIT;
const STORAGE = VkDescriptorType.VK_DESCRIPTOR_TYPE_STORAGE_BUFFER;

/** A compute shader and how it reaches its data; what `lib/spirv` makes. */
export interface ShaderCode {
  words: Uint32Array<ArrayBuffer>;
  /** By addresses at the start of the push constants, or by descriptors of set 0. */
  addressing: "device_address" | "descriptor";
  bufferCount: number;
  pushBytes: number;
}

/** A compute pipeline bound to its buffers. */
export class Pipeline implements Disposable {
  readonly code: ShaderCode;
  readonly layout: bigint;
  readonly handle: bigint;
  /** The descriptor set; 0 for a shader that takes addresses. */
  readonly descriptorSet: bigint;
  readonly #owned: DisposableStack;
  readonly #device: Device;
  readonly #captureStatistics: boolean;

  /**
   * Compiles `code` and binds `buffers` to it, in the shader's order.
   *
   * @throws {VulkanError} where the driver refuses the shader.
   * @throws {RangeError} for a wrong number of buffers.
   */
  constructor(
    device: Device,
    code: ShaderCode,
    buffers: readonly DeviceBuffer[],
    options: { captureStatistics?: boolean } = {},
  ) {
    this.#captureStatistics = options.captureStatistics === true &&
      device.physical.features.has("pipelineExecutableInfo");
    this.#device = device;
    if (buffers.length !== code.bufferCount) {
      throw new RangeError(`the shader takes ${code.bufferCount} buffers, not ${buffers.length}`);
    }
    using undo = new DisposableStack();
    this.code = code;
    const byDescriptor = code.addressing === "descriptor" && buffers.length > 0;
    const setLayout = byDescriptor ? this.#createSetLayout(device, undo) : 0n;
    this.layout = this.#createLayout(device, setLayout, undo);
    this.handle = this.#compile(device, undo);
    this.descriptorSet = byDescriptor ? this.#createSet(device, setLayout, buffers, undo) : 0n;
    this.#owned = undo.move();
  }

  #createSetLayout(device: Device, undo: DisposableStack): bigint {
    const { symbols, handle, created } = device;
    const info = encode(vk.VkDescriptorSetLayoutCreateInfo, {
      pBindings: Array.from({ length: this.code.bufferCount }, (_, binding) => ({
        binding,
        descriptorType: STORAGE,
        descriptorCount: 1,
        stageFlags: COMPUTE,
      })),
    });
    const layout = created(
      "vkCreateDescriptorSetLayout",
      (out) => symbols.vkCreateDescriptorSetLayout(handle, info.bytes, null, out),
    );
    undo.defer(() =>
      device.release(() => symbols.vkDestroyDescriptorSetLayout(handle, layout, null))
    );
    return layout;
  }

  #createLayout(device: Device, setLayout: bigint, undo: DisposableStack): bigint {
    const { symbols, handle, created } = device;
    const { pushBytes } = this.code;
    const info = encode(vk.VkPipelineLayoutCreateInfo, {
      pSetLayouts: BigUint64Array.from(setLayout === 0n ? [] : [setLayout]),
      pPushConstantRanges: pushBytes === 0 ? [] : [{ stageFlags: COMPUTE, size: pushBytes }],
    });
    const layout = created(
      "vkCreatePipelineLayout",
      (out) => symbols.vkCreatePipelineLayout(handle, info.bytes, null, out),
    );
    undo.defer(() => device.release(() => symbols.vkDestroyPipelineLayout(handle, layout, null)));
    return layout;
  }

  #compile(device: Device, undo: DisposableStack): bigint {
    const { symbols, handle, created } = device;
    const { words } = this.code;
    const moduleInfo = encode(vk.VkShaderModuleCreateInfo, {
      codeSize: BigInt(words.byteLength),
      pCode: new Uint8Array(words.buffer),
    });
    const module = created(
      "vkCreateShaderModule",
      (out) => symbols.vkCreateShaderModule(handle, moduleInfo.bytes, null, out),
    );
    const info = encode(vk.VkComputePipelineCreateInfo, {
      flags: this.#captureStatistics
        ? VkPipelineCreateFlagBits.VK_PIPELINE_CREATE_CAPTURE_STATISTICS_BIT_KHR
        : 0,
      stage: { stage: COMPUTE, module, pName: "main" },
      layout: this.layout,
    });
    try {
      const pipeline = created(
        "vkCreateComputePipelines",
        (out) => symbols.vkCreateComputePipelines(handle, 0n, 1, info.bytes, null, out),
      );
      undo.defer(() => device.release(() => symbols.vkDestroyPipeline(handle, pipeline, null)));
      return pipeline;
    } finally {
      symbols.vkDestroyShaderModule(handle, module, null);
    }
  }

  #createSet(
    device: Device,
    setLayout: bigint,
    buffers: readonly DeviceBuffer[],
    undo: DisposableStack,
  ): bigint {
    const { symbols, handle, created } = device;
    const poolInfo = encode(vk.VkDescriptorPoolCreateInfo, {
      maxSets: 1,
      pPoolSizes: [{ type: STORAGE, descriptorCount: buffers.length }],
    });
    const pool = created(
      "vkCreateDescriptorPool",
      (out) => symbols.vkCreateDescriptorPool(handle, poolInfo.bytes, null, out),
    );
    undo.defer(() => device.release(() => symbols.vkDestroyDescriptorPool(handle, pool, null)));
    const setInfo = encode(vk.VkDescriptorSetAllocateInfo, {
      descriptorPool: pool,
      pSetLayouts: BigUint64Array.of(setLayout),
    });
    const set = created(
      "vkAllocateDescriptorSets",
      (out) => symbols.vkAllocateDescriptorSets(handle, setInfo.bytes, out),
    );
    for (const [binding, buffer] of buffers.entries()) {
      const write = encode(vk.VkWriteDescriptorSet, {
        dstSet: set,
        dstBinding: binding,
        descriptorType: STORAGE,
        pBufferInfo: [{ buffer: buffer.handle, range: BigInt(buffer.size) }],
      });
      symbols.vkUpdateDescriptorSets(handle, 1, write.bytes, 0, null);
    }
    return set;
  }

  /**
   * What the driver's compiler says of the code, by its own names (`Register Count`); empty where the device
   * lacks VK_KHR_pipeline_executable_properties or `captureStatistics` was not set.
   */
  statistics(): Record<string, number> {
    const ask = this.#captureStatistics
      ? this.#device.extension("vkGetPipelineExecutableStatisticsKHR")
      : undefined;
    if (ask === undefined) return {};
    const { handle } = this.#device;
    const info = encode(vk.VkPipelineExecutableInfoKHR, { pipeline: this.handle });
    const found = enumerate(
      "vkGetPipelineExecutableStatisticsKHR",
      vk.VkPipelineExecutableStatisticKHR,
      (count, elements) => ask(handle, info.bytes, count, elements),
    );
    return Object.fromEntries(found.map(({ name, format, value }) => [
      name,
      // VkPipelineExecutableStatisticFormatKHR: BOOL32, INT64, UINT64, FLOAT64.
      format === 3 ? value.f64 : format === 0 ? value.b32 : Number(value.u64),
    ]));
  }

  /** Destroys the pipeline. */
  [Symbol.dispose](): void {
    this.#owned.dispose();
  }
}
