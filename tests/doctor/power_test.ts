import assert from "node:assert/strict";
import { pciFunction, Tree, type TreeFiles } from "../sysfs/tree.ts";
import { contextOf, type DescribedLive, outcomesOf } from "./described_host.ts";

function says(files: TreeFiles, id: string, live: DescribedLive | null = null) {
  using tree = new Tree({ "etc/os-release": "ID=ubuntu\nID_LIKE=debian", ...files });
  return outcomesOf(id, contextOf(tree.sysroot, live)).map((
    { state, text, fix },
  ) => [state, text, fix]);
}

const card = (vendor: string, driver: string, bus: string, more: TreeFiles = {}) =>
  pciFunction({
    at: `pci0000:00/0000:${bus}`,
    class: "0x030000",
    vendor,
    device: "0x1234",
    driver,
    more,
  });

Deno.test("nvidia_persistence looks for the daemon's socket", () => {
  const gpu = card("0x10de", "nvidia", "01:00.0");
  const [outcome] = says(gpu, "nvidia_persistence", {});
  assert.equal(outcome?.[0], "warning");
  assert.equal(
    outcome?.[2],
    "sudo ubuntu-drivers install; sudo systemctl enable --now nvidia-persistenced",
  );
  const runs = { ...gpu, "run/nvidia-persistenced/socket": "" };
  assert.equal(says(runs, "nvidia_persistence", {})[0]?.[0], "ok");
  assert.equal(says(gpu, "nvidia_persistence")[0]?.[0], "skipped");
  assert.equal(says({ ...gpu, ".dockerenv": "" }, "nvidia_persistence", {})[0]?.[0], "skipped");
});

Deno.test("container_memory compares the limit of a container with a GPU's memory", () => {
  const gpu = card("0x1002", "amdgpu", "01:00.0", { mem_info_vram_total: `${8 * 2 ** 30}` });
  const inside = (limit: string, file = "memory.max") => ({
    ...gpu,
    "run/.containerenv": "",
    [`sys/fs/cgroup/${file}`]: limit,
  });
  const [outcome] = says(inside(`${4 * 2 ** 30}`), "container_memory", {});
  assert.deepEqual([outcome?.[0], outcome?.[2]], [
    "warning",
    "start the container with --memory=8g or more",
  ]);
  assert.equal(says(inside(`${16 * 2 ** 30}`), "container_memory", {})[0]?.[0], "ok");
  assert.equal(says(inside("max"), "container_memory", {})[0]?.[1], "is not limited");
  const old = inside("9223372036854771712", "memory/memory.limit_in_bytes");
  assert.equal(says(old, "container_memory", {})[0]?.[1], "is not limited");
  assert.equal(says(gpu, "container_memory", {})[0]?.[0], "skipped");
});

/** A laptop: a processor with graphics, and a card that may or may not sleep. */
const laptop = (control: string, more: TreeFiles = {}): TreeFiles => ({
  ...card("0x8086", "i915", "00:02.0"),
  ...pciFunction({
    at: "pci0000:00/0000:00:01.0/0000:01:00.0",
    class: "0x030200",
    vendor: "0x1002",
    device: "0x73ff",
    driver: "amdgpu",
    more: { "power/control": control, mem_info_vram_total: `${8 * 2 ** 30}` },
  }),
  ...more,
});

Deno.test("runtime_power finds a card that is kept awake beside an integrated GPU", () => {
  assert.deepEqual(says(laptop("auto"), "runtime_power"), [["ok", "may sleep", null]]);
  assert.deepEqual(says(laptop("on"), "runtime_power"), [[
    "warning",
    "is kept awake (power/control is on)",
    "echo auto | sudo tee /sys/bus/pci/devices/0000:01:00.0/power/control",
  ]]);
  const told = laptop("auto", { "sys/module/amdgpu/parameters/runpm": "0" });
  assert.match(`${says(told, "runtime_power")[0]?.[1]}`, /runpm=0/);
});

Deno.test("runtime_power has nothing to say of a host with cards alone", () => {
  assert.equal(says(card("0x1002", "amdgpu", "01:00.0"), "runtime_power")[0]?.[0], "skipped");
});
