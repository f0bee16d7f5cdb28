/** Kernels over subgroups on llvmpipe and SwiftShader, whose subgroups are of different sizes. */

import assert from "node:assert/strict";
import { discover } from "../../lib/discovery/mod.ts";
import { allDevicesTest, softwareEnvironment } from "../vulkan_devices.ts";
import { openSoftwarePool } from "./pool_devices.ts";
import {
  SUBGROUP_LOCAL,
  subgroupElectKernel,
  subgroupPlaceKernel,
  subgroupSizeKernel,
} from "./subgroup_kernels.ts";

const GROUPS = 8, BYTES = 4 * GROUPS * SUBGROUP_LOCAL;

for (const strategy of ["sfr", "hybrid"] as const) {
  allDevicesTest(
    `LogicalDevice.dispatch() by ${strategy} runs over unlike devices no kernel that uses subgroups`,
    async () => {
      await using device = await openSoftwarePool({ strategy });
      using out = device.allocate(BYTES);
      const bindings = [{ binding: 0, buffer: out }];
      for (const words of [subgroupSizeKernel(), subgroupElectKernel()]) {
        const kernel = device.createKernel({ words });
        for (let round = 0; round < 3; round++) {
          const { split, reason } = await device.dispatch(kernel, [GROUPS, 1, 1], bindings);
          assert.equal(split, false);
          assert.match(reason, /subgroups/);
          const stored = new Uint32Array((await out.read()).buffer);
          // Each work-group is as the first: all of one device.
          stored.forEach((value, i) => assert.equal(value, stored[i % SUBGROUP_LOCAL]));
        }
      }
    },
  );
}

allDevicesTest(
  "LogicalDevice.dispatch() tries over unlike devices no kernel that uses subgroups",
  async () => {
    await using device = await openSoftwarePool({ strategy: "sfr", speculate: true });
    using out = device.allocate(BYTES);
    const kernel = device.createKernel({ words: subgroupPlaceKernel() });
    const bindings = [{ binding: 0, buffer: out }];
    const { split, speculation } = await device.dispatch(kernel, [GROUPS, 1, 1], bindings);
    assert.equal(split, false);
    assert.match(speculation ?? "", /not tried: .*subgroups/);
  },
);

allDevicesTest(
  "LogicalDevice.dispatch() splits over devices of one model a kernel that uses subgroups",
  async () => {
    for (const [name, value] of Object.entries(softwareEnvironment())) Deno.env.set(name, value);
    const gpu = discover().gpus.find((each) => each.name?.includes("llvmpipe"));
    assert(gpu);
    const gpus = [gpu, { ...gpu, id: `${gpu.id}-again` }];
    await using device = await openSoftwarePool({ strategy: "sfr", gpus });
    using out = device.allocate(BYTES);
    const kernel = device.createKernel({ words: subgroupSizeKernel() });
    const bindings = [{ binding: 0, buffer: out }];
    const { split, reason } = await device.dispatch(kernel, [GROUPS, 1, 1], bindings);
    assert(split, reason);
    const stored = new Uint32Array((await out.read()).buffer);
    stored.forEach((value) => assert.equal(value, stored[0]));
  },
);
