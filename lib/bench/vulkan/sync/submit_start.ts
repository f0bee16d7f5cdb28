/**
 * From the host's submission until the device begins, by the host's clock and the device's, set beside each
 * other by calibrated timestamps.
 *
 * @module
 */

import { monotonicClock } from "../../../../ffi/monotonic_clock.ts";
import {
  type Calibration,
  type ClockPair,
  openCalibration,
} from "../../../../ffi/vulkan/calibration.ts";
import { Timestamps } from "../../../../ffi/vulkan/commands.ts";
import type { Device, Queue } from "../../../../ffi/vulkan/device.ts";
import { Submission } from "../../../../ffi/vulkan/submission.ts";
import { type Prepared, UnsupportedError, WrongResultError } from "../../benchmark.ts";
import { median } from "../../statistics.ts";
import type { VulkanTarget } from "../target.ts";
import { Lane } from "./lane.ts";
import { ROUND_TRIPS } from "./round_trips.ts";

/** Both clocks are read so often, and the closest pair of readings is taken. */
const READINGS = 5;

/** Clocks that may lie apart by more than this share of the figure tell nothing about it. */
const WIDEST_DEVIATION = 0.5;

/** Why a queue's start cannot be measured; undefined where it can. */
export function submitStartObstacle(device: Device, queue: Queue): string | undefined {
  if (Timestamps.validBits(device, queue) === 0) return "the queue has no timestamps";
  const calibration = openCalibration(device);
  return calibration.state === "ok" ? undefined : calibration.reason;
}

function closestPair(calibration: Calibration): ClockPair {
  const [first, ...rest] = Array.from({ length: READINGS }, () => calibration.read());
  if (first === undefined) throw new RangeError("the clocks are read at least once");
  return rest.reduce((best, pair) => pair.deviationNs < best.deviationNs ? pair : best, first);
}

/** Submissions of a timestamp and nothing else. */
export function submitToStart(target: VulkanTarget, queue: Queue): Prepared {
  const opened = openCalibration(target.device);
  if (opened.state === "absent") throw new UnsupportedError(opened.reason);
  using undo = new DisposableStack();
  const { device } = target;
  const lane = undo.use(new Lane(device, queue));
  const { fence } = lane;
  const now = monotonicClock();
  const timer = undo.use(new Timestamps(device, queue, ROUND_TRIPS));
  const submissions = Array.from({ length: ROUND_TRIPS }, (_, i) => {
    const commands = undo.use(lane.recorded((c) => c.timestamp(timer, i)));
    return new Submission(device, queue, { commands: [commands] });
  });
  let inOrder = true;
  const owned = undo.move();
  return {
    // The device's readings are turned into the host's.
    clock: "host",
    sample: () => {
      // On a queue that computes: others cannot reset timestamps.
      target.run((c) => c.resetTimestamps(timer));
      const { deviceTicks, hostNs, deviationNs } = closestPair(opened.calibration);
      const times = submissions.map((submission) => {
        const submitted = now();
        submission.submit(fence.handle);
        fence.wait();
        const done = now();
        fence.reset();
        return { submitted, done };
      });
      const ticks = timer.ticks();
      const samples = times.map(({ submitted, done }, i) => {
        const sinceReading = timer.nanoseconds(deviceTicks, ticks[i] ?? 0n);
        const latency = sinceReading - Number(submitted - hostNs);
        // The device began before the host saw that it was done.
        if (latency > Number(done - submitted) + deviationNs) inOrder = false;
        return latency / 1000;
      });
      if (deviationNs / 1000 > WIDEST_DEVIATION * median(samples)) {
        throw new UnsupportedError(
          `the driver sets the device's clock beside the host's to ${deviationNs} ns only`,
        );
      }
      return samples;
    },
    verify: () => {
      if (!inOrder) throw new WrongResultError("the device began after the host saw its end");
    },
    [Symbol.dispose]: () => owned.dispose(),
  };
}
