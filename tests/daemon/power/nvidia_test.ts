/** The power manager on a fake NVML, which forgets what was set when it is opened again, as drivers do. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { HostDevice } from "../../../lib/control/device.ts";
import { FileJournal } from "../../../lib/control/journal.ts";
import { NvmlOpener } from "../../../lib/control/nvml_calls.ts";
import { openHostPowerControl } from "../../../lib/daemon/power/host_control.ts";
import { openPowerManager } from "../../../lib/daemon/power/manager.ts";
import { discover } from "../../../lib/discovery/mod.ts";
import { TestClock } from "../../control/clock.ts";
import { compilerTest } from "../../fakes/cc.ts";
import { fakeLibrary } from "../../fakes/library.ts";
import { drmNode, pciFunction, Tree } from "../../sysfs/tree.ts";
import { blank, policy, programs, sample } from "./fakes.ts";

const CARD = "device\npci 0000:0a:00.0\nuuid GPU-1\nname NVIDIA Test\n" +
  "power_limits 600000 200000 700000\npower_limit 600000 650000\n";

const AT = "pci0000:00/0000:00:01.0/0000:0a:00.0";

/** Knows whether it is open. */
class WatchedOpener extends NvmlOpener {
  isOpen = false;
  opened = 0;
  override open() {
    if (!this.isOpen) this.opened++;
    this.isOpen = true;
    return super.open();
  }
  override [Symbol.dispose](): void {
    this.isOpen = false;
    super[Symbol.dispose]();
  }
}

compilerTest(
  "the power manager sets NVIDIA's limit by NVML, and keeps NVML open no longer than that",
  async () => {
    using fake = fakeLibrary("nvml", CARD);
    using tree = new Tree({
      ...pciFunction({
        at: AT,
        class: "0x030000",
        vendor: "0x10de",
        device: "0x2335",
        driver: "nvidia",
        more: { "power/control": "on", "power/runtime_status": "active" },
      }),
      ...drmNode(AT, "card0", 0),
    });
    using nvml = new WatchedOpener({ sonames: [fake.path] });
    const { sysroot } = tree;
    const { gpus } = discover({ sysroot });
    const id = gpus[0]?.id ?? "";
    const log: string[] = [];
    const manager = openPowerManager({
      policy: policy({ power_limit_watts: 450, park: false }),
      control: openHostPowerControl({
        on: {
          device: new HostDevice(sysroot, nvml),
          journal: new FileJournal(join(tree.directory, "journal")),
          clock: new TestClock(),
        },
        context: { sysroot, wake: false, whyNotWritable: () => undefined, nvml },
        gpus: () => gpus,
        startWatcher: () => {},
      }),
      log: (_, text) => log.push(text),
    });
    // One that sleeps is not asked: NVML would wake it.
    manager.look({ at: 0, gpus: [blank(id, "asleep")], programs: programs() });
    assert.equal(nvml.opened, 0);
    manager.look({ at: 1000, gpus: [sample(id, 600)], programs: programs(id) });
    assert.equal(nvml.isOpen, false);
    assert.equal(nvml.opened > 0, true);
    if (Deno.uid() === 0) {
      const calls = Deno.readTextFileSync(join(fake.directory, "calls.txt")).trim().split("\n");
      assert.deepEqual(calls, ["SetPowerManagementLimit 450000"]);
      assert.equal(manager.state().gpus[0]?.cap_w, 450);
    } else {
      assert.match(manager.state().gpus[0]?.reason ?? "", /for root alone/);
    }
    const { opened } = nvml;
    for (let at = 2000; at < 40_000; at += 1000) {
      manager.look({ at, gpus: [sample(id, 450)], programs: programs(id) });
    }
    assert.equal(nvml.opened, opened);
    await manager[Symbol.asyncDispose]();
    assert.equal(nvml.isOpen, false);
    assert.equal(log.some((line) => line.includes("NOT")), false, log.join("\n"));
  },
);
