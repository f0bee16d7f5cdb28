import assert from "node:assert/strict";
import { join } from "node:path";
import { readHistory } from "../../../lib/daemon/history/reader.ts";
import { HistoryFixture, START } from "./history_fixture.ts";

const PROGRAM = join(import.meta.dirname ?? ".", "kill_program.ts");
const KILLS = Number(Deno.env.get("MVGAL_HISTORY_KILLS") ?? 10);

/** The last number that it said, after it was killed behind the first. */
async function lastSaid(child: Deno.ChildProcess, wait_ms: number): Promise<number> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const bytes of child.stdout) {
    if (text === "") setTimeout(() => child.kill("SIGKILL"), wait_ms);
    text += decoder.decode(bytes, { stream: true });
  }
  await child.status;
  // The line that it was writing when it was killed may be half there.
  return Number(text.slice(0, text.lastIndexOf("\n")).split("\n").at(-1));
}

Deno.test("HistoryStore loses nothing that was flushed, and counts nothing twice, when it is killed", async () => {
  using fixture = new HistoryFixture();
  let second = 0;
  const written: { from: number; flushed: number }[] = [];
  for (let kill = 0; kill < KILLS; kill++) {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", PROGRAM, fixture.path, String(second)],
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const flushed = await lastSaid(child, 10 + 23 * (kill % 12));
    assert.ok(flushed > second, "it wrote before it was killed");
    written.push({ from: second, flushed });
    // Far enough that samples behind the last flush are told from those of the next run.
    second = flushed + 3600 * 24;
  }
  for (const { from, flushed } of written) {
    for (const step_s of [10, 300]) {
      const view = await readHistory(fixture.path, {
        metrics: ["utilization_pct"],
        from: START + 1000 * from,
        to: START + 1000 * flushed,
        step_s,
      }, { now: START, most_points: Infinity });
      const steps = new Map<number, number[]>();
      for (let each = from; each < flushed; each++) {
        const start = Math.floor(each / view.step_s) * view.step_s;
        const step = steps.get(start) ?? [];
        step.push(each % 101);
        steps.set(start, step);
      }
      assert.deepEqual(fixture.files().filter((name) => name.includes("corrupt")), []);
      for (const { points } of view.series) {
        const means = new Map(
          points.map(({ at, mean }) => [(Date.parse(at) - START) / 1000, mean]),
        );
        const last = [...steps.keys()].at(-1);
        for (const [start, values] of steps) {
          // Samples behind the last flush may be in the last step, or not.
          if (start === last) continue;
          const mean = values.reduce((a, b) => a + b, 0) / values.length;
          const found = means.get(start);
          assert.ok(found !== undefined, `step ${start} of ${from}..${flushed} is lost`);
          assert.ok(Math.abs(found - mean) < 1e-6, `step ${start}: ${found}, not ${mean}`);
        }
      }
    }
  }
});
