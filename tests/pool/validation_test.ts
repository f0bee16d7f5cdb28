/** Tests of the logical device under the Khronos validation layer: it has nothing to say. */

import assert from "node:assert/strict";
import { Instance } from "../../ffi/vulkan/instance.ts";
import { MISSING_DRIVERS } from "./fence_devices.ts";
import { OWN_MEMORY } from "./pool_devices.ts";

const LAYER = "VK_LAYER_KHRONOS_validation";

function hasLayer(): boolean {
  if (MISSING_DRIVERS.length > 0) return false;
  const opened = Instance.open();
  if (opened.state === "absent") return false;
  using instance = opened.instance;
  return instance.layers().includes(LAYER);
}

const ignore = !hasLayer();
const why = ignore ? ` (skipped: no ${LAYER}, or no software drivers)` : "";

const FILES = [
  "fence_test.ts",
  "fence_model_test.ts",
  "wait_test.ts",
  "logical_device_test.ts",
  "speculation_test.ts",
  "dispatch_fences_test.ts",
  "memory_flags_test.ts",
  "image_test.ts",
  "transfers_test.ts",
  "frames_test.ts",
  "../bench/pool/kernels_test.ts",
];

/** Of these, those whose pools are opened with memory of their own as well. */
const BOTH_WAYS = [
  "logical_device_test.ts",
  "memory_flags_test.ts",
  "image_test.ts",
  "frames_test.ts",
];

const RUNS = [
  ...FILES.map((file) => ({ file, ownMemory: "0", how: "" })),
  ...BOTH_WAYS.map((file) => ({ file, ownMemory: "1", how: ", with memory of their own" })),
];

for (const { file, ownMemory, how } of RUNS) {
  Deno.test({
    name: `the Vulkan validation layer is silent over ${file}${how}${why}`,
    ignore,
    fn: async () => {
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["test", "-A", "--no-check", new URL(file, import.meta.url).pathname],
        env: { VK_INSTANCE_LAYERS: LAYER, NO_COLOR: "1", [OWN_MEMORY]: ownMemory },
        stdin: "null",
      }).output();
      const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
      assert.equal(code, 0, said);
      // Each message names the rule that is broken.
      assert.deepEqual(said.match(/^.*\b(VUID|UNASSIGNED|SYNC)-.*$/gm) ?? [], []);
    },
  });
}
