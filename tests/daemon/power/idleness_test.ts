import assert from "node:assert/strict";
import { evidenceOf, holdsCompute, IdleTrack } from "../../../lib/daemon/power/idleness.ts";
import { blank, policy, programs, sample } from "./fakes.ts";

const GPU = "pci:0000:01:00.0";
const POLICY = policy();

Deno.test("evidenceOf() takes for idle only what is known to be idle", () => {
  const at = (utilization_pct: number | null) => sample(GPU, 260, { utilization_pct });
  assert.equal(evidenceOf(at(0), false, POLICY), "idle");
  assert.equal(evidenceOf(at(0), null, POLICY), "unknown");
  assert.equal(evidenceOf(at(null), false, POLICY), "unknown");
  assert.equal(evidenceOf(at(7), false, POLICY), "unknown");
  assert.equal(evidenceOf(at(10), null, POLICY), "busy");
  assert.equal(evidenceOf(at(0), true, POLICY), "busy");
  assert.equal(evidenceOf(blank(GPU, "asleep"), false, POLICY), "idle");
  assert.equal(evidenceOf(blank(GPU, "lost"), false, POLICY), "unknown");
});

Deno.test("holdsCompute() counts programs of which the kind is not known, and those it may not see", () => {
  const list = programs(GPU);
  assert.equal(holdsCompute(GPU, list), true);
  assert.equal(holdsCompute("pci:0000:02:00.0", list), false);
  assert.equal(holdsCompute(GPU, null), null);
  assert.equal(holdsCompute(GPU, { ...programs(), partial: "of other users" }), null);
  const kinds = (...of: ("graphics" | "compute")[]) => ({
    ...list,
    processes: list.processes.map((each) => ({ ...each, kinds: of })),
  });
  assert.equal(holdsCompute(GPU, kinds()), true);
  assert.equal(holdsCompute(GPU, kinds("graphics")), false);
  assert.equal(holdsCompute(GPU, kinds("graphics", "compute")), true);
});

Deno.test("IdleTrack reaches idle, sustained and parkable by the timeouts, and work ends it", () => {
  const track = new IdleTrack();
  const levels = [];
  for (let s = 0; s <= 31; s++) levels.push(track.see("idle", s * 1000, POLICY));
  assert.equal(levels.indexOf("idle"), 5);
  assert.equal(levels.indexOf("sustained"), 10);
  assert.equal(levels.indexOf("parkable"), 30);
  assert.equal(track.see("busy", 32_000, POLICY), "active");
  assert.equal(track.idleMs, 0);
});

Deno.test("IdleTrack does not count time of which it knows nothing", () => {
  const track = new IdleTrack();
  for (let s = 0; s <= 6; s++) track.see("idle", s * 1000, POLICY);
  for (let s = 7; s <= 100; s++) track.see("unknown", s * 1000, POLICY);
  assert.equal(track.see("idle", 101_000, POLICY), "idle");
  assert.equal(track.idleMs, 6000);
  // A look that came late says nothing of the time before it.
  track.see("idle", 200_000, POLICY);
  assert.equal(track.idleMs, 16_000);
  const fresh = new IdleTrack();
  fresh.see("idle", 0, POLICY);
  fresh.see("idle", 3000, POLICY);
  fresh.see("unknown", 4000, POLICY);
  assert.equal(fresh.idleMs, 0);
});
