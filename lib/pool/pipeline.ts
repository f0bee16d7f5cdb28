/**
 * A compute kernel on one device, which can run any part of a grid.
 *
 * Source: `vkCmdDispatchBase` of Vulkan 1.1: the ids of work-groups and invocations count from the base on.
 *
 * @module
 */

import type { Device, DeviceBuffer } from "../../ffi/vulkan/device.ts";
import {
  VkDescriptorType,
  VkPipelineBindPoint,
  VkPipelineCreateFlagBits,
  VkShaderStageFlagBits,
} from "../../ffi/vulkan/generated/enums.ts";
import { type DeviceImage, IMAGE_LAYOUT } from "../../ffi/vulkan/image.ts";
import * as vk from "../../ffi/vulkan/generated/structs.ts";
import { encode } from "../../ffi/struct.ts";
import type { Triple } from "./analysis/verdict.ts";

const COMPUTE = VkShaderStageFlagBits.VK_SHADER_STAGE_COMPUTE_BIT;

/** Descriptor sets that a pool holds before the next one is made. */
const SETS_A_POOL = 32;

/** Kinds of buffers and images that a kernel may bind. */
export type DescriptorKind = "storage_buffer" | "uniform_buffer" | "storage_image";

const DESCRIPTOR: Readonly<Record<DescriptorKind, number>> = {
  storage_buffer: VkDescriptorType.VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
  uniform_buffer: VkDescriptorType.VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER,
  storage_image: VkDescriptorType.VK_DESCRIPTOR_TYPE_STORAGE_IMAGE,
};

/** A module and what it binds. */
export interface PipelineCode {
  words: Uint32Array<ArrayBuffer>;
  entryPoint: string;
  /** 32-bit words by `SpecId`. */
  specialization: ReadonlyMap<number, number>;
  /** Size of the push constants in bytes. */
  pushBytes: number;
  bindings: readonly { set: number; binding: number; kind: DescriptorKind }[];
}

/** A part of a buffer, as it is bound. */
export interface BoundBuffer {
  set: number;
  binding: number;
  buffer: Pick<DeviceBuffer, "handle">;
  offset: number;
  size: number;
}

/** An image, as it is bound. */
export interface BoundImage {
  set: number;
  binding: number;
  image: Pick<DeviceImage, "view">;
}

/** Descriptor sets of one dispatch, to be given back once it is done. */
export interface BoundSets {
  readonly handles: BigUint64Array<ArrayBuffer>;
}

/** The pipeline. Dispose it once nothing that uses it runs any more. */
export class PoolPipeline implements Disposable {
  readonly #device: Device;
  readonly #code: PipelineCode;
  readonly #owned = new DisposableStack();
  readonly #setLayouts: BigUint64Array<ArrayBuffer>;
  readonly #layout: bigint;
  readonly #pipeline: bigint;
  readonly #free: BoundSets[] = [];

  /** @throws {VulkanError} where the driver refuses the module. */
  constructor(device: Device, code: PipelineCode) {
    this.#device = device;
    this.#code = code;
    using undo = new DisposableStack();
    this.#setLayouts = this.#createSetLayouts(undo);
    this.#layout = this.#createLayout(undo);
    this.#pipeline = this.#compile(undo);
    this.#owned.use(undo.move());
  }

