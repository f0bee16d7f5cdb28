import assert from "node:assert/strict";
import { mergeUses } from "../../../lib/telemetry/processes/merge.ts";
import { describeMissed, parseHidepid } from "../../../lib/telemetry/processes/partial.ts";

Deno.test("mergeUses() keeps GPUs and pids apart, and takes the larger of two values", () => {
  const use = { gpu: "a", pid: 1, kinds: [], vram_bytes: 10 } as const;
  const merged = mergeUses([
    { source: "fdinfo", use: { ...use, engine_utilization_pct: { gfx: 30, copy: 1 } } },
    { source: "kfd", use: { ...use, kinds: ["compute"], vram_bytes: null } },
    {
      source: "nvml",
      use: {
        ...use,
        kinds: ["graphics", "compute"],
        vram_bytes: 7,
        engine_utilization_pct: { gfx: 20, compute: 120 },
        memory_bytes: { vram: 5 },
      },
    },
    { source: "nvml", use: { ...use, gpu: "b", utilization_pct: 12 } },
    { source: "nvml", use: { ...use, pid: 2 } },
  ]);
  assert.equal(merged.length, 3);
  assert.deepEqual(merged[0], {
    gpu: "a",
    pid: 1,
    kinds: ["graphics", "compute"],
    engine_utilization_pct: { gfx: 30, compute: 100, copy: 1 },
    utilization_pct: 100,
    memory_bytes: { vram: 5 },
    vram_bytes: 10,
    sources: ["fdinfo", "kfd", "nvml"],
  });
  assert.equal(merged[1]?.utilization_pct, 12);
  assert.equal(merged[1]?.engine_utilization_pct, null);
});

Deno.test("mergeUses() makes nothing known of what is not", () => {
  const use = { gpu: "a", pid: 1, kinds: [], vram_bytes: null } as const;
  const [merged] = mergeUses([
    { source: "x", use: { ...use, engine_utilization_pct: { gfx: NaN }, utilization_pct: NaN } },
    { source: "y", use },
  ]);
  assert.equal(merged?.utilization_pct, null);
  assert.deepEqual(merged?.engine_utilization_pct, {});
  assert.equal(merged?.vram_bytes, null);
});

Deno.test("describeMissed() names what is missing and which right would show it", () => {
  const whole = {
    ownPidNamespace: false,
    hidepid: null,
    root: false,
    denied: 0,
    foreign: 0,
    sources: [],
  };
  assert.equal(describeMissed(whole), null);
  assert.equal(
    describeMissed({ ...whole, denied: 12, sources: ["nvml: no permission"] }),
    "open files of 12 processes not looked at: needs CAP_SYS_PTRACE (root); nvml: no permission",
  );
  assert.match(describeMissed({ ...whole, hidepid: "invisible" }) ?? "", /hidepid=invisible.*root/);
  assert.equal(describeMissed({ ...whole, hidepid: "invisible", root: true }), null);
  assert.match(
    describeMissed({ ...whole, ownPidNamespace: true, foreign: 1 }) ?? "",
    /outside this container.*1 program has no name.*--pid=host/,
  );
});

Deno.test("parseHidepid() reads how /proc hides processes, of the mount on top", () => {
  const mount = (options: string) => `proc /proc proc rw,nosuid${options} 0 0`;
  assert.equal(parseHidepid(mount("")), null);
  assert.equal(parseHidepid(mount(",hidepid=2")), "2");
  assert.equal(parseHidepid(mount(",gid=4,hidepid=invisible")), "invisible");
  assert.equal(parseHidepid(mount(",hidepid=ptraceable")), "ptraceable");
  // Seen, though their files are closed: those are counted one by one.
  assert.equal(parseHidepid(mount(",hidepid=noaccess")), null);
  assert.equal(parseHidepid(`${mount(",hidepid=2")}\n${mount("")}`), null);
  assert.equal(parseHidepid("proc /mnt/proc proc rw,hidepid=2 0 0"), null);
});
