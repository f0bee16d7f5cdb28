import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { type GpuSample, unknownMetrics } from "../../lib/telemetry/metrics.ts";
import type { GpuProcess } from "../../lib/telemetry/process.ts";
import {
  type Judged,
  judgeGpu,
  judgeProcesses,
  overall,
  type SmiRow,
} from "../../scripts/status/compare.ts";
import { parseSmiRows, smiNumber, unknownField } from "../../scripts/status/nvidia_smi.ts";

const ID = "pci:0000:06:00.0";

function sample(metrics: Partial<GpuSample>): GpuSample {
  return {
    ...unknownMetrics(),
    id: ID,
    index: 0,
    name: "NVIDIA H200",
    state: "ok",
    reason: null,
    power_state: null,
    sources: {},
    absent: {},
    ...metrics,
  };
}

function row(cells: Record<string, string>): SmiRow {
  return new Map(Object.entries({ "pci.bus_id": "00000000:06:00.0", ...cells }));
}

/** The verdict on the only metric that nvidia-smi shows. */
function verdict(metrics: Partial<GpuSample>, field: string, before: string, after = before) {
  const judged = judgeGpu(sample(metrics), {
    before: [row({ [field]: before })],
    after: [row({ [field]: after })],
  });
  assert.equal(judged.length, 1);
  return judged[0] as Judged;
}

Deno.test("judgeGpu() allows nvidia-smi's rounding and no more", () => {
  const mib = (used: number) =>
    verdict({ vram_total_bytes: used * 1048576 }, "memory.total", "143771").ok;
  assert.equal(mib(143771.4), true);
  assert.equal(mib(143770.1), true);
  assert.equal(mib(143772.5), false);
  assert.equal(verdict({ power_cap_w: 700 }, "power.limit", "700.00").ok, true);
  assert.equal(verdict({ power_cap_w: 699.5 }, "power.limit", "700.00").ok, false);
  assert.equal(verdict({ core_clock_max_mhz: 1979 }, "clocks.max.sm", "1980").ok, false);
});

Deno.test("judgeGpu() takes two readings as a bracket for what changes", () => {
  const power = (watts: number) => verdict({ power_w: watts }, "power.draw", "300.00", "310.00").ok;
  assert.equal(power(305), true);
  assert.equal(power(292), true);
  assert.equal(power(289), false);
  assert.equal(power(321), false);
});

Deno.test("judgeGpu() calls a value that we lack a miss, with our reason", () => {
  const lacking = verdict({ absent: { power_w: "because" } }, "power.draw", "76.54");
  assert.equal(lacking.ok, false);
  assert.equal(lacking.why, "because");
  assert.equal(verdict({}, "fan.speed", "[N/A]").ok, null);
  assert.equal(verdict({ fan_pct: 3 }, "fan.speed", "[N/A]").ok, null);
});

Deno.test("judgeGpu() compares states and reasons by name", () => {
  assert.equal(verdict({ performance_state: "P0" }, "pstate", "P0").ok, true);
  assert.equal(verdict({ performance_state: "P2" }, "pstate", "P0", "P2").ok, true);
  assert.equal(verdict({ performance_state: "P8" }, "pstate", "P0", "P2").ok, false);
  const field = "clocks_event_reasons.active";
  const reasons = (names: string[], mask: string) =>
    verdict({ throttle_reasons: names }, field, mask);
  assert.equal(reasons(["sw_power_cap"], "0x0000000000000004").ok, true);
  assert.equal(reasons([], "0x0000000000000000").ok, true);
  assert.equal(reasons([], "0x0000000000000001").ok, false);
});

Deno.test("judgeGpu() misses a GPU that nvidia-smi does not show", () => {
  const [judged] = judgeGpu(sample({}), { before: [], after: [] });
  assert.equal(judged?.ok, false);
});

Deno.test("judgeProcesses() compares memory by GPU and pid, and passes over those that came or went", () => {
  const apps = (text: string) => parseSmiRows(text, ["gpu_bus_id", "pid", "used_memory"]);
  const uses = (pid: number, bytes: number | null) =>
    ({ gpu: ID, pid, vram_bytes: bytes }) as GpuProcess;
  const before = apps(
    "00000000:06:00.0, 10, 512\n00000000:06:00.0, 11, 100\n00000000:06:00.0, 12, 7\n" +
      "00000000:06:00.0, 13, 7\n00000000:06:00.0, 14, [N/A]\n",
  );
  const after = apps(
    "00000000:06:00.0, 10, 512\n00000000:06:00.0, 11, 100\n00000000:06:00.0, 13, 7\n" +
      "00000000:06:00.0, 14, [N/A]\n",
  );
  const judged = judgeProcesses([uses(10, 512 * 1048576), uses(11, 90 * 1048576)], {
    before,
    after,
  });
  assert.deepEqual(judged.map(({ what, ok }) => [what, ok]), [
    ["pid 10", true],
    ["pid 11", false],
    ["pid 13", false],
    ["pid 14", null],
  ]);
  assert.equal(judged[2]?.why, "not on our list");
});

