/**
 * A Vulkan device made ready to be measured.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { CommandBuffer, Timestamps } from "../../../ffi/vulkan/commands.ts";
import { Device, type DeviceBuffer, type Queue } from "../../../ffi/vulkan/device.ts";
import type { Instance } from "../../../ffi/vulkan/instance.ts";
import { VulkanError } from "../../../ffi/vulkan/loader.ts";
import {
  cooperativeMatrices,
  flexibleMatrices,
  type FlexibleMatrixProperties,
  type MatrixProperties,
} from "../../../ffi/vulkan/cooperative_matrix.ts";
import type { PhysicalDevice } from "../../../ffi/vulkan/physical_device.ts";
import { Pipeline } from "../../../ffi/vulkan/pipeline.ts";
import type { Addressing, KernelCode } from "../../spirv/kernel.ts";
import { encodePush } from "../../spirv/push_constants.ts";
import { ImplausibleError } from "../benchmark.ts";

/** `VK_QUEUE_COMPUTE_BIT`. */
const QUEUE_COMPUTE = 2;

/** A kernel with its buffers and the values of its push constants. */
export interface Job {
  pipeline: Pipeline;
  push: Uint8Array<ArrayBuffer>;
  workgroups: number;
}

/** Records work into a command buffer. */
export type Recorder = (commands: CommandBuffer) => void;

/** A submission that can be repeated and timed. */
export interface Timed extends Disposable {
  /** Submits, waits, and gives the device time (or, without timestamps, the host's) in nanoseconds. */
  run(): number;
}

/** An open device and the one queue on which most benchmarks run. */
export class VulkanTarget implements Disposable {
  /** The GPU's stable id. */
  readonly id: string;
  readonly physical: PhysicalDevice;
  readonly device: Device;
  /** The first queue that computes. */
  readonly queue: Queue;
  /** By which clock device work is timed. */
  readonly clock: "device" | "host";
  readonly #owned = new DisposableStack();
  readonly #fence: bigint;
  readonly #oneShot: CommandBuffer;
  readonly #shared = new Map<string, DeviceBuffer>();
  readonly #companions = new Map<string, Disposable>();
  readonly #instance: Instance;
  #matrixProperties: readonly MatrixProperties[] | undefined;
  #flexibleMatrices: readonly FlexibleMatrixProperties[] | undefined;

