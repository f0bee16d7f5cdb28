/**
 * Measuring the frames that members render together.
 *
 * @module
 */

import type { LogicalDevice } from "../../pool/logical_device.ts";
import { calibrate } from "./calibrate.ts";
import { firstMember, groupsOf } from "./groups.ts";
import type { FrameKernel, KernelSize } from "./kernel.ts";
import type { PoolBenchOptions } from "./options.ts";
import type { PoolFrameReport } from "./report.ts";

/** How long frames are rendered before they count, in ms. */
const FRAME_WARMING_MS = 600;

/** Frames a second of a session. */
async function runFrames(
  device: LogicalDevice,
  kernel: FrameKernel,
  size: KernelSize,
  gpus: readonly string[],
  strategy: PoolFrameReport["strategy"],
  count: number,
): Promise<PoolFrameReport> {
  const [{ bytes } = { bytes: 4 }] = kernel.buffers(size);
  const logical = device.createKernel({ words: kernel.code.words });
  using session = device.frames({ bytes, strategy, gpus, latency: 2 * gpus.length });
  const render = async (frames: number) => {
    const shown: Promise<unknown>[] = [];
    for (let i = 0; i < frames; i++) {
      const frame = await session.frame();
      frame.submit(logical, kernel.groups(size), [{ binding: 0, buffer: frame.target }], {
        push: kernel.framePush(size, frame.number),
      });
      shown.push(frame.present());
    }
    await Promise.all(shown);
  };
  // Those that were not in the run before have been idle: their clocks are down.
  const warming = performance.now();
  do await render(4 * gpus.length); while (performance.now() - warming < FRAME_WARMING_MS);
  session.resetStats();
  const begun = performance.now();
  await render(count);
  const seconds = (performance.now() - begun) / 1000;
  const { interval_ms, jitter_ms } = session.stats();
  return {
    id: kernel.id,
    strategy,
    gpus: [...gpus],
    frames_per_s: count / seconds,
    speedup: null,
    interval_ms,
    jitter_ms,
  };
}

/** Measures frames on one member, and on several by each way of sharing them. */
export async function measureFrames(
  device: LogicalDevice,
  kernel: FrameKernel,
  { quick, onStart = () => {} }: PoolBenchOptions,
): Promise<PoolFrameReport[]> {
  const first = firstMember(device.properties);
  const size = await calibrate(device, kernel, first.id, quick ? 10 : 20);
  const count = quick ? 40 : 160;
  onStart(`${kernel.id}: frames on ${first.id}`);
  const single = await runFrames(device, kernel, size, [first.id], "single", count);
  const reports = [single];
  for (const gpus of groupsOf(device.properties)) {
    for (const strategy of ["afr", "sfr"] as const) {
      onStart(`${kernel.id}: ${strategy} on ${gpus.length} together`);
      const frames = count * gpus.length;
      const report = await runFrames(device, kernel, size, gpus, strategy, frames);
      report.speedup = report.frames_per_s / single.frames_per_s;
      reports.push(report);
    }
  }
  return reports;
}
