import assert from "node:assert/strict";
import type { Handover } from "../../lib/launch/handover.ts";
import {
  assetPlace,
  commandOf,
  nameOf,
  type Origin,
  originOf,
  shimPlaces,
} from "../../lib/launch/origin.ts";

const CACHED: Handover = {
  argv0: "/usr/bin/mvgal-info",
  self: "/usr/bin/mvgal",
  directory: "/cache/0123",
  descriptors: new Map([["mvgal.js", 1000]]),
};
const IN_MEMORY: Handover = {
  argv0: "mvgal",
  self: undefined,
  directory: undefined,
  descriptors: new Map([["mvgal.js", 1000], ["shims/libmvgal_host.so", 1001]]),
};

const LAUNCHER: Origin = { kind: "launcher", handover: CACHED };
const STANDALONE: Origin = { kind: "standalone", directory: "/tmp/deno-compile-mvgal" };
const SOURCE: Origin = { kind: "source", root: "/src/mvgal" };
const SCRIPT: Origin = { kind: "script", path: "/src/mvgal/build/compile/mvgal.js" };

const deno = () => "/usr/bin/deno";
const neverAsked = () => assert.fail("asked for Deno's path, which may end the process");

Deno.test("originOf() tells the launcher, deno compile, source and a script apart", () => {
  const module = "/src/mvgal/lib/launch/self.ts";
  assert.deepEqual(originOf({ handover: null, standalone: false, module }), SOURCE);
  assert.deepEqual(originOf({ handover: CACHED, standalone: false, module: "/x" }), LAUNCHER);
  const script = "/src/mvgal/build/compile/mvgal.js";
  assert.deepEqual(originOf({ handover: null, standalone: false, module: script }), SCRIPT);
  const embedded = "/tmp/deno-compile-mvgal/mvgal.js";
  assert.deepEqual(originOf({ handover: null, standalone: true, module: embedded }), STANDALONE);
});

Deno.test("nameOf() is the last component of the name of the link", () => {
  assert.equal(nameOf(LAUNCHER, undefined), "mvgal-info");
  assert.equal(nameOf(STANDALONE, "./mvgal-bench"), "mvgal-bench");
  assert.equal(nameOf(SOURCE, "/usr/bin/deno"), "mvgal");
  assert.equal(nameOf(SCRIPT, "deno"), "mvgal");
});

Deno.test("nameOf() is mvgal where there is no name", () => {
  assert.equal(nameOf(STANDALONE, undefined), "mvgal");
  assert.equal(
    nameOf({ kind: "launcher", handover: { ...CACHED, argv0: "" } }, undefined),
    "mvgal",
  );
});

Deno.test("commandOf() starts the same form again", () => {
  assert.deepEqual(commandOf(LAUNCHER, neverAsked), ["/usr/bin/mvgal"]);
  assert.deepEqual(commandOf(STANDALONE, () => "/usr/bin/mvgal"), ["/usr/bin/mvgal"]);
  const run = ["/usr/bin/deno", "run", "--allow-all"];
  assert.deepEqual(commandOf(SOURCE, deno), [...run, "/src/mvgal/main.ts"]);
  assert.deepEqual(commandOf(SCRIPT, deno), [...run, "/src/mvgal/build/compile/mvgal.js"]);
});

Deno.test("commandOf() refuses where the single file is gone", () => {
  assert.throws(
    () => commandOf({ kind: "launcher", handover: IN_MEMORY }, neverAsked),
    /^Error: cannot start mvgal again: the file that it was started from is gone/,
  );
});

Deno.test("shimPlaces() names the place of each form", () => {
  const places = (origin: Origin) => shimPlaces(origin, "libmvgal_host.so", undefined);
  assert.deepEqual(places(LAUNCHER), ["/cache/0123/shims/libmvgal_host.so"]);
  assert.deepEqual(places(STANDALONE), ["/tmp/deno-compile-mvgal/shims/libmvgal_host.so"]);
  assert.deepEqual(places(SOURCE), ["/src/mvgal/build/shims/libmvgal_host.so"]);
  assert.deepEqual(places(SCRIPT), ["/src/mvgal/build/compile/shims/libmvgal_host.so"]);
});

Deno.test("shimPlaces() names the descriptor of a shim in memory, and none of one that is not there", () => {
  const origin: Origin = { kind: "launcher", handover: IN_MEMORY };
  assert.deepEqual(shimPlaces(origin, "libmvgal_host.so", undefined), ["/proc/self/fd/1001"]);
  assert.deepEqual(shimPlaces(origin, "libmvgal_cuda.so", undefined), []);
});

Deno.test("shimPlaces() puts the user's directory first", () => {
  assert.deepEqual(shimPlaces(SOURCE, "libmvgal_host.so", "/mine"), [
    "/mine/libmvgal_host.so",
    "/src/mvgal/build/shims/libmvgal_host.so",
  ]);
  assert.equal(shimPlaces(SOURCE, "libmvgal_host.so", "").length, 1);
});

Deno.test("assetPlace() names the place of a file that each form carries", () => {
  const place = (origin: Origin) => assetPlace(origin, "web/dashboard.js");
  assert.equal(place(LAUNCHER), "/cache/0123/web/dashboard.js");
  assert.equal(place(STANDALONE), "/tmp/deno-compile-mvgal/web/dashboard.js");
  assert.equal(place(SOURCE), "/src/mvgal/build/web/dashboard.js");
  assert.equal(place(SCRIPT), "/src/mvgal/build/compile/web/dashboard.js");
  assert.equal(place({ kind: "launcher", handover: IN_MEMORY }), undefined);
  const descriptors = new Map([["web/dashboard.js", 1002]]);
  const handover = { ...IN_MEMORY, descriptors };
  assert.equal(place({ kind: "launcher", handover }), "/proc/self/fd/1002");
});
