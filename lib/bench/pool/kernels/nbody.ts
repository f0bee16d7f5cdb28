/**
 * One step of bodies that attract each other: all pairs.
 *
 * @module
 */

import { ComputeKernel } from "../../../spirv/compute_kernel.ts";
import type { KernelCode } from "../../../spirv/kernel.ts";
import type { Value, VectorType } from "../../../spirv/module.ts";
import { encodePush } from "../../../spirv/push_constants.ts";
import type { ExpectedWords, KernelSize, PoolKernel } from "../kernel.ts";
import { asFloats, randomFloats } from "./contents.ts";
import { sampled } from "./grid.ts";

/** Length of the step, and the square of the distance below which bodies attract each other no more. */
const STEP = Math.fround(0.01), SOFTENING = Math.fround(0.01);

/**
 * Operations of a pair, as they are usually counted (Nyland, Harris, Prins: "Fast N-Body Simulation with
 * CUDA", GPU Gems 3, chapter 31).
 */
const FLOPS_OF_PAIR = 20;

/** Bodies of a work-group, and the invocations that share the pulls on each: enough to fill a GPU with few bodies. */
const BODIES = 32, SEGMENTS = 4;

/** Invocations of a work-group, and bodies that it brings to its shared memory at a time. */
const TILE = BODIES * SEGMENTS;

/** Pulls that an invocation sums side by side, each in sums of its own. */
const UNROLLED = 4;

/**
 * Buffers: positions with masses, velocities; new positions, new velocities. Work-groups go through all bodies
 * tile by tile, each segment through its quarter of the tile; what is left behind the last whole tile is read
 * from the buffer.
 */
function code(): KernelCode {
  const kernel = new ComputeKernel({ localSize: TILE, addressing: "descriptor" });
  const vector = kernel.vector(kernel.f32, 4);
  const positions = kernel.buffer(vector), velocities = kernel.buffer(vector);
  const newPositions = kernel.buffer(vector), newVelocities = kernel.buffer(vector);
  const bodies = kernel.push("bodies", kernel.u32), step = kernel.push("step", kernel.f32);
  const softening = kernel.push("softening", kernel.f32);
  // The bodies of whole tiles.
  const tiled = kernel.push("tiled", kernel.u32);
  return kernel.body((k) => {
    const c = (value: number) => k.constant(k.u32, value);
    const still = k.constant(k.f32, 0);
    const tile = k.workgroupArray(vector, TILE);
    const sums = [0, 1, 2].map(() => k.workgroupArray(k.f32, TILE));
    const t = k.localId(0);
    const segment = k.divide(t, c(BODIES));
    const i = k.add(k.mul(k.workgroupId(0), c(BODIES)), k.modulo(t, c(BODIES)));
    // Every invocation comes to the barriers: those beyond the last body work on it too, and store nothing.
    const near = k.min(i, k.sub(bodies(), c(1)));
    const own = positions.load(near), velocity = velocities.load(near);
    const at = [0, 1, 2].map((axis) => k.extract(own, axis));
    const pulls = Array.from({ length: UNROLLED }, () => at.map(() => k.variable(still)));

    const add = (other: Value<VectorType>, pull: (typeof pulls)[number]) => {
      const away = at.map((mine, axis) => k.sub(k.extract(other, axis), mine));
      const distance2 = away.reduce((sum, each) => k.fma(each, each, sum), softening());
      const inverse = k.inverseSqrt(distance2);
      const cubed = k.mul(k.mul(inverse, inverse), inverse);
      const strength = k.mul(k.extract(other, 3), cubed);
      pull.forEach((sum, axis) => {
        const each = away[axis];
        if (each) sum.store(k.fma(each, strength, sum.load()));
      });
    };

    k.loop(c(0), tiled(), c(TILE), (start) => {
      tile.store(t, positions.load(k.add(start, t)));
      k.barrier();
      const first = k.mul(segment, c(BODIES));
      k.loop(c(0), c(BODIES), c(UNROLLED), (j) => {
        const from = k.add(first, j);
        pulls.forEach((pull, lane) => add(tile.load(k.add(from, c(lane))), pull));
      });
      k.barrier();
    });
    const [rest = []] = pulls;
    k.loop(k.add(tiled(), segment), bodies(), c(SEGMENTS), (j) => add(positions.load(j), rest));

    sums.forEach((shared, axis) => {
      const all = pulls.map((pull) => pull[axis]?.load() ?? still);
      shared.store(t, all.reduce((sum, each) => k.add(sum, each)));
    });
    k.barrier();
    k.when(k.both(k.less(t, c(BODIES)), k.less(i, bodies())), () => {
      const moved = sums.map((shared, axis) => {
        let pull = shared.load(t);
        for (let other = 1; other < SEGMENTS; other++) {
          pull = k.add(pull, shared.load(k.add(t, c(other * BODIES))));
        }
        const speed = k.fma(pull, step(), k.extract(velocity, axis));
        return { speed, place: k.fma(speed, step(), k.extract(own, axis)) };
      });
      const places = [...moved.map(({ place }) => place), k.extract(own, 3)];
      const speeds = [...moved.map(({ speed }) => speed), k.extract(velocity, 3)];
      newPositions.store(i, k.composite(vector, places));
      newVelocities.store(i, k.composite(vector, speeds));
    });
  });
}

