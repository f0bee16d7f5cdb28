/** Answers of Intel's drivers, byte by byte as `drm/i915_drm.h` and `drm/xe_drm.h` lay them out. */

import assert from "node:assert/strict";
import {
  openDrmQueryNode,
  parseI915Regions,
  parseXeEngines,
  parseXeRegions,
} from "../../ffi/drm_query.ts";
import { i915Regions, xeEngines, xeRegions } from "../telemetry/intel/answers.ts";

const MiB = 2 ** 20, GiB = 2 ** 30;

/** A card with 6 GiB, of which 256 MiB can be addressed. */
const I915 = i915Regions([
  { kind: 0, total: 16 * GiB, free: 16 * GiB, visible: 16 * GiB, visibleFree: 16 * GiB },
  { kind: 1, total: 6 * GiB, free: 5 * GiB, visible: 256 * MiB, visibleFree: 200 * MiB },
]);

const XE = xeRegions([
  { kind: 0, total: 16 * GiB, used: 300 * MiB, visible: 0, visibleUsed: 0 },
  { kind: 1, total: 12 * GiB, used: 2 * GiB, visible: 12 * GiB, visibleUsed: GiB },
]);

Deno.test("parseI915Regions() tells what is used to those who may know, and of the GPU's own memory", () => {
  const system = {
    kind: "system",
    total: 16 * GiB,
    used: null,
    visible_total: null,
    visible_used: null,
  };
  assert.deepEqual(parseI915Regions(I915, true), [system, {
    kind: "device",
    total: 6 * GiB,
    used: GiB,
    visible_total: 256 * MiB,
    visible_used: 56 * MiB,
  }]);
  assert.deepEqual(parseI915Regions(I915, false), [system, {
    kind: "device",
    total: 6 * GiB,
    used: null,
    visible_total: 256 * MiB,
    visible_used: null,
  }]);
});

Deno.test("parseI915Regions() takes -1 for not tracked, and a size that no kernel told for none", () => {
  const untracked = i915Regions([
    { kind: 1, total: GiB, free: -1, visible: 0, visibleFree: 0 },
    { kind: 1, total: -1, free: 0, visible: 0, visibleFree: 0 },
    { kind: 7, total: GiB, free: 0, visible: 0, visibleFree: 0 },
  ]);
  assert.deepEqual(parseI915Regions(untracked, true), [{
    kind: "device",
    total: GiB,
    used: null,
    visible_total: null,
    visible_used: null,
  }]);
});

Deno.test("parseXeRegions() takes the 0 that those without the right are told for unknown", () => {
  assert.deepEqual(parseXeRegions(XE, true).map(({ used, visible_used }) => [used, visible_used]), [
    [300 * MiB, null],
    [2 * GiB, GiB],
  ]);
  assert.deepEqual(parseXeRegions(XE, false).map(({ kind, total, used }) => [kind, total, used]), [
    ["system", 16 * GiB, null],
    ["device", 12 * GiB, null],
  ]);
});

Deno.test("parseXeEngines() gives class, instance and GT", () => {
  assert.deepEqual(parseXeEngines(xeEngines([[0, 0, 0], [2, 1, 1]])), [
    { engine_class: 0, engine_instance: 0, gt: 0 },
    { engine_class: 2, engine_instance: 1, gt: 1 },
  ]);
});

Deno.test("the parsers give of a cut answer what is whole in it, and nothing of an empty one", () => {
  for (const parse of [parseI915Regions, parseXeRegions]) {
    const whole = parse === parseI915Regions ? I915 : XE;
    assert.equal(parse(whole.subarray(0, whole.length - 1), true).length, 1);
    assert.deepEqual(parse(whole.subarray(0, 3), true), []);
    assert.deepEqual(parse(new Uint8Array(0), true), []);
  }
  assert.deepEqual(parseXeEngines(new Uint8Array(5)), []);
});

Deno.test("openDrmQueryNode() says in one line why a node cannot be opened, or asked", () => {
  const missing = openDrmQueryNode("/dev/dri/renderD9999");
  assert.match(String(missing), /^\/dev\/dri\/renderD9999 cannot be opened \(ENOENT\)$/);
  const open = () => [...Deno.readDirSync("/proc/self/fd")].length;
  const before = open();
  {
    const node = openDrmQueryNode("/dev/null");
    assert.ok(typeof node !== "string", String(node));
    using _node = node;
    // ENOTTY: no DRM node at all.
    assert.match(String(node.i915Regions()), /^a query of \/dev\/null failed: errno 25$/);
    assert.match(String(node.xeRegions()), /errno 25$/);
    assert.match(String(node.xeEngines()), /errno 25$/);
  }
  assert.equal(open(), before);
});
