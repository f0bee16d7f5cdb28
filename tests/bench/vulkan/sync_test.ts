import assert from "node:assert/strict";
import { Submission } from "../../../ffi/vulkan/submission.ts";
import { TimelineSemaphore } from "../../../ffi/vulkan/semaphore.ts";
import { EFFORTS, UnsupportedError, WrongResultError } from "../../../lib/bench/benchmark.ts";
import { hasFamilies } from "../../../lib/bench/vulkan/queue_families.ts";
import { dispatches } from "../../../lib/bench/vulkan/sync/batches.ts";
import { copyWork, dispatchWork } from "../../../lib/bench/vulkan/sync/counted_work.ts";
import { handover, handoversInTime } from "../../../lib/bench/vulkan/sync/handover.ts";
import { Lane, setWord, wordOf } from "../../../lib/bench/vulkan/sync/lane.ts";
import { holdAndRelease } from "../../../lib/bench/vulkan/sync/releases.ts";
import { SYNC_BENCHMARKS } from "../../../lib/bench/vulkan/sync.ts";
import { deviceTest } from "../../vulkan_devices.ts";

deviceTest(
  "the sync benchmarks measure and verify every figure of the device's family",
  (target) => {
    const refused: string[] = [];
    for (const benchmark of SYNC_BENCHMARKS) {
      const { name, parameters } = benchmark;
      if (!hasFamilies(target.physical.queueFamilies, parameters)) continue;
      const reason = benchmark.unsupported(target);
      if (reason !== undefined) {
        refused.push(`${name}: ${reason}`);
        continue;
      }
      const [shape] = benchmark.shapes(target, EFFORTS.quick);
      assert.ok(shape !== undefined);
      using prepared = shape.prepare(EFFORTS.quick);
      let samples: number[];
      try {
        samples = prepared.sample();
      } catch (error) {
        if (!(error instanceof UnsupportedError)) throw error;
        refused.push(`${name}: ${error.message}`);
        continue;
      }
      assert.ok(samples.length > 0);
      for (const sample of samples) assert.ok(sample > 0 && sample < 1e6, `${name}: ${sample} µs`);
      prepared.verify();
    }
    // One family with one queue; SwiftShader has no calibrated timestamps, and llvmpipe holds a submission
    // back until the binary semaphore for which it waits is set.
    const expected = target.physical.name.includes("SwiftShader")
      ? [/^sync.submit_start: .*VK_KHR_calibrated_timestamps/]
      : [/^sync.binary_queue: .*only when the first is done/];
    const patterns = [
      ...expected,
      /^sync.binary_queues: the device has one graphics queue only/,
      /^sync.timeline_queues: the device has one graphics queue only/,
    ];
    assert.equal(refused.length, patterns.length, refused.join("\n"));
    patterns.forEach((pattern, i) => assert.match(refused[i] ?? "", pattern));
  },
);

deviceTest(
  "counted work finds submissions that were not made, or made twice",
  ({ device, queue }) => {
    using lane = new Lane(device, queue);
    for (const workOf of [dispatchWork, copyWork]) {
      using work = workOf(lane);
      using commands = lane.recorded((c) => {
        c.barrier();
        work.record(c);
      });
      const submission = new Submission(device, queue, { commands: [commands] });
      work.verify(() => lane.finish(submission));
      assert.throws(() => work.verify(() => {}), WrongResultError);
      let calls = 0;
      assert.throws(
        () => work.verify(() => ++calls === 4 ? undefined : lane.finish(submission)),
        WrongResultError,
      );
    }
    using counter = dispatchWork(lane);
    assert.throws(() =>
      counter.verify(() =>
        lane.run((c) => {
          counter.record(c);
          c.barrier();
          counter.dispatch(c);
        })
      ), WrongResultError);
  },
);

deviceTest(
  "dispatches with events are counted, and each event is set by the device",
  ({ device, queue }) => {
    using prepared = dispatches(new Lane(device, queue), "event");
    const [figure = NaN] = prepared.sample();
    assert.ok(figure > 0);
    prepared.verify();
    prepared.sample();
    prepared.verify();
  },
);

Deno.test("handoversInTime() leaves out those in which the host was late, unless it mostly is", () => {
  const seen = (ns: number, hostNs: number) => ({ ns, runUpNs: 100, hostNs });
  assert.deepEqual(handoversInTime([seen(3000, 50), seen(9000, 150), seen(4000, 99)]), [3, 4]);
  assert.equal(handoversInTime([seen(3000, 50), seen(9000, 150), seen(9000, 100)]), undefined);
});

deviceTest(
  "holdAndRelease() finds a queue that did not wait, and leaves none waiting",
  ({ device, queue }) => {
    using lane = new Lane(device, queue);
    using semaphore = new TimelineSemaphore(device);
    const eager = new Submission(device, queue, {});
    const idle = () => {
      const end = performance.now() + 5000;
      while (!lane.fence.isSignaled() && performance.now() < end);
    };
    assert.throws(
      () => holdAndRelease(lane, { ready: () => eager, settle: idle, release: () => {} }),
      /the queue did not wait for the host/,
    );
    const waits = [{ semaphore, value: 1n }];
    const settle = () => {
      throw new Error("interrupted while the queue waits");
    };
    assert.throws(
      () =>
        holdAndRelease(lane, {
          ready: () => new Submission(device, queue, { waits }),
          settle,
          release: () => semaphore.signal(1n),
        }),
      /interrupted/,
    );
    // The lane is free again, its fence too.
    lane.run((c) => c.barrier());
  },
);

deviceTest("handover() carries a word from one submission to the next", (target) => {
  const { queue } = target;
  using prepared = handover(target, queue, queue, "timeline");
  const samples = prepared.sample();
  assert.ok(samples.length >= 5 && samples.every((sample) => sample > 0));
  prepared.verify();
});

deviceTest("setWord() and wordOf() reach the start of a host buffer alone", ({ device }) => {
  using buffer = device.createBuffer(8, "host");
  buffer.bytes?.fill(7);
  setWord(buffer, 0x01020304);
  assert.equal(wordOf(buffer), 0x01020304);
  assert.deepEqual([...buffer.bytes ?? []], [4, 3, 2, 1, 7, 7, 7, 7]);
  using unseen = device.createBuffer(8, "device");
  assert.throws(() => wordOf(unseen), TypeError);
});
