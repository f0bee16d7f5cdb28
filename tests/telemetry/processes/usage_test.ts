import assert from "node:assert/strict";
import {
  engineKind,
  ownMemoryBytes,
  sharesByKind,
} from "../../../lib/telemetry/processes/engines.ts";
import { parseFdinfo } from "../../../lib/telemetry/processes/fdinfo.ts";
import { busyShare, ClientUsage } from "../../../lib/telemetry/processes/usage.ts";

function info(text: string) {
  const parsed = parseFdinfo(`drm-driver: i915\n${text}`);
  assert.ok(parsed !== undefined);
  return parsed;
}

Deno.test("busyShare() divides time by how many engines there are", () => {
  assert.equal(busyShare({ ns: 1e9 }, { ns: 2e9 }, { capacity: 2 }, 1000), 50);
});

Deno.test("busyShare() takes a driver's ns before its cycles, and cycles by the total or the clock", () => {
  const msm = { capacity: 1, max_hz: 800e6 };
  assert.equal(busyShare({ ns: 0, cycles: 0 }, { ns: 5e8, cycles: 1 }, msm, 1000), 50);
  assert.equal(busyShare({ cycles: 0 }, { cycles: 200e6 }, msm, 1000), 25);
  const xe = { cycles: 30, total_cycles: 400 };
  assert.equal(busyShare({ cycles: 10, total_cycles: 300 }, xe, { capacity: 1 }, 1), 20);
});

Deno.test("busyShare() gives nothing that it cannot know", () => {
  const one = { capacity: 1 };
  assert.equal(busyShare({}, {}, one, 1000), undefined);
  assert.equal(busyShare({ ns: 1 }, { ns: 2 }, one, 0), undefined);
  assert.equal(busyShare({ cycles: 1 }, { cycles: 2 }, one, 1000), undefined);
  assert.equal(busyShare({ cycles: 1 }, { cycles: 2, total_cycles: 9 }, one, 1000), undefined);
  const still = { cycles: 1, total_cycles: 9 };
  assert.equal(busyShare(still, still, one, 1000), undefined);
});

Deno.test("busyShare() stays within 0 and 100", () => {
  assert.equal(busyShare({ ns: 0 }, { ns: 9e9 }, { capacity: 1 }, 1000), 100);
  assert.equal(busyShare({ ns: 5 }, { ns: 1 }, { capacity: 1 }, 1000), 0);
});

Deno.test("ClientUsage.look() keeps the larger of total cycles too", () => {
  const usage = new ClientUsage();
  const at = (cycles: number, total: number) =>
    info(`drm-cycles-rcs: ${cycles}\ndrm-total-cycles-rcs: ${total}`);
  usage.look("a", at(100, 1000), 0);
  assert.deepEqual(usage.look("a", at(90, 900), 1000), new Map());
  assert.deepEqual(usage.look("a", at(150, 1100), 2000), new Map([["rcs", 50]]));
});

Deno.test("ClientUsage.look() takes a missing key for no fault, and time since its own last look", () => {
  const usage = new ClientUsage();
  assert.equal(usage.look("a", info("drm-engine-render: 1000000000 ns"), 0), null);
  assert.deepEqual(usage.look("a", info(""), 1000), new Map());
  assert.deepEqual(
    usage.look("a", info("drm-engine-render: 1500000000 ns"), 2000),
    new Map([["render", 50]]),
  );
});

Deno.test("ClientUsage.forgetUnseen() forgets clients that are gone", () => {
  const usage = new ClientUsage();
  const text = info("drm-engine-render: 5 ns");
  usage.look("a", text, 0);
  usage.forgetUnseen();
  assert.deepEqual(usage.look("a", text, 1000), new Map([["render", 0]]));
  usage.forgetUnseen();
  usage.forgetUnseen();
  assert.equal(usage.look("a", text, 2000), null);
});

Deno.test("engineKind() knows the drivers' names, and AMD's encoder for what the driver calls it", () => {
  const kinds = [
    ["amdgpu", "gfx", "gfx"],
    ["amdgpu", "dma", "copy"],
    ["amdgpu", "enc", "encode"],
    ["amdgpu", "enc_1", "encode"],
    ["amdgpu", "jpeg", "decode"],
    ["amdgpu", "vpe", "other"],
    ["i915", "render", "gfx"],
    ["i915", "video-enhance", "other"],
    ["xe", "rcs", "gfx"],
    ["xe", "ccs", "compute"],
    ["msm", "gpu", "gfx"],
    ["panfrost", "vertex-tiler", "gfx"],
    ["v3d", "csd", "compute"],
    ["xe", "render", "other"],
    ["constructor", "toString", "other"],
    ["amdgpu", "toString", "other"],
  ] as const;
  for (const [driver, name, kind] of kinds) assert.equal(engineKind(driver, name), kind);
  assert.equal(engineKind(null, "gfx"), "other");
});

Deno.test("sharesByKind() takes the largest of engines of one kind, and never their sum", () => {
  const shares = new Map([["enc_1", 70], ["enc", 60], ["gfx", 5]]);
  assert.deepEqual(sharesByKind("amdgpu", shares), { gfx: 5, encode: 70 });
});

Deno.test("ownMemoryBytes() adds up the GPU's own regions alone", () => {
  assert.equal(ownMemoryBytes(new Map([["vram0", 1], ["vram1", 2], ["gtt", 4], ["system", 8]])), 3);
  assert.equal(ownMemoryBytes(new Map([["local0", 5], ["stolen-local0", 9]])), 5);
  assert.equal(ownMemoryBytes(new Map([["system0", 5]])), null);
});
