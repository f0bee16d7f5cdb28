import assert from "node:assert/strict";
import { type ApiDevice, type Gpu, unknownFacts } from "../../lib/gpu/gpu.ts";
import { hostCudaGpus } from "../../lib/launch/cuda_gpus.ts";

/** A GPU with an ordinal by which CUDA would know it. */
function gpu(index: number, more: Partial<Gpu>): Gpu {
  return {
    ...unknownFacts(),
    id: `pci:0000:0${index}:00.0`,
    index,
    vendor: "nvidia",
    uuid: `GPU-${index}`,
    seen_by: [],
    apis: {},
    enabled: true,
    sources: {},
    absent: {},
    ...more,
  };
}

/** Two models, of which CUDA has the second first, and what is none of CUDA's. */
function mixed(asked: string[][], ordinals = [1, 0]) {
  return (sources: readonly string[]): Gpu[] => {
    asked.push([...sources, String(Deno.env.get("CUDA_VISIBLE_DEVICES"))]);
    const cuda = (ordinal: number | undefined) => ({
      cuda: [{ index: `${ordinal}` } as ApiDevice],
    });
    const isAsked = sources.includes("cuda");
    return [
      gpu(0, { vendor: "amd", uuid: null }),
      gpu(1, { device_id: "0x1", apis: isAsked ? cuda(ordinals[0]) : {} }),
      gpu(2, { device_id: "0x2", apis: isAsked ? cuda(ordinals[1]) : {} }),
      gpu(3, { device_id: "0x2", device_nodes: ["/dev/nvidia999"] }),
    ];
  };
}

Deno.test("hostCudaGpus() goes by CUDA's own order where GPUs differ, with all of them visible", () => {
  const before = Deno.env.get("CUDA_VISIBLE_DEVICES");
  Deno.env.set("CUDA_VISIBLE_DEVICES", "1");
  try {
    const asked: string[][] = [];
    const { gpus, listed, note } = hostCudaGpus(() => undefined, { load: false }, mixed(asked));
    assert.deepEqual(gpus.map(({ uuid }) => uuid), ["GPU-2", "GPU-1"]);
    assert.deepEqual([listed.length, note], [4, null]);
    assert.deepEqual(asked, [
      ["pci", "drm", "nvidia", "1"],
      ["pci", "drm", "nvidia", "cuda", "undefined"],
    ]);
    assert.equal(Deno.env.get("CUDA_VISIBLE_DEVICES"), "1");
  } finally {
    if (before === undefined) Deno.env.delete("CUDA_VISIBLE_DEVICES");
    else Deno.env.set("CUDA_VISIBLE_DEVICES", before);
  }
});

Deno.test("hostCudaGpus() asks no CUDA where PCI_BUS_ID is its order, and leaves out what is not reachable", () => {
  const asked: string[][] = [];
  const env = (name: string) => name === "CUDA_DEVICE_ORDER" ? "PCI_BUS_ID" : undefined;
  const { gpus } = hostCudaGpus(env, { load: true }, mixed(asked));
  assert.deepEqual(gpus.map(({ uuid }) => uuid), ["GPU-1", "GPU-2"]);
  assert.deepEqual(asked.map((sources) => sources.slice(0, -1)), [[
    "pci",
    "drm",
    "nvidia",
    "nvml",
  ]]);
});

Deno.test("hostCudaGpus() says where CUDA does not tell its order", () => {
  const { gpus, note } = hostCudaGpus(() => undefined, { load: false }, mixed([], [0]));
  assert.deepEqual(gpus.map(({ uuid }) => uuid), ["GPU-1", "GPU-2"]);
  assert.match(note ?? "", /CUDA did not tell its order/);
});
