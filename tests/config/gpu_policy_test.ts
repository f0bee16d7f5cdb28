import assert from "node:assert/strict";
import { readConfig } from "../../lib/config/config.ts";
import { gpuPolicies } from "../../lib/config/gpu_policy.ts";
import { discover } from "../../lib/discovery/mod.ts";
import type { Gpu } from "../../lib/gpu/gpu.ts";
import { Sysroot } from "../../lib/sysfs/sysroot.ts";
import { DUMPS } from "../sysfs/tree.ts";

const [FIRST] = discover({ sysroot: new Sysroot(`${DUMPS}vega56`), only: ["pci", "drm"] }).gpus;
assert.ok(FIRST);
/** Three GPUs. */
const GPUS: Gpu[] = [0, 1, 2].map((index) => ({
  ...FIRST,
  index,
  id: `pci:0000:0${index}:00.0`,
  pci_slot: `0000:0${index}:00.0`,
  vendor: index === 2 ? "nvidia" : "amd",
}));

const policies = (text: string) => {
  const { config, problems } = readConfig(text);
  assert.deepEqual(problems.filter(({ severity }) => severity === "error"), []);
  return gpuPolicies(config, GPUS);
};
const enabled = (text: string) => policies(text).gpus.map((gpu) => gpu.enabled);

Deno.test("gpuPolicies() enables all with the defaults", () => {
  const { gpus, warnings } = policies("");
  assert.deepEqual(warnings, []);
  assert.deepEqual(gpus.map((gpu) => [gpu.enabled, gpu.priority, gpu.memory_limit_mb]), [
    [true, 50, 0],
    [true, 50, 0],
    [true, 50, 0],
  ]);
});

Deno.test("gpuPolicies() takes the section by id before the one by index, key by key", () => {
  const { gpus: [, second] } = policies(
    "[gpu pci:0000:01:00.0]\npriority = 70\n[gpu_1]\npriority = 10\nmemory_limit_mb = 512\n",
  );
  assert.deepEqual([second?.priority, second?.memory_limit_mb], [70, 512]);
});

Deno.test("gpuPolicies() says which key disables a GPU", () => {
  const { gpus } = policies("[core]\ngpu_indices = 0-1\n[gpu_0]\nenabled = false\n");
  assert.deepEqual(gpus.map((gpu) => gpu.disabled_by), [
    "[gpu_0] enabled",
    null,
    "[core] gpu_indices",
  ]);
});

Deno.test("gpuPolicies() counts GPUs that are used, and not those that are disabled", () => {
  assert.deepEqual(enabled("[core]\ngpu_count = 1\n[gpu_0]\nenabled = false\n"), [
    false,
    true,
    false,
  ]);
});

Deno.test("gpuPolicies() leaves out a section for another vendor", () => {
  const { gpus, warnings } = policies("[gpu_2]\ntype = amd\nenabled = false\n");
  assert.equal(gpus[2]?.enabled, true);
  assert.deepEqual(warnings, [
    "[gpu_2] is left out: its type is amd, and pci:0000:02:00.0 is of nvidia",
  ]);
});

Deno.test("gpuPolicies() goes on where a GPU that is named is not there", () => {
  const { gpus, warnings } = policies(
    "[core]\ngpu_indices = 1,7\n[gpu pci:0000:77:00.0]\npriority = 1\n",
  );
  assert.deepEqual(gpus.map((gpu) => gpu.enabled), [false, true, false]);
  assert.equal(warnings.length, 2);
  assert.match(warnings[0] ?? "", /^\[core\] gpu_indices: no GPU is '7'/);
  assert.match(warnings[1] ?? "", /^\[gpu pci:0000:77:00\.0\] is about a GPU that is not here$/);
  assert.deepEqual(enabled("[core]\ngpu_indices = !1\n"), [true, false, true]);
});