Deno.test("overall() wants all rounds of what stands still, and one of what changes", () => {
  const judged = (what: string, ok: boolean | null, changes: boolean): Judged => ({
    gpu: ID,
    what,
    ok,
    changes,
    ours: "",
    theirs: "",
    why: "",
  });
  const verdicts = overall([
    [judged("still", true, false), judged("moving", false, true), judged("never", false, true)],
    [judged("still", false, false), judged("moving", true, true), judged("never", false, true)],
    [judged("still", true, false), judged("moving", false, true), judged("never", null, true)],
  ]);
  assert.deepEqual(verdicts.map(({ what, ok }) => [what, ok]), [
    ["still", false],
    ["moving", true],
    ["never", false],
  ]);
});

Deno.test("smiNumber() and unknownField() read what nvidia-smi prints", () => {
  assert.equal(smiNumber("76.54"), 76.54);
  for (const cell of ["[N/A]", "[Not Supported]", "", undefined, "0x4"]) {
    assert.equal(smiNumber(cell), null);
  }
  assert.equal(
    unknownField('Field "utilization.encoder" is not a valid field to query.\n'),
    "utilization.encoder",
  );
  assert.equal(unknownField("NVIDIA-SMI has failed"), undefined);
});

/** Runs the script with programs of these names in front of the others. */
function runScript(programs: Record<string, string>): { code: number; out: string } {
  const directory = Deno.makeTempDirSync({ prefix: "mvgal-check-status-" });
  try {
    for (const [name, script] of Object.entries(programs)) {
      Deno.writeTextFileSync(join(directory, name), `#!/bin/sh\n${script}`, { mode: 0o755 });
    }
    const script = join(import.meta.dirname ?? ".", "..", "..", "scripts", "check_status.ts");
    const { code, stdout, stderr } = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-A",
        "--no-check",
        script,
        "--mvgal",
        join(directory, "mvgal"),
        "--rounds",
        "2",
      ],
      env: { PATH: `${directory}:/usr/bin:/bin:${dirname(Deno.execPath())}`, NO_COLOR: "1" },
    }).outputSync();
    const text = new TextDecoder();
    return { code, out: text.decode(stdout) + text.decode(stderr) };
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

/** An nvidia-smi of a release that knows no field of encoders, and shows two things. */
const SMI = `case "$1" in
  *utilization.encoder*) echo 'Field "utilization.encoder" is not a valid field to query.'; exit 2;;
  --query-compute-apps=*) echo "00000000:06:00.0, 10, 512";;
  *) fields=\${1#--query-gpu=}
    echo "$fields" | tr , '\\n' | while read -r field; do case $field in
      pci.bus_id) printf 00000000:06:00.0;; temperature.gpu) printf ', 34';; *) printf ', [N/A]';; esac
    done; echo;;
esac
`;

Deno.test("check_status.ts exits with 0 where all fits, and with 1 where a metric does not", () => {
  const mvgal = (temperature: number) => {
    const gpus = [sample({ temperature_c: temperature })];
    const processes = [{ gpu: ID, pid: 10, vram_bytes: 512 * 1048576 }];
    const line = JSON.stringify({ schema: "mvgal.status/1", at: "now", gpus, processes });
    return `cat <<'END'\n${line}\nEND\n`;
  };
  const good = runScript({ "nvidia-smi": SMI, mvgal: mvgal(35) });
  assert.equal(good.code, 0, good.out);
  assert.match(good.out, /2 compared in 2 rounds, 0 missed/);
  const bad = runScript({ "nvidia-smi": SMI, mvgal: mvgal(37) });
  assert.equal(bad.code, 1);
  assert.match(bad.out, /temperature_c +37 +34 +MISS +differs by more than 1/);
  const none = runScript({ "nvidia-smi": "echo broken; exit 9\n", mvgal: mvgal(34) });
  assert.equal(none.code, 1);
  assert.match(none.out, /^check_status: nvidia-smi --query-gpu=\S+: broken$/m);
});
