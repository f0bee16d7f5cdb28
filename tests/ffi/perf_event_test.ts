/** Counters of the kernel, by its own software unit, which every kernel has. */

import assert from "node:assert/strict";
import { type CounterGroup, openCounterGroup } from "../../ffi/perf_event.ts";

/** `PERF_TYPE_SOFTWARE`, with `PERF_COUNT_SW_CPU_CLOCK` and `PERF_COUNT_SW_CONTEXT_SWITCHES`. */
const SOFTWARE = 1, CPU_CLOCK = 0n, CONTEXT_SWITCHES = 3n;

const opened = openCounterGroup(SOFTWARE, [CPU_CLOCK], 0);
const refused = "code" in opened ? opened.reason : undefined;
if (!("code" in opened)) opened[Symbol.dispose]();

Deno.test({
  name: `openCounterGroup() reads counters at once, and rising${
    refused === undefined ? "" : ` (skipped: ${refused})`
  }`,
  ignore: refused !== undefined,
  fn() {
    const group = openCounterGroup(SOFTWARE, [CPU_CLOCK, CONTEXT_SWITCHES], 0) as CounterGroup;
    const first = group.read();
    const until = performance.now() + 5;
    while (performance.now() < until);
    const second = group.read();
    assert.ok(first !== undefined && second !== undefined);
    assert.equal(second.values.length, 2);
    // A processor's clock and the group's own time are the same nanoseconds.
    const clock = (second.values[0] ?? 0) - (first.values[0] ?? 0);
    const enabled = second.enabled_ns - first.enabled_ns;
    assert.ok(clock >= 4e6 && enabled >= 4e6, `${clock} ns, ${enabled} ns`);
    assert.ok(Math.abs(clock / enabled - 1) < 0.5, `${clock} of ${enabled} ns`);
    group[Symbol.dispose]();
    assert.equal(group.read(), undefined);
  },
});

Deno.test("openCounterGroup() says which counter was refused, and closes the others", () => {
  const open = () => [...Deno.readDirSync("/proc/self/fd")].length;
  const before = open();
  // There is no unit of this number.
  const refusal = openCounterGroup(0x7fff_0000, [0n], 0);
  assert.ok("code" in refusal);
  assert.equal(refusal.counter, 0);
  assert.match(refusal.reason, /^[^\n]+\([A-Z]+\)/);
  if (refused === undefined) {
    const second = openCounterGroup(SOFTWARE, [CPU_CLOCK, 0xffffn], 0);
    assert.ok("code" in second);
    assert.equal(second.counter, 1);
  }
  assert.equal(open(), before);
});
