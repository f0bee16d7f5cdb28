/** Frames over two software devices: in order, whole, evenly. */

import assert from "node:assert/strict";
import type { Frame } from "../../lib/pool/frames.ts";
import type { LogicalDevice } from "../../lib/pool/logical_device.ts";
import { Kernel } from "../../lib/spirv/kernel.ts";
import { allDevicesTest } from "../vulkan_devices.ts";
import { LOCAL, openSoftwarePool, word, words } from "./pool_devices.ts";

const GROUPS = 16, COUNT = GROUPS * LOCAL;

/** Each word of a frame is its number times 1000, and its place. */
function frameKernel(device: LogicalDevice) {
  const kernel = new Kernel({ localSize: LOCAL, addressing: "descriptor" });
  const out = kernel.buffer(kernel.u32);
  const number = kernel.push("number", kernel.u32);
  const { words } = kernel.body((k) => {
    const i = k.globalId();
    out.store(i, k.add(k.mul(number(), k.constant(k.u32, 1000)), i));
  });
  return device.createKernel({ words });
}

/** Renders frames; the numbers as they were shown, and who computed them. */
async function render(
  session: ReturnType<LogicalDevice["frames"]>,
  kernel: ReturnType<typeof frameKernel>,
  count: number,
  each: (number: number, frame: Frame) => void = () => {},
): Promise<{ shown: number[]; gpus: string[] }> {
  const shown: number[] = [], gpus: string[] = [];
  const presented: Promise<unknown>[] = [];
  for (let i = 0; i < count; i++) {
    const frame = await session.frame();
    each(frame.number, frame);
    frame.submit(
      kernel,
      [GROUPS, 1, 1],
      [{ binding: 0, buffer: frame.target }],
      word(frame.number),
    );
    presented.push(
      frame.present((bytes) => {
        assert.deepEqual(bytes, words(COUNT, (at) => 1000 * frame.number + at));
        shown.push(frame.number);
      }).then((done) => gpus.push(done.gpus.join("+"))),
    );
  }
  await Promise.all(presented);
  return { shown, gpus };
}

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);

allDevicesTest("FrameSession alternates frames, and shows each once and in order", async () => {
  await using device = await openSoftwarePool();
  const kernel = frameKernel(device);
  // Who is too slow for the frames under way is left out where their number is known.
  using session = device.frames({
    bytes: 4 * COUNT,
    strategy: "afr",
    strategyOptions: { latency: 0 },
  });
  const { shown, gpus } = await render(session, kernel, 40);
  assert.deepEqual(shown, upTo(40));
  assert.deepEqual(new Set(gpus), new Set(device.members.map(({ id }) => id)));
  const { frames, interval_ms, jitter_ms, by_gpu } = session.stats();
  assert.equal(frames, 40);
  assert.ok((interval_ms ?? -1) > 0 && (jitter_ms ?? -1) >= 0);
  assert.equal(Object.values(by_gpu).reduce((sum, count) => sum + count, 0), 40);
});

allDevicesTest("FrameSession cuts each frame over all devices with sfr", async () => {
  await using device = await openSoftwarePool();
  using session = device.frames({ bytes: 4 * COUNT, strategy: "sfr" });
  const { shown, gpus } = await render(session, frameKernel(device), 12);
  assert.deepEqual(shown, upTo(12));
  assert.ok(gpus.some((both) => both.includes("+")), gpus.join());
});

allDevicesTest("FrameSession keeps no more frames under way than its latency", async () => {
  await using device = await openSoftwarePool();
  const kernel = frameKernel(device);
  using session = device.frames({ bytes: 4 * COUNT, latency: 2 });
  const one = await session.frame(), two = await session.frame();
  let third = false;
  const waiting = session.frame().then((frame) => {
    third = true;
    return frame;
  });
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(third, false);
  for (const frame of [one, two]) {
    frame.submit(kernel, [GROUPS, 1, 1], [{ binding: 0, buffer: frame.target }], word(0));
  }
  // The second may be done first: it waits for its turn.
  const order: number[] = [];
  const second = two.present(() => order.push(1));
  await one.present(() => order.push(0));
  await second;
  assert.deepEqual(order, [0, 1]);
  // A frame that is given up keeps nobody waiting.
  (await waiting)[Symbol.dispose]();
  const fourth = await session.frame();
  assert.equal((await fourth.present()).number, 3);
  assert.throws(() => one.present(), /frame 0 was presented already/);
  assert.throws(() => one.submit(kernel, [1, 1, 1], []), /presented already/);
});

allDevicesTest("FrameSession.migrate() loses no frame", async () => {
  await using device = await openSoftwarePool();
  const [first, second] = device.members.map(({ id }) => id);
  assert.ok(first !== undefined && second !== undefined);
  const kernel = frameKernel(device);
  using session = device.frames({ bytes: 4 * COUNT, strategy: "single" });
  const { shown, gpus } = await render(session, kernel, 20, (number) => {
    // The frame of this number has its place already.
    if (number === 7) session.migrate(first, second);
    if (number === 13) session.migrate(second, first);
  });
  assert.deepEqual(shown, upTo(20));
  const who = (from: number, to: number) => new Set(gpus.slice(from, to));
  assert.deepEqual(who(0, 8), new Set([first]));
  assert.deepEqual(who(8, 14), new Set([second]));
  assert.deepEqual(who(14, 20), new Set([first]));
  assert.throws(() => session.migrate(first, "pci:1"), /no member pci:1: there are/);
});

