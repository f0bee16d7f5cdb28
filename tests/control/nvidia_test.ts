import assert from "node:assert/strict";
import { join } from "node:path";
import { applyPlan, type ApplyWith } from "../../lib/control/apply.ts";
import { parkReport } from "../../lib/control/awake.ts";
import { HostDevice } from "../../lib/control/device.ts";
import { openControl } from "../../lib/control/drivers.ts";
import { FileJournal } from "../../lib/control/journal.ts";
import { NvmlOpener } from "../../lib/control/nvml_calls.ts";
import { makePlan } from "../../lib/control/plan.ts";
import { revertOverdue } from "../../lib/control/revert.ts";
import {
  type Change,
  type SettingId,
  SETTINGS,
  type SettingValue,
} from "../../lib/control/setting.ts";
import type { ControlContext } from "../../lib/control/surface.ts";
import type { Gpu } from "../../lib/gpu/gpu.ts";
import { discover } from "../../lib/discovery/mod.ts";
import { compilerTest } from "../fakes/cc.ts";
import { fakeLibrary, type FakeOptions } from "../fakes/library.ts";
import { drmNode, pciFunction, Tree } from "../sysfs/tree.ts";
import { TestClock } from "./clock.ts";

const CARD = "device\npci 0000:0a:00.0\nuuid GPU-1\nname NVIDIA Test\n" +
  "power_limits 600000 200000 700000\npower_limit 600000 650000\n" +
  "fans 31 31\nfan_limits 30 100\nfan_policies 0 1\nfan_targets 31 45\n" +
  "memory_clocks 2619 1593\ngraphics_clocks 1980 1965 345\n";

const AT = "pci0000:00/0000:00:01.0/0000:0a:00.0";

const TREE = {
  ...pciFunction({
    at: AT,
    class: "0x030000",
    vendor: "0x10de",
    device: "0x2335",
    driver: "nvidia",
    more: { "power/control": "on", "power/runtime_status": "active" },
  }),
  ...drmNode(AT, "card0", 0),
};

/** A host with one of NVIDIA's GPUs. */
class Host implements ApplyWith, Disposable {
  readonly #stack = new DisposableStack();
  readonly #fake;
  readonly tree: Tree;
  readonly nvml: NvmlOpener;
  readonly device: HostDevice;
  readonly journal: FileJournal;
  readonly clock = new TestClock();
  readonly gpu: Gpu;
  readonly context: ControlContext;

  constructor(lines = "", options: FakeOptions = {}) {
    this.#fake = this.#stack.use(fakeLibrary("nvml", CARD + lines, options));
    this.tree = this.#stack.use(new Tree(TREE));
    this.nvml = this.#stack.use(new NvmlOpener({ sonames: [this.#fake.path] }));
    const { sysroot } = this.tree;
    this.device = new HostDevice(sysroot, this.nvml);
    this.journal = new FileJournal(join(this.tree.directory, "journal"));
    const [gpu] = discover({ sysroot }).gpus;
    if (gpu === undefined) throw new Error("no GPU");
    this.gpu = gpu;
    this.context = { sysroot, wake: false, whyNotWritable: () => undefined, nvml: this.nvml };
  }

  surface() {
    return openControl(this.gpu, this.context);
  }

  plan(wanted: Partial<Record<SettingId, SettingValue | null>>) {
    const changes = new Map(
      Object.entries(wanted).map(([id, value]): [SettingId, Change] => [
        id as SettingId,
        value === null ? { kind: "reset" } : { kind: "set", value },
      ]),
    );
    const [first = "power_cap_w"] = changes.keys();
    return makePlan(this.gpu.id, SETTINGS[first].group, this.surface(), changes);
  }

  apply(wanted: Partial<Record<SettingId, SettingValue | null>>, seconds?: number) {
    return applyPlan({ ...this.plan(wanted), obstacles: [] }, seconds, this);
  }

