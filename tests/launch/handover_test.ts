import assert from "node:assert/strict";
import { readHandover } from "../../lib/launch/handover.ts";

Deno.test("readHandover() finds no launcher in a plain environment", () => {
  assert.deepEqual(readHandover({ HOME: "/root", MVGAL_DEBUG: "1", MVGAL_SHIM_DIR: "/shims" }), {
    handover: null,
    remove: [],
    restore: {},
  });
});

Deno.test("readHandover() reads what a start from the cache leaves", () => {
  const { handover, remove, restore } = readHandover({
    HOME: "/root",
    DENO_DIR: "/cache/deno",
    MVGAL_LAUNCHER_ARGV0: "mvgal-info",
    MVGAL_LAUNCHER_SELF: "/usr/bin/mvgal",
    MVGAL_LAUNCHER_DIR: "/cache",
    MVGAL_LAUNCHER_FDS: "1000:mvgal.js",
    MVGAL_LAUNCHER_SET: "DENO_DIR",
    MVGAL_LAUNCHER_KEEP_DENO_DIR: "/the/user's",
    MVGAL_LAUNCHER_KEEP_NODE_OPTIONS: "",
  });
  assert.deepEqual(handover, {
    argv0: "mvgal-info",
    self: "/usr/bin/mvgal",
    directory: "/cache",
    descriptors: new Map([["mvgal.js", 1000]]),
  });
  assert.deepEqual(remove.toSorted(), [
    "DENO_DIR",
    "MVGAL_LAUNCHER_ARGV0",
    "MVGAL_LAUNCHER_DIR",
    "MVGAL_LAUNCHER_FDS",
    "MVGAL_LAUNCHER_KEEP_DENO_DIR",
    "MVGAL_LAUNCHER_KEEP_NODE_OPTIONS",
    "MVGAL_LAUNCHER_SELF",
    "MVGAL_LAUNCHER_SET",
  ]);
  assert.deepEqual(restore, { DENO_DIR: "/the/user's", NODE_OPTIONS: "" });
});

Deno.test("readHandover() reads what a start from memory leaves", () => {
  const { handover } = readHandover({
    MVGAL_LAUNCHER_ARGV0: "mvgal",
    MVGAL_LAUNCHER_FDS: "1000:mvgal.js 1001:shims/libmvgal_host.so nonsense :x 7:",
    MVGAL_LAUNCHER_SET: "",
  });
  assert.deepEqual(handover, {
    argv0: "mvgal",
    self: undefined,
    directory: undefined,
    descriptors: new Map([["mvgal.js", 1000], ["shims/libmvgal_host.so", 1001]]),
  });
});

Deno.test("readHandover() removes remains of a launcher that did not start this process", () => {
  assert.deepEqual(readHandover({ MVGAL_LAUNCHER_DIR: "/x", MVGAL_LAUNCHER_KEEP_PATH: "/y" }), {
    handover: null,
    remove: ["MVGAL_LAUNCHER_DIR", "MVGAL_LAUNCHER_KEEP_PATH"],
    restore: {},
  });
});
