import assert from "node:assert/strict";
import { UnsupportedError } from "../../../lib/bench/benchmark.ts";
import { EFFORTS } from "../../../lib/bench/benchmark.ts";
import { HOST_TRANSFER_BENCHMARKS } from "../../../lib/bench/transfer/benchmarks.ts";
import { type Direction, pinnedPaths } from "../../../lib/bench/transfer/host_paths.ts";
import { mappedPath } from "../../../lib/bench/transfer/mapped_path.ts";
import { pageablePath } from "../../../lib/bench/transfer/pageable_path.ts";
import type { HostTransfer } from "../../../lib/bench/transfer/target.ts";
import { type Path, prepareTransfer } from "../../../lib/bench/transfer/transfer.ts";
import type { VulkanTarget } from "../../../lib/bench/vulkan/target.ts";
import { deviceTest } from "../../vulkan_devices.ts";
import { softwareDevice, TEST_BYTES, testTools } from "./devices.ts";

function pathsOf(to: HostTransfer, direction: Direction): Path[] {
  const pinned = pinnedPaths(to, direction, true);
  return direction === "duplex"
    ? pinned
    : [...pinned, mappedPath(to, direction), pageablePath(to, direction)];
}

function withTransfer(target: VulkanTarget, body: (to: HostTransfer) => void): void {
  using owner = new DisposableStack();
  body({ ...testTools(owner), device: softwareDevice(target) });
}

deviceTest("every path between the host and a device measures and verifies", (target) => {
  withTransfer(target, (to) => {
    for (const direction of ["h2d", "d2h", "duplex"] as const) {
      for (const { name, open } of pathsOf(to, direction)) {
        using prepared = prepareTransfer(open(), { ...EFFORTS.quick, sampleMs: 0 });
        const [figure = NaN] = prepared.sample();
        assert.ok(figure > 0.001 && figure < 1000, `${direction}, ${name}: ${figure} GB/s`);
        prepared.verify();
      }
    }
  });
});

deviceTest("every path from a device to the host finds a single wrong byte", (target) => {
  withTransfer(target, (to) => {
    for (const direction of ["d2h", "duplex"] as const) {
      for (const { name, open } of pathsOf(to, direction)) {
        using transfer = open();
        const at = Math.floor(transfer.bytes / 3), { pattern } = to.blocks;
        pattern[at] = (pattern[at] ?? 0) ^ 0x10;
        // Imported, the pattern itself is what a duplex transfer sends: only the way back shows it.
        assert.throws(() => transfer.verify(), new RegExp(`byte ${at} of .* is wrong`), name);
        pattern[at] = (pattern[at] ?? 0) ^ 0x10;
        transfer.verify();
      }
    }
  });
});

deviceTest(
  "a path from the host to a device finds a byte that was changed on the way",
  (target) => {
    withTransfer(target, (to) => {
      const copied = pathsOf(to, "h2d").filter(({ name }) => name.includes("driver's host memory"));
      assert.ok(copied.length > 0);
      for (const { open } of copied) {
        using transfer = open();
        const at = TEST_BYTES - 5, { pattern } = to.blocks;
        pattern[at] = (pattern[at] ?? 0) ^ 1;
        assert.throws(() => transfer.verify(), new RegExp(`byte ${at} of the device's memory`));
        pattern[at] = (pattern[at] ?? 0) ^ 1;
      }
    });
  },
);

deviceTest("a path that hung or crashed elsewhere is refused with that reason", (target) => {
  withTransfer(target, (to) => {
    const verdicts = { obstacle: () => "it hung" };
    const [path] = pinnedPaths({ ...to, verdicts }, "h2d", true);
    assert.throws(() => path?.open(), UnsupportedError);
    assert.throws(() => path?.open(), { message: "it hung" });
  });
});

Deno.test("the host's transfers say why there is no Vulkan", () => {
  using owner = new DisposableStack();
  const device = {
    gpu: {
      id: "pci:0000:01:00.0",
      vendor: "mthreads" as const,
      kind: "discrete" as const,
      pci_slot: null,
      uuid: null,
      vram_total_bytes: null,
    },
    get: () => {
      throw new Error("no driver");
    },
  };
  for (const benchmark of HOST_TRANSFER_BENCHMARKS) {
    const shapes = benchmark.shapes({ ...testTools(owner), device }, EFFORTS.full);
    assert.ok(shapes.length > 0);
    for (const shape of shapes) {
      assert.throws(() => shape.prepare(EFFORTS.full), { message: "Vulkan: no driver" });
    }
  }
});
