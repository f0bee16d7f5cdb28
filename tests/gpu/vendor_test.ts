import assert from "node:assert/strict";
import { vendorFromId, vendorNames, vendorTitle } from "../../lib/gpu/vendor.ts";

Deno.test("vendorFromId() knows the PCI ids of the makers of GPUs", () => {
  assert.equal(vendorFromId(0x1002), "amd");
  assert.equal(vendorFromId(0x10de), "nvidia");
  assert.equal(vendorFromId(0x8086), "intel");
  assert.equal(vendorFromId(0x1ed5), "mthreads");
  assert.equal(vendorFromId(0x10005), "mesa");
  assert.equal(vendorFromId(0x0731), "other");
});

Deno.test("vendorTitle() has a title for every vendor's name", () => {
  for (const name of vendorNames()) assert.notEqual(vendorTitle(name), "unknown vendor", name);
  assert.equal(vendorTitle("other"), "unknown vendor");
});
