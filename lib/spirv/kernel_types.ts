/**
 * What kernels are made of, and what a finished one is.
 *
 * @module
 */

import type { PointerType, ScalarType, SpirvVersion, Type, Value, VectorType } from "./module.ts";

/**
 * How a kernel reaches its buffers: by 64-bit address from the push constants
 * (VK_KHR_buffer_device_address: any size), or as descriptors of set 0 in the order of declaration
 * (at most `maxStorageBufferRange` bytes each).
 */
export type Addressing = "device_address" | "descriptor";

/** 0 is x, 1 is y, 2 is z. */
export type Axis = 0 | 1 | 2;

/** Invocations of a workgroup: along x alone, or along each dimension; what is left out is 1. */
export type LocalSize = number | readonly [x: number, y?: number, z?: number];

/** Options of {@linkcode Kernel}. */
export interface KernelOptions {
  /** Invocations of a workgroup. */
  localSize: LocalSize;
  addressing: Addressing;
  /** SPIR-V version; from 1.6 on with the Vulkan memory model. */
  version?: SpirvVersion;
}

/** A number or vector of numbers. */
export type NumericType = ScalarType | VectorType;

/** An array in device memory, declared by {@linkcode Kernel.buffer}. */
export interface KernelBuffer<T extends NumericType = NumericType> {
  readonly element: T;
  /** Address of element `index`. */
  at(index: Value): Value<PointerType>;
  /** Loads element `index`. */
  load(index: Value): Value<T>;
  /** Stores element `index`. */
  store(index: Value, value: Value<T>): void;
}

/** A function-local variable. */
export interface Variable<T extends Type> {
  load(): Value<T>;
  store(value: Value<T>): void;
}

/** A finished kernel. */
export interface KernelCode {
  /** The SPIR-V module; its entry point is `main`. */
  words: Uint32Array<ArrayBuffer>;
  addressing: Addressing;
  /** Buffers in order of declaration: descriptors of set 0, or addresses at the start of the push constants. */
  bufferCount: number;
  /** Name of each push constant after the addresses -> byte offset. */
  pushOffsets: ReadonlyMap<string, { offset: number; type: ScalarType }>;
  /** Bytes of push constants, addresses included. */
  pushBytes: number;
  /** Invocations of a workgroup, all together. */
  localSize: number;
  /** Invocations of a workgroup along x, y and z. */
  workgroup: readonly [x: number, y: number, z: number];
}

/** Invocations of a workgroup along x, y and z. */
export function workgroupShape(size: LocalSize): readonly [x: number, y: number, z: number] {
  const [x, y = 1, z = 1] = typeof size === "number" ? [size] : size;
  return [x, y, z];
}

/** Bytes of one element: that of a tightly packed vector. */
export function sizeOf(type: NumericType): number {
  return type.kind === "vector" ? type.count * sizeOf(type.component) : type.width / 8;
}

/** The scalar type of a number, or of a vector's components. */
export function scalarOf(type: NumericType): ScalarType {
  return type.kind === "vector" ? type.component : type;
}
