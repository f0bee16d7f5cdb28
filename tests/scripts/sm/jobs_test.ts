import assert from "node:assert/strict";
import { inParallel } from "../../../scripts/sm/jobs.ts";

Deno.test("inParallel() gives each GPU one job at a time, the longest first", async () => {
  const running = new Map<string, number>();
  const begun: number[] = [];
  const jobs = [3, 1, 4, 2, 5].map((seconds) => ({
    seconds,
    run: async (gpu: string) => {
      assert.equal(running.get(gpu) ?? 0, 0);
      begun.push(seconds);
      running.set(gpu, 1);
      await new Promise((resolve) => setTimeout(resolve, seconds));
      running.set(gpu, 0);
      if (seconds === 4) throw new Error("no");
      return `${seconds}`;
    },
  }));
  const failed: unknown[] = [];
  const results = await inParallel(jobs, ["0", "1"], (error) => failed.push(error));
  assert.deepEqual(results, ["3", "1", null, "2", "5"]);
  assert.deepEqual(begun.slice(0, 2), [5, 4]);
  assert.equal(failed.length, 1);
});
