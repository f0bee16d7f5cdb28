import assert from "node:assert/strict";
import { formatUuid, parseUuid } from "../../lib/gpu/uuid.ts";

const TEXT = "b15a0a1c-4b3d-0f21-9c5e-8a7b6c5d4e3f";
const BYTES = Uint8Array.from(
  TEXT.replaceAll("-", "").match(/../g) ?? [],
  (hex) => parseInt(hex, 16),
);

Deno.test("formatUuid() writes 16 bytes", () => {
  assert.equal(formatUuid(BYTES), TEXT);
  assert.equal(formatUuid([...BYTES]), TEXT);
});

Deno.test("formatUuid() knows no UUID in zeros or in another number of bytes", () => {
  assert.equal(formatUuid(new Uint8Array(16)), undefined);
  assert.equal(formatUuid(BYTES.subarray(1)), undefined);
});

Deno.test("parseUuid() finds the UUID in NVIDIA's text, and in a bare one", () => {
  assert.equal(parseUuid(`GPU-${TEXT.toUpperCase()}`), TEXT);
  assert.equal(parseUuid(`MIG-${TEXT}`), TEXT);
  assert.equal(parseUuid(TEXT), TEXT);
});

Deno.test("parseUuid() finds none in other text", () => {
  for (const text of ["", "GPU-60a7d2e0f1b3c4d5", `${TEXT}0`, `x${TEXT}`]) {
    assert.equal(parseUuid(text), undefined);
  }
});