allDevicesTest("FrameSession shows frames no closer than its interval", async () => {
  await using device = await openSoftwarePool();
  using session = device.frames({ bytes: 4 * COUNT, interval_ms: 10 });
  await render(session, frameKernel(device), 8);
  const { interval_ms } = session.stats();
  assert.ok((interval_ms ?? 0) >= 9, `${interval_ms} ms`);
});

allDevicesTest(
  "FrameSession leaves out a frame that failed, and shows those behind it",
  async () => {
    await using device = await openSoftwarePool();
    const kernel = frameKernel(device);
    using session = device.frames({ bytes: 4 * COUNT });
    const bad = await session.frame();
    const good = await session.frame();
    good.submit(kernel, [GROUPS, 1, 1], [{ binding: 0, buffer: good.target }], word(1));
    const failed = assert.rejects(
      bad.present(() => {
        throw new Error("the screen is gone");
      }),
      /the screen is gone/,
    );
    assert.equal((await good.present()).number, 1);
    await failed;
    assert.throws(() => device.frames({ bytes: 64, latency: 0 }), /no session with 0 frames/);
    assert.throws(() => device.frames({ bytes: 64, interval_ms: NaN }), /no interval of NaN ms/);
  },
);

allDevicesTest("FrameSession goes by the options of its strategy", async () => {
  await using device = await openSoftwarePool();
  const kernel = frameKernel(device);
  const second = device.members[1]?.id;
  {
    const strategyOptions = { device: second };
    using session = device.frames({ bytes: 4 * COUNT, strategy: "single", strategyOptions });
    const { gpus } = await render(session, kernel, 4);
    assert.deepEqual(new Set(gpus), new Set([second]));
  }
  {
    const strategyOptions = { split_ratio: "0,1" };
    using session = device.frames({ bytes: 4 * COUNT, strategy: "sfr", strategyOptions });
    const { gpus } = await render(session, kernel, 4);
    assert.deepEqual(new Set(gpus), new Set([second]));
  }
  {
    using session = device.frames({ bytes: 4 * COUNT, strategy: "round_robin", latency: 2 });
    const { gpus } = await render(session, kernel, 6);
    const ids = device.members.map(({ id }) => id);
    assert.deepEqual(gpus, [...ids, ...ids, ...ids]);
  }
  const wrong = (options: object) => () => device.frames({ bytes: 64, ...options });
  assert.throws(
    wrong({ strategy: "afr", strategyOptions: { queue_dept: 1 } }),
    /^RangeError: afr has no option 'queue_dept': did you mean queue_depth\?$/,
  );
  assert.throws(
    wrong({ strategyOptions: { queue_depth: 0 } }),
    /^RangeError: afr: queue_depth cannot be 0: give a whole number from 1 to 16$/,
  );
  assert.throws(wrong({ gpus: ["pci:1"] }), /^RangeError: no member pci:1: there are /);
});

allDevicesTest("FrameSession tries all ways with hybrid, and loses no frame", async () => {
  await using device = await openSoftwarePool();
  using session = device.frames({
    bytes: 4 * COUNT,
    strategy: "hybrid",
    strategyOptions: { trial: 2, dwell: 0, latency: 3 },
  });
  // Of frames this small a part may not pay: what is looked at is the way, not who took part.
  const ways = new Set<string | null>();
  const { shown } = await render(session, frameKernel(device), 60, (_, { place }) => {
    ways.add(place.way);
  });
  assert.deepEqual(shown, upTo(60));
  assert.deepEqual(ways, new Set(["afr", "sfr", "single"]));
});

allDevicesTest("LogicalDevice splits by the options of its strategy", async () => {
  await using device = await openSoftwarePool({
    strategy: "sfr",
    strategyOptions: { split_ratio: [3, 1] },
  });
  const kernel = frameKernel(device);
  using out = device.allocate(4 * COUNT);
  const bindings = [{ binding: 0, buffer: out }];
  const run = async (options: object) => {
    const { parts } = await device.dispatch(kernel, [GROUPS, 1, 1], bindings, options);
    return parts.map(({ start, end }) => end - start);
  };
  // From the first dispatch on: what is asked for need not be measured.
  assert.deepEqual(await run(word(1)), [12, 4]);
  const strategyOptions = { split_ratio: [1, 1] };
  assert.deepEqual(await run({ ...word(1), strategyOptions }), [8, 8]);
  await assert.rejects(
    run({ ...word(1), strategyOptions: { split_ratio: [1] } }),
    /^RangeError: sfr: split_ratio has 1 numbers for 2 devices: give one for each$/,
  );
  await assert.rejects(
    openSoftwarePool({ strategy: "single", strategyOptions: { split_ratio: [1] } }),
    /^RangeError: single has no option 'split_ratio': there are device, pick, threshold_percent$/,
  );
});