  #createSetLayouts(undo: DisposableStack): BigUint64Array<ArrayBuffer> {
    const { symbols, handle, created } = this.#device;
    const { bindings } = this.#code;
    // Sets that the kernel skips are there, and empty.
    const sets = bindings.reduce((most, { set }) => Math.max(most, set + 1), 0);
    return BigUint64Array.from({ length: sets }, (_, set) => {
      const info = encode(vk.VkDescriptorSetLayoutCreateInfo, {
        pBindings: bindings.filter((each) => each.set === set).map(({ binding, kind }) => ({
          binding,
          descriptorType: DESCRIPTOR[kind],
          descriptorCount: 1,
          stageFlags: COMPUTE,
        })),
      });
      const layout = created(
        "vkCreateDescriptorSetLayout",
        (out) => symbols.vkCreateDescriptorSetLayout(handle, info.bytes, null, out),
      );
      undo.defer(() => symbols.vkDestroyDescriptorSetLayout(handle, layout, null));
      return layout;
    });
  }

  #createLayout(undo: DisposableStack): bigint {
    const { symbols, handle, created } = this.#device;
    const { pushBytes } = this.#code;
    const info = encode(vk.VkPipelineLayoutCreateInfo, {
      pSetLayouts: this.#setLayouts,
      pPushConstantRanges: pushBytes === 0 ? [] : [{ stageFlags: COMPUTE, size: pushBytes }],
    });
    const layout = created(
      "vkCreatePipelineLayout",
      (out) => symbols.vkCreatePipelineLayout(handle, info.bytes, null, out),
    );
    undo.defer(() => symbols.vkDestroyPipelineLayout(handle, layout, null));
    return layout;
  }

  #compile(undo: DisposableStack): bigint {
    const { symbols, handle, created } = this.#device;
    const { words, entryPoint, specialization } = this.#code;
    const moduleInfo = encode(vk.VkShaderModuleCreateInfo, {
      codeSize: BigInt(words.byteLength),
      pCode: new Uint8Array(words.buffer, words.byteOffset, words.byteLength),
    });
    const module = created(
      "vkCreateShaderModule",
      (out) => symbols.vkCreateShaderModule(handle, moduleInfo.bytes, null, out),
    );
    const values = Uint32Array.from(specialization.values());
    const info = encode(vk.VkComputePipelineCreateInfo, {
      flags: VkPipelineCreateFlagBits.VK_PIPELINE_CREATE_DISPATCH_BASE_BIT,
      stage: {
        stage: COMPUTE,
        module,
        pName: entryPoint,
        ...(specialization.size > 0 && {
          pSpecializationInfo: {
            pMapEntries: Array.from(specialization.keys(), (constantID, i) => ({
              constantID,
              offset: 4 * i,
              size: 4n,
            })),
            dataSize: BigInt(values.byteLength),
            pData: new Uint8Array(values.buffer),
          },
        }),
      },
      layout: this.#layout,
    });
    try {
      const pipeline = created(
        "vkCreateComputePipelines",
        (out) => symbols.vkCreateComputePipelines(handle, 0n, 1, info.bytes, null, out),
      );
      undo.defer(() => symbols.vkDestroyPipeline(handle, pipeline, null));
      return pipeline;
    } finally {
      symbols.vkDestroyShaderModule(handle, module, null);
    }
  }

  /** Makes descriptor sets for as many dispatches as a pool holds. */
  #grow(): void {
    const { symbols, handle, created } = this.#device;
    const { bindings } = this.#code;
    const kinds = [...new Set(bindings.map(({ kind }) => kind))];
    const info = encode(vk.VkDescriptorPoolCreateInfo, {
      maxSets: SETS_A_POOL * this.#setLayouts.length,
      pPoolSizes: kinds.map((kind) => ({
        type: DESCRIPTOR[kind],
        descriptorCount: SETS_A_POOL * bindings.filter((each) => each.kind === kind).length,
      })),
    });
    const pool = created(
      "vkCreateDescriptorPool",
      (out) => symbols.vkCreateDescriptorPool(handle, info.bytes, null, out),
    );
    this.#owned.defer(() => symbols.vkDestroyDescriptorPool(handle, pool, null));
    const allocate = encode(vk.VkDescriptorSetAllocateInfo, {
      descriptorPool: pool,
      pSetLayouts: this.#setLayouts,
    });
    for (let i = 0; i < SETS_A_POOL; i++) {
      const handles = new BigUint64Array(this.#setLayouts.length);
      created("vkAllocateDescriptorSets", (out) => {
        const result = symbols.vkAllocateDescriptorSets(
          handle,
          allocate.bytes,
          new Uint8Array(handles.buffer),
        );
        out.fill(0);
        return result;
      });
      this.#free.push({ handles });
    }
  }

  /** Binds buffers and images for one dispatch. Give the sets back by {@linkcode release} once it is done. */
  bind(bound: readonly (BoundBuffer | BoundImage)[]): BoundSets {
    if (this.#setLayouts.length === 0) return { handles: new BigUint64Array(0) };
    if (this.#free.length === 0) this.#grow();
    const sets = this.#free.pop();
    if (sets === undefined) throw new Error("a pool of descriptor sets was made without sets");
    const { symbols, handle } = this.#device;
    for (const each of bound) {
      const { set, binding } = each;
      const kind = this.#code.bindings.find((one) => one.set === set && one.binding === binding);
      if (kind === undefined) continue;
      const write = encode(vk.VkWriteDescriptorSet, {
        dstSet: sets.handles[set] ?? 0n,
        dstBinding: binding,
        descriptorType: DESCRIPTOR[kind.kind],
        ...("image" in each
          ? { pImageInfo: [{ imageView: each.image.view, imageLayout: IMAGE_LAYOUT }] }
          : {
            pBufferInfo: [{
              buffer: each.buffer.handle,
              offset: BigInt(each.offset),
              range: BigInt(each.size),
            }],
          }),
      });
      symbols.vkUpdateDescriptorSets(handle, 1, write.bytes, 0, null);
    }
    return sets;
  }

  /** Takes sets back that no submission uses any more. */
  release(sets: BoundSets): void {
    if (sets.handles.length > 0) this.#free.push(sets);
  }

  /** Records the groups from `base` on, `count` of them. */
  dispatch(
    commands: { readonly handle: bigint },
    sets: BoundSets,
    push: Uint8Array<ArrayBuffer>,
    base: Triple,
    count: Triple,
  ): void {
    const { symbols } = this.#device;
    const point = VkPipelineBindPoint.VK_PIPELINE_BIND_POINT_COMPUTE;
    symbols.vkCmdBindPipeline(commands.handle, point, this.#pipeline);
    const { handles } = sets;
    if (handles.length > 0) {
      const bytes = new Uint8Array(handles.buffer);
      symbols.vkCmdBindDescriptorSets(
        commands.handle,
        point,
        this.#layout,
        0,
        handles.length,
        bytes,
        0,
        null,
      );
    }
    const { pushBytes } = this.#code;
    if (pushBytes > 0) {
      symbols.vkCmdPushConstants(commands.handle, this.#layout, COMPUTE, 0, pushBytes, push);
    }
    symbols.vkCmdDispatchBase(commands.handle, ...base, ...count);
  }

  /** Destroys the pipeline; leaves it where a queue hangs, which may use it still. */
  [Symbol.dispose](): void {
    this.#device.release(() => this.#owned.dispose());
  }
}