  /** What the library was told to change, in order. */
  get calls(): string[] {
    try {
      return Deno.readTextFileSync(join(this.#fake.directory, "calls.txt")).trim().split("\n");
    } catch {
      return [];
    }
  }

  value(id: SettingId): SettingValue | null | undefined {
    return this.surface().settings.find((setting) => setting.id === id)?.value;
  }

  [Symbol.dispose](): void {
    this.#stack[Symbol.dispose]();
  }
}

compilerTest("nvidiaControl shows ranges, defaults and what NVML does not tell", () => {
  using host = new Host();
  const state = (id: SettingId) => host.surface().settings.find((setting) => setting.id === id);
  assert.equal(state("power_cap_w")?.value, 600);
  assert.deepEqual(state("power_cap_w")?.range, { min: 200, max: 700, step: 0.001 });
  assert.equal(state("power_cap_w")?.default, 650);
  assert.equal(state("core_clock_max_mhz")?.value, null);
  assert.match(state("core_clock_max_mhz")?.value_absent ?? "", /does not tell whether/);
  assert.deepEqual(state("core_clock_max_mhz")?.range, { min: 345, max: 1980, step: 1 });
  assert.deepEqual(state("memory_clock_min_mhz")?.range, { min: 1593, max: 2619, step: 1 });
  assert.deepEqual(state("fan_pct")?.range, { min: 30, max: 100, step: 1 });
});

compilerTest("a power cap is set by NVML in mW, and comes back when its time is up", () => {
  using host = new Host();
  host.apply({ power_cap_w: 450.5 }, 600);
  assert.equal(host.value("power_cap_w"), 450.5);
  host.clock.seconds += 600;
  assert.equal(revertOverdue(host)[0]?.settled, true);
  assert.equal(host.value("power_cap_w"), 600);
  assert.deepEqual(host.calls, [
    "SetPowerManagementLimit 450500",
    "SetPowerManagementLimit 600000",
  ]);
});

compilerTest("a power cap outside of NVML's constraints is refused before any call", () => {
  using host = new Host();
  for (const watts of [199, 701]) {
    assert.throws(() => host.apply({ power_cap_w: watts }), { message: /200 to 700 W$/ });
  }
  assert.deepEqual(host.calls, []);
});

compilerTest("resetting the power cap sets NVML's default limit", () => {
  using host = new Host();
  host.apply({ power_cap_w: null });
  assert.deepEqual(host.calls, ["SetPowerManagementLimit 650000"]);
});

compilerTest("clocks are locked to a range, and going back unlocks them", () => {
  using host = new Host();
  host.apply({ core_clock_max_mhz: 1500, memory_clock_min_mhz: 2619 }, 60);
  host.clock.seconds += 60;
  revertOverdue(host);
  assert.deepEqual(host.calls, [
    "SetGpuLockedClocks 345 1500",
    "SetMemoryLockedClocks 2619 2619",
    "ResetMemoryLockedClocks",
    "ResetGpuLockedClocks",
  ]);
  assert.throws(() => host.plan({ core_clock_max_mhz: 2000 }), { message: /345 to 1980 MHz$/ });
});

compilerTest(
  "every fan is set, and goes back to what it was: the temperature's, or a speed by hand",
  () => {
    using host = new Host();
    host.apply({ fan_pct: 60 }, 60);
    host.clock.seconds += 60;
    assert.equal(revertOverdue(host)[0]?.settled, true);
    assert.deepEqual(host.calls, [
      "SetFanSpeed_v2 0 60",
      "SetFanSpeed_v2 1 60",
      "SetFanSpeed_v2 1 45",
      "SetDefaultFanSpeed_v2 0",
    ]);
  },
);

compilerTest("resetting the fans gives those set by hand back to the temperature", () => {
  using host = new Host();
  host.apply({ fan_pct: null });
  assert.deepEqual(host.calls, ["SetDefaultFanSpeed_v2 1"]);
});

compilerTest("a GPU without fans of its own says so", () => {
  using host = new Host("fail nvmlDeviceGetNumFans 3\n");
  assert.throws(() => host.plan({ fan_pct: 60 }), {
    message: /'fan speed' cannot be set: nvmlDeviceGetNumFans: NVML_ERROR_NOT_SUPPORTED/,
  });
});

compilerTest("NVML that refuses for want of rights is told with what to do", () => {
  using host = new Host("fail nvmlDeviceSetPowerManagementLimit 4\n");
  assert.throws(() => host.apply({ power_cap_w: 450 }), {
    message: /NVML_ERROR_NO_PERMISSION.*for root alone \(sudo\); nothing was changed$/,
  });
  assert.deepEqual([host.calls, host.journal.entries()], [[], []]);
});

compilerTest(
  "a GPU that is lost in the middle of a change is told, and the change is tried to be taken back",
  () => {
    // The second fan's call, and all after it.
    using host = new Host(
      "fail nvmlDeviceSetFanSpeed_v2 15 1\nfail nvmlDeviceSetDefaultFanSpeed_v2 15\n",
    );
    assert.throws(() => host.apply({ fan_pct: 60 }), {
      message: /GPU_IS_LOST.*NOT put back: .*nvmlDeviceSetDefaultFanSpeed_v2: .*GPU_IS_LOST/,
    });
    assert.match(host.journal.entries()[0]?.failure ?? "", /GPU_IS_LOST/);
  },
);

compilerTest(
  "an older driver, which has no locks and no fan control, still sets the power cap",
  () => {
    using host = new Host("", { variant: "old" });
    assert.throws(() => host.plan({ fan_pct: 60 }), { message: /FUNCTION_NOT_FOUND/ });
    host.apply({ power_cap_w: 300 });
    assert.deepEqual(host.calls, ["SetPowerManagementLimit 300000"]);
  },
);

compilerTest("nvidiaControl does not open NVML for a GPU that sleeps", () => {
  using host = new Host();
  Deno.writeTextFileSync(
    join(host.tree.directory, "sys/devices", AT, "power/runtime_status"),
    "suspended\n",
  );
  const gpu = { ...host.gpu, power_state: "suspended" as const };
  const surface = openControl(gpu, host.context);
  assert.match(surface.absent.power ?? "", /sleeps, and NVML would wake it/);
  const report = parkReport(gpu, host.context);
  assert.deepEqual([report.power_state, report.kept_awake_by], ["suspended", []]);
});

compilerTest("parkReport() tells what keeps a GPU awake", () => {
  using host = new Host("persistence 1\n");
  const gpu: Gpu = {
    ...host.gpu,
    connectors: [{ name: "DP-1", status: "connected" }, { name: "DP-2", status: "disconnected" }],
  };
  assert.deepEqual(parkReport(gpu, host.context).kept_awake_by, [
    "power/control is on (mvgal park set)",
    "a display at DP-1",
    "NVIDIA's persistence mode is on (nvidia-smi -pm 0)",
  ]);
});