  /**
   * Opens a device.
   *
   * @throws {VulkanError} where the driver refuses, or no queue computes.
   */
  constructor(id: string, instance: Instance, physical: PhysicalDevice) {
    this.id = id;
    this.#instance = instance;
    this.physical = physical;
    using undo = new DisposableStack();
    this.device = undo.use(new Device(instance, physical));
    const queue = this.device.queues.find((each) => this.#computes(each.family));
    if (queue === undefined) throw new VulkanError("a queue that computes", -8);
    this.queue = queue;
    this.clock = Timestamps.validBits(this.device, queue) > 0 ? "device" : "host";
    this.#fence = this.device.createFence();
    undo.defer(() => this.device.destroyFence(this.#fence));
    this.#oneShot = undo.use(new CommandBuffer(this.device, queue));
    this.#owned.use(undo.move());
  }

  #computes(family: number): boolean {
    return ((this.physical.queueFamilies[family]?.flags ?? 0) & QUEUE_COMPUTE) !== 0;
  }

  /** Whether this is a program on the processor: llvmpipe, SwiftShader. */
  get isSoftware(): boolean {
    return this.physical.type === "cpu";
  }

  /** Queues that compute, {@linkcode queue} first. */
  get computeQueues(): Queue[] {
    return this.device.queues.filter((each) => this.#computes(each.family));
  }

  /** How kernels reach their buffers here. */
  get addressing(): Addressing {
    return this.device.hasBufferAddresses ? "device_address" : "descriptor";
  }

  /** Most invocations of a workgroup along x. */
  get maxLocalSize(): number {
    const { maxComputeWorkGroupInvocations, maxComputeWorkGroupSize } = this.physical.limits;
    return Math.min(maxComputeWorkGroupInvocations, maxComputeWorkGroupSize[0] ?? 128);
  }

  /** Invocations of a workgroup: 256, or what the device allows. */
  get localSize(): number {
    return Math.min(256, this.maxLocalSize);
  }

  /** Most workgroups of one dispatch in x. */
  get maxWorkgroups(): number {
    return this.physical.limits.maxComputeWorkGroupCount[0] ?? 65535;
  }

  /**
   * A buffer that benchmarks of this device share under a name, made on first use.
   *
   * @param make fills it when it is new.
   */
  shared(name: string, size: number, make?: (buffer: DeviceBuffer) => void): DeviceBuffer {
    const key = `${name}:${size}`;
    let buffer = this.#shared.get(key);
    if (buffer === undefined) {
      buffer = this.device.createBuffer(size, "device");
      this.#shared.set(key, buffer);
      make?.(buffer);
    }
    return buffer;
  }

  /** A new buffer in the device's memory that holds `bytes`. */
  upload(bytes: Uint8Array): DeviceBuffer {
    using staging = this.device.createBuffer(bytes.length, "host");
    staging.bytes?.set(bytes);
    const buffer = this.device.createBuffer(bytes.length, "device");
    this.run((c) => c.copy(staging, buffer, { size: bytes.length }));
    return buffer;
  }

  /** The cooperative matrices that the device advertises (VK_KHR_cooperative_matrix). */
  matrixProperties(): readonly MatrixProperties[] {
    return this.#matrixProperties ??= cooperativeMatrices(this.#instance, this.physical);
  }

  /** The cooperative matrices whose sizes can be chosen (VK_NV_cooperative_matrix2). */
  flexibleMatrices(): readonly FlexibleMatrixProperties[] {
    return this.#flexibleMatrices ??= flexibleMatrices(this.#instance, this.physical);
  }

  /**
   * What benchmarks of this device share beside buffers, opened on first use and closed with the device:
   * the device in its vendor's own runtime.
   */
  companion<T extends Disposable>(name: string, open: () => T): T {
    const companion = this.#companions.get(name) ?? open();
    this.#companions.set(name, companion);
    return companion as T;
  }

  /** The shared buffers of a name, of whatever size. */
  *sharedNamed(name: string): Iterable<DeviceBuffer> {
    for (const [key, buffer] of this.#shared) if (key.startsWith(`${name}:`)) yield buffer;
  }

  /** Gives the shared buffers' memory back. */
  releaseShared(): void {
    for (const buffer of this.#shared.values()) buffer[Symbol.dispose]();
    this.#shared.clear();
  }

  /**
   * Compiles a kernel for given buffers and push constants.
   *
   * @param values push constants by name.
   */
  job(
    code: KernelCode,
    buffers: readonly DeviceBuffer[],
    values: Record<string, number>,
    workgroups: number,
  ): Job & Disposable {
    const pipeline = new Pipeline(this.device, code, buffers);
    return {
      pipeline,
      push: pushBytes(code, buffers, values),
      workgroups,
      [Symbol.dispose]: () => pipeline[Symbol.dispose](),
    };
  }

  /** Records, submits and waits. */
  run(record: Recorder): void {
    this.#oneShot.record(record);
    this.device.submit(this.queue, [this.#oneShot.handle], this.#fence);
    this.device.waitFence(this.#fence);
  }

  /** Prepares a submission to be timed again and again. */
  timed(record: Recorder): Timed {
    using undo = new DisposableStack();
    const commands = undo.use(new CommandBuffer(this.device, this.queue));
    const timer = this.clock === "device"
      ? undo.use(new Timestamps(this.device, this.queue))
      : undefined;
    commands.record((c) => {
      if (timer) c.resetTimestamps(timer);
      c.barrier();
      if (timer) c.timestamp(timer, 0);
      record(c);
      c.barrier();
      if (timer) c.timestamp(timer, 1);
    });
    const owned = undo.move();
    return {
      run: () => {
        const before = performance.now();
        this.device.submit(this.queue, [commands.handle], this.#fence);
        this.device.waitFence(this.#fence);
        const host = (performance.now() - before) * 1e6;
        if (timer === undefined) return host;
        const device = timer.elapsedNanoseconds();
        // The submission contains the timed work: the device cannot have taken longer than the host waited.
        if (device > host * 1.05 + 1e4) {
          throw new ImplausibleError(
            `the device's timestamps say ${device} ns, the host waited ${Math.round(host)} ns`,
          );
        }
        return device;
      },
      [Symbol.dispose]: () => owned.dispose(),
    };
  }

  /** Copies `size` bytes at `offset` of a device buffer to the host. */
  readBack(buffer: DeviceBuffer, offset: number, size: number): Uint8Array<ArrayBuffer> {
    using staging = this.device.createBuffer(size, "host");
    this.run((c) => {
      c.barrier();
      c.copy(buffer, staging, { size, fromOffset: offset });
      c.barrierToHost();
    });
    const copy = new Uint8Array(size);
    copy.set(staging.bytes ?? []);
    return copy;
  }

  /** Closes the device. */
  [Symbol.dispose](): void {
    this.releaseShared();
    for (const companion of this.#companions.values()) companion[Symbol.dispose]();
    this.#owned.dispose();
  }
}

/** SHA-256 of a shader's SPIR-V words, in hexadecimal. */
export function shaderHash({ words }: Pick<KernelCode, "words">): string {
  return createHash("sha256").update(new Uint8Array(words.buffer)).digest("hex");
}

/** Binds a job and runs it, as often as `times` says, one after the other. */
export function dispatch(commands: CommandBuffer, job: Job, times = 1): void {
  commands.bind(job.pipeline);
  commands.push(job.pipeline, job.push);
  for (let i = 0; i < times; i++) {
    if (i > 0) commands.barrier();
    commands.dispatch(job.workgroups);
  }
}

/** The push constants of a kernel: the buffers' addresses where it takes them, then the values. */
export function pushBytes(
  code: KernelCode,
  buffers: readonly DeviceBuffer[],
  values: Record<string, number>,
): Uint8Array<ArrayBuffer> {
  const bytes = encodePush(code, values);
  const view = new DataView(bytes.buffer);
  if (code.addressing === "device_address") {
    buffers.forEach((buffer, i) => view.setBigUint64(8 * i, buffer.address ?? 0n, true));
  }
  return bytes;
}
