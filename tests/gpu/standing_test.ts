import assert from "node:assert/strict";
import { standing } from "../../lib/gpu/standing.ts";

const none = { role: "none", total_vfs: null, num_vfs: null, physical_function: null } as const;

Deno.test("standing() tells GPUs of their own from what is none", () => {
  assert.equal(standing({ kind: "discrete", sriov: none }), "gpu");
  assert.equal(standing({ kind: "unknown", sriov: null }), "gpu");
  assert.equal(standing({ kind: "virtual", sriov: none }), "gpu");
  assert.equal(standing({ kind: "virtual", sriov: { ...none, role: "vf" } }), "virtual_function");
  assert.equal(standing({ kind: "discrete", sriov: { ...none, role: "pf" } }), "gpu");
  assert.equal(standing({ kind: "display", sriov: none }), "display");
  assert.equal(standing({ kind: "software", sriov: null }), "software");
});
