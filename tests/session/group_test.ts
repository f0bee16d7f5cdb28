/** Files of groups as bytes. */

import assert from "node:assert/strict";
import { RecordView } from "../../lib/session/fixed_layout.ts";
import {
  encodeGroup,
  type Group,
  groupUse,
  limitWrites,
  parseGroup,
  parseGroupName,
} from "../../lib/session/group.ts";
import * as layout from "../../lib/session/layout.ts";
import { sampleGroup } from "./page_fuzz.ts";

function groupOf(bytes: Uint8Array<ArrayBuffer>): Group {
  const reading = parseGroup(bytes);
  assert.ok(reading.state === "group");
  return reading.group;
}

Deno.test("parseGroup() gives limits, and what each program uses", () => {
  const { limits, members } = groupOf(sampleGroup());
  assert.equal(limits.length, 2);
  assert.equal(limits[0]?.memory_limit_bytes, 1n << 34n);
  assert.deepEqual(members.map(({ slot, pid, start_time }) => [slot, pid, start_time]), [
    [0, 100, "0"],
    [5, 105, "5"],
  ]);
  assert.deepEqual(members[1]?.used_bytes, [0, 6 << 20]);
});

Deno.test("groupUse() counts the programs that live", () => {
  const group = groupOf(sampleGroup());
  const both = groupUse(group, (pid) => String(pid - 100));
  assert.deepEqual(both[1], { used_bytes: 7 << 20, free_bytes: (1n << 34n) - (7n << 20n) });
  // The pid of the other belongs to another process by now.
  const one = groupUse(group, (pid) => pid === 105 ? "6" : "0");
  assert.equal(one[1]?.used_bytes, 1 << 20);
  const none = groupUse(group, () => undefined);
  assert.deepEqual(none[0], { used_bytes: 0, free_bytes: 1n << 34n });
});

Deno.test("groupUse() does not add up what cannot be", () => {
  const view = new RecordView(layout.GROUP, sampleGroup());
  view.at("slots", 0).setU64("used_bytes", 1n << 60n, 1);
  const use = groupUse(groupOf(view.bytes), (pid) => String(pid - 100));
  assert.deepEqual(use[1], { used_bytes: null, free_bytes: null });
});

Deno.test("limitWrites() change one number each, and nothing of the programs", () => {
  const bytes = sampleGroup();
  const { limits, members } = groupOf(bytes);
  const after = limits.map((limit, i) => ({
    ...limit,
    ...(i === 1 && { memory_limit_bytes: null, compute_pct: 25 }),
  }));
  const writes = limitWrites(limits, after);
  assert.deepEqual(writes.map(({ at, bytes }) => [at % bytes.length, bytes.length]), [[0, 8], [
    0,
    4,
  ]]);
  for (const { at, bytes: its } of writes) bytes.set(its, at);
  assert.deepEqual(groupOf(bytes), { limits: after, members });
  assert.deepEqual(limitWrites(after, after), []);
  assert.throws(() => limitWrites(limits, limits.slice(1)), /keeps its GPUs/);
});

Deno.test("parseGroup() and encodeGroup() refuse what no group has", () => {
  const limit = { gpu: "pci:0000:06:00.0", memory_limit_bytes: null, compute_pct: 100 };
  assert.throws(() => encodeGroup([{ ...limit, compute_pct: 0 }]), /not 1 to 100/);
  assert.throws(() => encodeGroup([{ ...limit, gpu: "" }]), /no GPU/);
  const twice = parseGroup(encodeGroup([limit, limit]));
  assert.match(twice.state === "none" ? twice.reason : "", /names pci:0000:06:00.0 twice/);
  assert.equal(parseGroup(sampleGroup().subarray(8)).state, "none");
});

Deno.test("parseGroupName() takes names of files in one directory", () => {
  assert.equal(parseGroupName("lab-2.a"), "lab-2.a");
  for (const name of ["", ".", "..", ".x", "a/b", "a\0", "é", "x".repeat(65)]) {
    assert.throws(() => parseGroupName(name), /no name of a group/, name);
  }
});
