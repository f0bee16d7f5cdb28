import assert from "node:assert/strict";
import { join } from "node:path";
import type { Answer } from "../../ffi/answer.ts";
import { openLibrary } from "../../ffi/library.ts";
import { type Mtml, openMtml } from "../../ffi/mtml.ts";
import * as abi from "../../ffi/mtml_abi.ts";
import type { Layout } from "../../ffi/struct.ts";
import { compilerTest } from "../fakes/cc.ts";
import { type FakeLibrary, fakeLibrary, type FakeOptions } from "../fakes/library.ts";
import { checkLayouts } from "./layouts.ts";

const TWO_GPUS = `
device
pci 0000:3a:00.0
link 4 8 5 16
power_mw 96660
fans 40 105
mtlinks 1 0 2
engines 3 0 55 81
clocks 1700 1750 7000 7001 1200
memory 17179869184 1073741824 4096
ecc_errors 5 1
retired 2 1
codec 11 22
device
pci 0001:b0:00.0
temperature -3
`;

/** Objects of the fake that were made and not given back, and the calls with a wrong one. */
function count(fake: FakeLibrary): Disposable & { live(): number; mistaken(): number } {
  const opened = openLibrary([fake.path], {
    mvgal_fake_live: { parameters: [], result: "i32" },
    mvgal_fake_mistaken: { parameters: [], result: "i32" },
  });
  if (opened.state !== "ok") throw new Error(opened.reason);
  const { symbols } = opened.library;
  return {
    live: () => symbols.mvgal_fake_live(),
    mistaken: () => symbols.mvgal_fake_mistaken(),
    [Symbol.dispose]: () => opened.library[Symbol.dispose](),
  };
}

/** Runs `body` with a fake MTML that shows `description`, and checks that all is given back. */
function withMtml(
  description: string,
  body: (mtml: Mtml) => void,
  options: FakeOptions = {},
): void {
  using fake = fakeLibrary("mtml", description, options);
  using counter = count(fake);
  const opened = openMtml({ sonames: [fake.path] });
  if (opened.state !== "ok") throw new Error(opened.reason);
  {
    using mtml = opened.mtml;
    body(mtml);
  }
  // The functions that give back are missing in the newest: nothing can be given back but the library.
  if (options.variant !== "new") assert.equal(counter.live(), 0);
  assert.equal(counter.mistaken(), 0);
}

/** The value, or the refusal's line. */
function said<T>(answer: Answer<T>): T | string {
  return answer.ok ? answer.value : answer.refusal.message;
}

compilerTest("the layouts of ffi/mtml_abi.ts are those of mtml.h", () => {
  const layouts = Object.entries(abi)
    .filter(([name]) => name.endsWith("Layout"))
    .map(([, layout]) => layout as Layout);
  assert.equal(layouts.length, 4);
  const header = join(import.meta.dirname ?? ".", "..", "fakes", "abi", "mtml.h");
  assert.deepEqual(checkLayouts(layouts, { prelude: Deno.readTextFileSync(header) }), []);
});

for (const options of [{}, { variant: "old" }, { variant: "new" }] as const) {
  compilerTest(
    `Mtml.deviceAt() finds a device and gives its parts back (${JSON.stringify(options)})`,
    () =>
      withMtml(TWO_GPUS, (mtml) => {
        const found = mtml.deviceAt("0001:b0:00.0");
        assert.ok(found.ok);
        using device = found.value;
        assert.equal(said(device.temperature()), -3);
        const missing = mtml.deviceAt("0000:99:00.0");
        assert.ok(!missing.ok);
        assert.match(missing.refusal.message, /NOT_FOUND|no device at 0000:99:00\.0/);
      }, options),
  );
}

compilerTest("MtmlDevice reads values of each width and shape", () =>
  withMtml(TWO_GPUS, (mtml) => {
    const found = mtml.deviceAt("0000:3a:00.0");
    assert.ok(found.ok);
    using device = found.value;
    assert.deepEqual(said(device.pci()), {
      address: "00000000:3A:00.0",
      generation: 4,
      width: 8,
      maxGeneration: 5,
      maxWidth: 16,
    });
    assert.equal(said(device.powerUsage()), 96660);
    assert.equal(said(device.fanCount()), 2);
    assert.equal(said(device.fanPercent(1)), 105);
    assert.equal(said(device.activeLinks()), 2, "one that is up at a lower speed is up");
    assert.equal(said(device.engineUtilization("threeD")), 55);
    assert.equal(said(device.engineUtilization("compute")), 81);
    assert.equal(said(device.clock("now")), 1700);
    assert.equal(said(device.memoryClock("max")), 7001);
    assert.equal(said(device.videoClock()), 1200);
    assert.equal(said(device.memory("Total")), 17179869184);
    assert.equal(said(device.memory("Used")), 1073741824);
    assert.equal(said(device.memory("UsedSystem")), 4096);
    assert.equal(said(device.eccErrors("corrected")), 5);
    assert.equal(said(device.eccErrors("uncorrected")), 1);
    assert.equal(said(device.retiredPages()), 3);
    assert.deepEqual(said(device.codecUtilization()), { encode: 11, decode: 22 });
    assert.equal(
      said(device.voltage()),
      "mtmlGpuGetVoltage: MTML_ERROR_NOT_SUPPORTED (Not Supported)",
    );
  }));

compilerTest("MtmlDevice says what its library does not have", () =>
  withMtml(TWO_GPUS, (mtml) => {
    const found = mtml.deviceAt("0000:3a:00.0");
    assert.ok(found.ok);
    using device = found.value;
    assert.equal(said(device.voltage()), "mtmlGpuGetVoltage is not in this library");
    assert.equal(said(device.activeLinks()), "mtmlDeviceGetMtLinkSpec is not in this library");
    assert.equal(
      said(device.eccErrors("corrected")),
      "mtmlMemoryGetEccErrorCounter is not in this library",
    );
    assert.equal(said(device.temperature()).toString().includes("NOT_SUPPORTED"), true);
  }, { variant: "old" }));

compilerTest(
  "MtmlDevice answers for a part that it could not make, and does not give it back",
  () =>
    withMtml(TWO_GPUS.replace("link 4", "fail mtmlDeviceInitVpu 4\nlink 4"), (mtml) => {
      const found = mtml.deviceAt("0000:3a:00.0");
      assert.ok(found.ok);
      using device = found.value;
      assert.match(String(said(device.codecUtilization())), /^mtmlDeviceInitVpu: .*NOT_SUPPORTED/);
      assert.equal(said(device.powerUsage()), 96660);
    }),
);

compilerTest("openMtml() throws where the library does not start, and closes it", () => {
  using fake = fakeLibrary("mtml", "fail mtmlLibraryInit 1\n");
  assert.throws(() => openMtml({ sonames: [fake.path] }), {
    name: "MtmlError",
    message: "mtmlLibraryInit: MTML_ERROR_DRIVER_NOT_LOADED",
  });
  assert.ok(!Deno.readTextFileSync("/proc/self/maps").includes(fake.path));
});

Deno.test("openMtml() says why there is no MTML", () => {
  const opened = openMtml({ sonames: ["libmvgal-none.so.2"] });
  assert.equal(opened.state, "absent");
  if (opened.state === "absent") assert.equal(opened.present, false);
});
