import assert from "node:assert/strict";
import { EFFORTS } from "../../../lib/bench/benchmark.ts";
import { hostShapes } from "../../../lib/bench/transfer/benchmarks.ts";
import { allDevicesTest } from "../../vulkan_devices.ts";
import { cudaDevice, softwareDevice, softwareTargets, testTools } from "./devices.ts";

Deno.test("hostShapes() try the vendor's runtime first, however little time there is", () => {
  using owner = new DisposableStack();
  const nvidia = cudaDevice("0000:06:00.0");
  const tools = testTools(owner);
  for (
    const [vendor, name] of [["nvidia", "CUDA"], ["amd", "HIP"], ["intel", "Level Zero"]] as const
  ) {
    const device = { ...nvidia, gpu: { ...nvidia.gpu, vendor } };
    for (const direction of ["h2d", "d2h", "duplex"] as const) {
      for (const effort of [EFFORTS.quick, EFFORTS.full]) {
        const [first] = hostShapes({ ...tools, device }, direction, effort);
        assert.equal(first?.name, `${name}: page-locked memory`);
      }
    }
  }
});

allDevicesTest("hostShapes() try imported host memory first where there is no runtime", () => {
  using owner = new DisposableStack();
  const [target] = softwareTargets(owner);
  assert.ok(target);
  const to = { ...testTools(owner), device: softwareDevice(target) };
  const [first, second] = hostShapes(to, "h2d", EFFORTS.quick);
  assert.match(first?.name ?? "", /^pinned: imported host memory, /);
  assert.match(second?.name ?? "", /^pageable/, "another kind before variants");
});