/** New place and velocity of body `i`, in binary64: x, y, z and what stands fourth. */
function moved(positions: Float32Array, velocities: Float32Array, i: number) {
  const [x = 0, y = 0, z = 0, mass = 0] = positions.subarray(4 * i, 4 * i + 4);
  const pull = [0, 0, 0];
  for (let at = 0; at < positions.length; at += 4) {
    const dx = (positions[at] ?? 0) - x;
    const dy = (positions[at + 1] ?? 0) - y;
    const dz = (positions[at + 2] ?? 0) - z;
    const strength = (positions[at + 3] ?? 0) * (dx * dx + dy * dy + dz * dz + SOFTENING) ** -1.5;
    pull[0] = (pull[0] ?? 0) + dx * strength;
    pull[1] = (pull[1] ?? 0) + dy * strength;
    pull[2] = (pull[2] ?? 0) + dz * strength;
  }
  const speeds = pull.map((sum, axis) => (velocities[4 * i + axis] ?? 0) + sum * STEP);
  return {
    velocity: [...speeds, velocities[4 * i + 3] ?? 0],
    position: [...[x, y, z].map((place, axis) => place + (speeds[axis] ?? 0) * STEP), mass],
  };
}

function reference(
  { width }: KernelSize,
  positions: Float32Array,
  velocities: Float32Array,
  samples: number,
): ExpectedWords[] {
  const bodies = [...sampled(width, samples)];
  const results = bodies.map((i) => moved(positions, velocities, i));
  const words = Uint32Array.from(bodies.flatMap((i) => [4 * i, 4 * i + 1, 4 * i + 2, 4 * i + 3]));
  return [
    { buffer: 2, words, values: Float32Array.from(results.flatMap(({ position }) => position)) },
    { buffer: 3, words, values: Float32Array.from(results.flatMap(({ velocity }) => velocity)) },
  ];
}

/** The n-body kernel; `width` is the number of bodies. */
export function nbody(): PoolKernel {
  const kernel = code();
  return {
    id: "nbody",
    title: "n-body step",
    depth: null,
    code: kernel,
    small: { width: 301, height: 1, depth: 1 },
    first: { width: 4096, height: 1, depth: 1 },
    scale: (size, factor) => ({
      ...size,
      width: Math.max(64, Math.round(size.width * Math.sqrt(factor))),
    }),
    groups: ({ width }) => [Math.ceil(width / BODIES), 1, 1],
    push: ({ width }) =>
      encodePush(kernel, {
        bodies: width,
        step: STEP,
        softening: SOFTENING,
        tiled: width - width % TILE,
      }),
    buffers: ({ width }) => [
      { bytes: 16 * width, role: "in" },
      { bytes: 16 * width, role: "in" },
      { bytes: 16 * width, role: "out" },
      { bytes: 16 * width, role: "out" },
    ],
    fill({ width }) {
      const positions = randomFloats(1, 4 * width, -1, 1);
      const floats = asFloats(positions);
      // All masses together are 1, however many there are: the pull stays of one size.
      for (let i = 3; i < floats.length; i += 4) floats[i] = (1.5 + (floats[i] ?? 0)) / width;
      return [positions, randomFloats(2, 4 * width, -0.5, 0.5), null, null];
    },
    reference: (size, [positions, velocities], samples) =>
      reference(size, asFloats(positions), asFloats(velocities), samples),
    tolerance: 1e-4,
    work: ({ width }) => FLOPS_OF_PAIR * width * width,
    unit: "FLOP",
    expectation: {
      kind: "split",
      dimension: 0,
      reason: "each work-group writes its own bodies, to buffers that none reads",
    },
  };
}
