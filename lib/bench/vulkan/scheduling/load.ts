/**
 * Work that keeps a queue, and the device with it, busy for a while.
 *
 * @module
 */

import type { Queue } from "../../../../ffi/vulkan/device.ts";
import { CommandBuffer } from "../../../../ffi/vulkan/commands.ts";
import { Fence } from "../../../../ffi/vulkan/fence.ts";
import { Submission } from "../../../../ffi/vulkan/submission.ts";
import { chainKernel, type ChainShape } from "../compute_kernels.ts";
import { dispatch, pushBytes, type VulkanTarget } from "../target.ts";

/** How long one load keeps its device busy, in milliseconds, and in dispatches of how many. */
const LOAD_MS = 60, LOAD_DISPATCHES = 30;

/** How long the host waits for a load, or for what waits behind one, in nanoseconds. */
export const LOAD_PATIENCE_NS = 30_000_000_000n;

/** Arithmetic that fills a device. */
const LOAD_SHAPE: ChainShape = { recurrence: "affine", width: 1, chains: 4 };

/** A long submission, many dispatches long so that a fair scheduler has places to step in. */
export interface Load extends Disposable {
  start(): void;
  /** Whether it still runs. */
  isRunning(): boolean;
  /** Waits for its end. */
  finish(): void;
}

/** Prepares a load of {@linkcode LOAD_MS} on a queue that computes. */
export function prepareLoad(target: VulkanTarget, queue: Queue): Load {
  using undo = new DisposableStack();
  const { device } = target;
  const workgroups = target.isSoftware ? 64 : 8192;
  const results = undo.use(device.createBuffer(workgroups * target.localSize * 4, "device"));
  const code = chainKernel(target, "fp32", LOAD_SHAPE);
  const values = { a: -1, b: 1.5, scale: 0.25 };
  const job = undo.use(target.job(code, [results], { ...values, loops: 1 }, workgroups));
  const withLoops = (loops: number) => ({
    ...job,
    push: pushBytes(code, [results], { ...values, loops }),
  });
  let loops = 1, took = 0;
  const aim = (LOAD_MS * 1e6) / LOAD_DISPATCHES;
  for (; loops < 1 << 20; loops *= 4) {
    using trial = target.timed((c) => dispatch(c, withLoops(loops)));
    // The first run compiles, and raises clocks.
    trial.run();
    took = trial.run();
    if (took > aim / 8) break;
  }
  loops = Math.max(1, Math.round((loops * aim) / Math.max(took, 1)));
  const commands = undo.use(new CommandBuffer(device, queue));
  commands.record((c) => dispatch(c, withLoops(loops), LOAD_DISPATCHES));
  const submission = new Submission(device, queue, { commands: [commands] });
  const fence = undo.use(new Fence(device));
  let started = false;
  const finish = () => {
    if (!started) return;
    started = false;
    fence.wait(LOAD_PATIENCE_NS);
    fence.reset();
  };
  undo.defer(finish);
  const owned = undo.move();
  return {
    start: () => {
      submission.submit(fence.handle);
      started = true;
    },
    isRunning: () => started && !fence.isSignaled(),
    finish,
    [Symbol.dispose]: () => owned.dispose(),
  };
}
