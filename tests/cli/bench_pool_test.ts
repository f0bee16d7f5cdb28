import assert from "node:assert/strict";
import type { PoolReport } from "../../lib/bench/pool/report.ts";
import { allDevicesTest, softwareEnvironment } from "../vulkan_devices.ts";
import { runBench } from "./bench_process.ts";

const NO_VULKAN = { VK_DRIVER_FILES: "/nonexistent.json", VK_ICD_FILENAMES: "/nonexistent.json" };

allDevicesTest("mvgal bench pool --kernel measures these on two devices as one", async () => {
  const { code, stdout, stderr } = await runBench(
    ["pool", "--quick", "--kernel", "histogram,saxpy_in_place", "--json", "-"],
    softwareEnvironment(),
  );
  assert.deepEqual({ code, stderr }, { code: 0, stderr: [] });
  const { schema, device, kernels, frames } = JSON.parse(stdout) as PoolReport;
  assert.equal(schema, "mvgal.pool/1");
  assert.deepEqual(kernels.map(({ id }) => id), ["saxpy_in_place", "histogram"]);
  assert.deepEqual(frames, []);

  const ids = device.members.map(({ id }) => id);
  assert.equal(ids.length, 2);
  assert.deepEqual(device.members.map(({ kind }) => kind), ["software", "software"]);
  const pairs = device.transfers.map(({ from, to }) => `${from} ${to}`);
  assert.deepEqual(pairs.sort(), [`${ids[0]} ${ids[1]}`, `${ids[1]} ${ids[0]}`].sort());
  for (const { tier, refused, bandwidth_gb_s } of device.transfers) {
    // Drivers of two makers: only the host is between them, and each better way says why not.
    assert.equal(tier, "staging");
    assert.deepEqual(refused.map((each) => each.tier), ["dma_buf", "opaque_fd", "peer"]);
    assert.ok(refused.every(({ reason }) => reason.length > 0));
    assert.ok((bandwidth_gb_s ?? 0) > 0);
  }

  for (const { id, error, alone_ms, pooled } of kernels) {
    assert.equal(error, null, id);
    assert.deepEqual(Object.keys(alone_ms).sort(), ids.toSorted(), id);
    assert.equal(pooled.length, 1, id);
    for (const figure of pooled) {
      assert.deepEqual(figure.gpus.toSorted(), ids.toSorted(), id);
      assert.equal(figure.same_as_one, true, figure.difference ?? id);
      // Three blocks of two runs at least.
      assert.ok(figure.single_runs >= 6 && figure.pooled_runs >= 6, id);
      assert.equal(figure.speedup, figure.single_ms / figure.pooled_ms, id);
      assert.ok(figure.speedup_low <= figure.speedup, id);
      assert.ok(figure.speedup <= figure.speedup_high, id);
      const shares = Object.values(figure.shares).reduce((sum, share) => sum + share, 0);
      assert.ok(Math.abs(shares - 1) < 1e-9, id);
    }
  }
  const [saxpy, histogram] = kernels;
  // Whether it pays is for the host's load to say; that it is safe is not.
  assert.deepEqual(saxpy?.verdict, { kind: "split", dimension: "y" });
  assert.doesNotMatch(saxpy?.pooled[0]?.reason ?? "", /^not safe|^$/);
  assert.ok(histogram?.verdict.kind === "whole");
  assert.equal(histogram.verdict.rule, "atomic");
  assert.match(histogram.pooled[0]?.reason ?? "", /^not safe to split: an atomic operation/);
  assert.equal(histogram.pooled[0]?.split_share, 0);
  assert.equal(Object.keys(histogram.pooled[0]?.shares ?? {}).length, 1);
});

const REFUSED: [string, string[], RegExp][] = [
  ["an unknown kernel", ["pool", "--kernel", "saxpi"], /'saxpi': did you mean saxpy\?$/],
  ["a name without letters", ["pool", "--kernel", "saxpy,"], /called '': there are mandelbrot, /],
  ["another name beside it", ["pool", "sync"], /bench pool is measured alone/],
  ["--csv", ["pool", "--csv", "-"], /--csv means nothing for bench pool$/],
  ["--expect", ["pool", "--expect", "memory.copy>=1x"], /--expect means nothing for bench pool$/],
  ["a file in no directory", ["pool", "--json", "/nonexistent/a"], /no directory \/nonexistent$/],
  ["--kernel without pool", ["sync", "--kernel", "saxpy"], /--kernel is for bench pool/],
];

for (const [what, args, message] of REFUSED) {
  Deno.test(`mvgal bench pool refuses ${what} in one line, before it opens a device`, async () => {
    const { code, stdout, stderr } = await runBench(args, NO_VULKAN);
    assert.deepEqual([code, stdout, stderr.length], [2, "", 1], stderr.join("\n"));
    assert.match(stderr[0] ?? "", /^mvgal: /);
    assert.match(stderr[0] ?? "", message);
  });
}
