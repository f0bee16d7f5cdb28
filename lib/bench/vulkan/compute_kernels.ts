/**
 * The kernels of the arithmetic benchmarks: chains of dependent multiply-adds in registers.
 *
 * Each invocation runs `chains` independent recurrences on vectors of `width`, `UNROLL` steps in the
 * body of a loop that runs `loops` times. Coefficients come from push constants, so that no compiler can
 * fold the recurrence, and all chains end in the value that is stored, so that none can be left out.
 *
 * @module
 */

import { type Addressing, Kernel, type KernelCode, type NumericType } from "../../spirv/kernel.ts";
import type { ScalarType, Value } from "../../spirv/module.ts";

/** A type of number to calculate with. */
export type NumberFormat =
  | "fp64"
  | "fp32"
  | "fp16"
  | "int32"
  | "int16"
  | "int8_dot"
  | "int8_uint8_dot";

/** Whether a format's steps are dot products of packed bytes. */
export function isByteDot(format: string): boolean {
  return format.endsWith("8_dot");
}

/** The recurrence: `x = x * a + b`, or `x = x * x + b`. */
export type Recurrence = "affine" | "quadratic";

/**
 * How a step is written where it is not `Fma`: as a multiplication and an addition, which the compiler may
 * fuse, or with pairs of binary16 numbers that come from one 32-bit word. Compilers differ in which of them
 * they give an instruction for pairs.
 */
export type StepForm = "mul+add" | "packed fma" | "packed mul+add";

/** One way to arrange the arithmetic. */
export interface ChainShape {
  recurrence: Recurrence;
  /** Components of a vector. */
  width: 1 | 2 | 4;
  /** Independent recurrences of an invocation. */
  chains: number;
  /** For floating-point numbers; the packed ones for pairs of binary16 alone. */
  form?: StepForm;
}

/** Steps in the body of the loop. */
export const UNROLL = 32;

/** A shape for people: `vec2 x 4 chains, affine`. */
export function chainShapeName({ recurrence, width, chains, form }: ChainShape): string {
  const vector = width === 1 ? "scalar" : `vec${width}`;
  const name = `${vector} x ${chains} ${chains === 1 ? "chain" : "chains"}, ${recurrence}`;
  return form === undefined ? name : `${name}, ${form}`;
}

/**
 * The first value of component `component` of chain `chain` in invocation `invocation`, before scaling:
 * at most 18. No two chains start alike, or a compiler would find that they are one.
 */
export function firstValue(
  invocation: number,
  { width }: Pick<ChainShape, "width">,
  chain: number,
  component: number,
): number {
  return (invocation & 3) + chain * width + component;
}

function scalarType(kernel: Kernel, format: NumberFormat): ScalarType {
  switch (format) {
    case "fp64":
      return kernel.f64;
    case "fp32":
      return kernel.f32;
    case "fp16":
      return kernel.f16;
    case "int16":
      return kernel.u16;
    case "int32":
    case "int8_dot":
    case "int8_uint8_dot":
      return kernel.u32;
  }
}

/** What an invocation stores, and what coefficients come in: 32 bits for 16, so that no 16-bit storage is needed. */
function storedType(kernel: Kernel, format: NumberFormat): ScalarType {
  if (format === "fp16") return kernel.f32;
  return format === "int16" ? kernel.u32 : scalarType(kernel, format);
}

/** A number of either width as the other. */
function convert(k: Kernel, type: ScalarType, value: Value<ScalarType>): Value<ScalarType> {
  return type.kind === "float" ? k.convertFloat(type, value) : k.convertInteger(type, value);
}

/** Push constants: `a`, `b` and `scale` (32 bits, but 64 for fp64), `loops`. Buffers: results. */
export function chainKernel(
  target: { addressing: Addressing; localSize: number },
  format: NumberFormat,
  shape: ChainShape,
): KernelCode {
  const kernel = new Kernel(target);
  const scalar = scalarType(kernel, format), stored = storedType(kernel, format);
  const type: NumericType = shape.width === 1 ? scalar : kernel.vector(scalar, shape.width);
  const results = kernel.buffer(stored);
  const [a, b, scale] = ["a", "b", "scale"].map((name) => kernel.push(name, stored));
  const loops = kernel.push("loops", kernel.u32);
  return kernel.body((k) => {
    if (!a || !b || !scale) return;
    const isPacked = shape.form?.startsWith("packed") ?? false;
    const narrow = (value: Value<ScalarType>) => convert(k, scalar, value);
    const everywhere = (value: Value<ScalarType>) =>
      isPacked ? k.bitcast(type, k.packHalves(value, value)) : k.splat(type, narrow(value));
    const coefficient = everywhere(a()), addend = everywhere(b());
    const low = k.and(k.globalId(), k.constant(k.u32, 3));
    const first = (chain: number, component: number) => {
      const offset = k.constant(k.u32, firstValue(0, shape, chain, component));
      const whole = k.add(low, offset);
      const value = scalar.kind === "float" ? k.toFloat(scalar, whole) : narrow(whole);
      return k.mul(value, narrow(scale()));
    };
    const chains = Array.from({ length: shape.chains }, (_, chain) => {
      const parts = Array.from({ length: shape.width }, (_, i) => first(chain, i));
      const [only] = parts;
      const start = type.kind === "vector" ? k.composite(type, parts) : only;
      if (start === undefined) throw new Error("a vector has components");
      const value = start as Value<NumericType>;
      return k.variable(isPacked ? k.bitcast(k.u32, value) : value);
    });
    const loadAll = () =>
      chains.map((chain): Value<NumericType> =>
        isPacked ? k.bitcast(type, chain.load()) : chain.load()
      );
    const step = (x: Value<NumericType>): Value<NumericType> => {
      if (isByteDot(format)) {
        const scalars = x as Value<ScalarType>;
        const signs = format === "int8_dot" ? "signed" : "mixed";
        return k.add(k.dot4x8(scalars, narrow(a()), signs), scalars);
      }
      const factor = shape.recurrence === "affine" ? coefficient : x;
      const isFused = scalar.kind === "float" && !shape.form?.endsWith("mul+add");
      return isFused ? k.fma(x, factor, addend) : k.add(k.mul(x, factor), addend);
    };
    k.loop(k.constant(k.u32, 0), loops(), k.constant(k.u32, 1), () => {
      let values = loadAll();
      for (let i = 0; i < UNROLL; i++) values = values.map(step);
      values.forEach((value, i) => chains[i]?.store(isPacked ? k.bitcast(k.u32, value) : value));
    });
    const parts = loadAll().flatMap((value) =>
      Array.from({ length: shape.width }, (_, i) => k.extract(value, i))
    );
    const sum = parts.reduce((total, part) => k.add(total, part));
    results.store(k.globalId(), convert(k, stored, sum));
  });
}
