import assert from "node:assert/strict";
import {
  comparePciAddresses,
  formatPciAddress,
  parsePciAddress,
} from "../../lib/gpu/pci_address.ts";

Deno.test("parsePciAddress() takes the forms of lspci, sysfs and NVML", () => {
  for (const text of ["06:00.0", "0000:06:00.0", "00000000:06:00.0", " 6:0.0 "]) {
    assert.equal(parsePciAddress(text), "0000:06:00.0", text);
  }
  assert.equal(parsePciAddress("00010000:E1:1F.7"), "10000:e1:1f.7");
});

Deno.test("parsePciAddress() takes nothing else", () => {
  for (const text of ["", "card0", "06:00", "06:00.8", "06:20.0", "0000:06:00.0/", "g:0.0"]) {
    assert.equal(parsePciAddress(text), undefined, text);
  }
});

Deno.test("formatPciAddress() writes what sysfs does", () => {
  assert.equal(formatPciAddress(0, 6, 0, 0), "0000:06:00.0");
  assert.equal(formatPciAddress(0x10000, 0xe1, 0x1f, 7), "10000:e1:1f.7");
});

Deno.test("comparePciAddresses() orders by domain, bus, device and function", () => {
  const ordered = ["0000:06:00.0", "0000:06:00.1", "0000:0a:00.0", "c05b:00:00.0", "10000:00:00.0"];
  assert.deepEqual(ordered.toReversed().sort(comparePciAddresses), ordered);
  assert.equal(comparePciAddresses("0000:06:00.0", "0000:06:00.0"), 0);
});
