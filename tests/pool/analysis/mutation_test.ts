import assert from "node:assert/strict";
import { judge, readKernel } from "../../../lib/pool/analysis/mod.ts";
import type { Triple, WholeRule } from "../../../lib/pool/analysis/verdict.ts";
import { judgeWithout } from "../../../lib/pool/analysis/without.ts";
import { VulkanTarget } from "../../../lib/bench/vulkan/target.ts";
import type { KernelBuffer } from "../../../lib/spirv/kernel.ts";
import { IMAGE_FORMATS } from "../../../lib/pool/image_format.ts";
import type { KernelImage } from "../../../lib/spirv/image_kernel.ts";
import type { ScalarType } from "../../../lib/spirv/module.ts";
import { Op } from "../../../lib/spirv/opcodes.ts";
import { openSoftwareInstance, SOFTWARE_DRIVERS } from "../../vulkan_devices.ts";
import { GridKernel } from "../grid_kernel.ts";
import { difference, type Launch, SplitHarness } from "../split_harness.ts";

const WORDS = 64, LOCAL = 4;
const GROUPS: Triple = [4, 1, 1];

interface Case {
  rule: WholeRule;
  /** Rules that say the same of this kernel, and are left out with it. */
  also?: readonly WholeRule[];
  about: string;
  byAddress?: boolean;
  /** Bindings that share the memory of binding 0. */
  aliases?: readonly number[];
  /** Of each word of the buffers but the first. */
  content?: (word: number) => number;
  /** Bindings after the buffers' at which one and the same image is. */
  images?: number;
  write: (
    k: GridKernel,
    buffers: readonly KernelBuffer<ScalarType>[],
    images: readonly KernelImage[],
  ) => void;
}

/** The image: a texel wide for each work-group, with more rows than there are invocations and a work-group more. */
const IMAGE = { dimensions: 2, extent: [4, 32, 1], texelBytes: 4 } as const;
const IMAGE_MEMORY = 3, IMAGE_BYTES = 4 * 4 * 32;

/** As {@linkcode chain}, row by row of an image. */
function chainRows(k: GridKernel, from: KernelImage, to: KernelImage): void {
  const gid = k.id("GlobalInvocationId", 0);
  const value = k.add(k.extract(from.read([k.number(0), gid]), 0), k.number(1));
  const row = k.add(gid, k.number(LOCAL));
  to.write([k.number(0), row], k.splat(k.vector(k.u32, 4), value));
}

/** Stores to the next work-group's part what it loads from its own: each waits for the one before. */
function chain(
  k: GridKernel,
  from: KernelBuffer<ScalarType>,
  to: KernelBuffer<ScalarType>,
  mask = 0,
) {
  const gid = k.id("GlobalInvocationId", 0);
  const value = k.add(from.load(gid), k.number(1));
  const at = to.at(k.add(gid, k.number(LOCAL)));
  k.effect(Op.Store, at.id, value.id, ...(mask === 0 ? [] : [mask]));
}

const OP_COPY_MEMORY = 63, OP_ATOMIC_ADD = 234;
const COHERENT = 23;
/** VariablePointersStorageBuffer. */
const VARIABLE_POINTERS = 4441;

const CASES: readonly Case[] = [
  {
    rule: "atomic",
    about: "counts in a buffer",
    write: (k, [out, counter]) => {
      const gid = k.id("GlobalInvocationId", 0);
      out?.store(gid, gid);
      const at = counter?.at(k.number(0)).id ?? 0;
      // Scope Device, no semantics.
      k.unsigned(OP_ATOMIC_ADD, at, k.number(1).id, k.number(0).id, k.number(1).id);
    },
  },
  {
    rule: "coherent",
    also: ["load_of_written"],
    about: "hands on from work-group to work-group by volatile stores",
    write: (k, [out]) => out && chain(k, out, out, 1),
  },
  {
    rule: "load_of_written",
    about: "loads what the work-group before stores",
    write: (k, [out]) => out && chain(k, out, out),
  },
  {
    rule: "physical_address",
    also: ["indirect_pointer", "no_store"],
    about: "stores by address",
    byAddress: true,
    write: (k, [out]) => out?.store(k.id("GlobalInvocationId", 0), k.number(7)),
  },
  {
    rule: "indirect_pointer",
    about: "stores to one of two buffers",
    write: (k, [out, a, b]) => {
      k.capability(VARIABLE_POINTERS);
      const gid = k.id("GlobalInvocationId", 0);
      out?.store(gid, gid);
      if (!a || !b) return;
      const [left, right] = [a.at(gid), b.at(gid)];
      k.effect(Op.Store, k.chooseOdd(gid, left, right).id, k.number(9).id);
    },
  },
  {
    rule: "unknown_instruction",
    about: "copies by OpCopyMemory, which the analysis does not know",
    write: (k, [out, a, b]) => {
      const gid = k.id("GlobalInvocationId", 0);
      out?.store(gid, gid);
      k.effect(OP_COPY_MEMORY, a?.at(gid).id ?? 0, b?.at(k.add(gid, k.number(1))).id ?? 0);
    },
    content: (word) => word,
  },
  {
    rule: "whole_grid_builtin",
    about: "stores the number of work-groups",
    write: (k, [out]) => out?.store(k.id("GlobalInvocationId", 0), k.id("NumWorkgroups", 0)),
  },
  {
    rule: "aliasing",
    about: "loads by another binding what the work-group before stores",
    aliases: [1],
    write: (k, [out, a]) => out && a && chain(k, a, out),
  },
  {
    rule: "store_not_affine",
    about: "stores where a buffer says",
    content: (word) => (word * 7 + 3) % 16,
    write: (k, [out, a]) => {
      const gid = k.id("GlobalInvocationId", 0);
      const index = a?.load(gid);
      if (index) k.ifLess(index, k.number(WORDS), () => out?.store(index, gid));
    },
  },
  {
    rule: "store_overlaps",
    about: "stores to the half that is the next work-group's",
    content: () => LOCAL,
    write: (k, [out, a]) => {
      const gid = k.id("GlobalInvocationId", 0);
      const loaded = a?.load(gid);
      if (loaded === undefined) return;
      const within = k.and(k.add(loaded, k.id("LocalInvocationId", 0)), k.number(2 * LOCAL - 1));
      out?.store(k.add(k.mul(k.id("WorkgroupId", 0), k.number(LOCAL)), within), gid);
    },
  },
  {
    rule: "store_overflows",
    about: "stores at an index that wraps round to the first word",
    write: (k, [out]) => {
      const gid = k.id("GlobalInvocationId", 0);
      out?.store(k.mul(gid, k.number(2 ** 30)), gid);
    },
  },
  {
    rule: "image_store",
    about: "writes the rows of an image that a buffer names",
    images: 1,
    content: (word) => (word * 7 + 3) % 16,
    write: (k, [, a], [image]) => {
      const gid = k.id("GlobalInvocationId", 0);
      const row = a?.load(gid);
      if (!row || !image) return;
      k.ifLess(row, k.number(16), () => {
        image.write([k.number(1), row], k.splat(k.vector(k.u32, 4), gid));
      });
    },
  },
  {
    rule: "image_store",
    about: "writes rows that are the next work-group's",
    images: 1,
    content: () => LOCAL,
    write: (k, [, a], [image]) => {
      const gid = k.id("GlobalInvocationId", 0);
      const loaded = a?.load(gid);
      if (!loaded || !image) return;
      const within = k.and(k.add(loaded, k.id("LocalInvocationId", 0)), k.number(2 * LOCAL - 1));
      const row = k.add(k.mul(k.id("WorkgroupId", 0), k.number(LOCAL)), within);
      image.write([k.number(1), row], k.splat(k.vector(k.u32, 4), gid));
    },
  },
  {
    rule: "image_store",
    about: "writes texels of its own in a row that all share",
    images: 1,
    write: (k, _buffers, [image]) => {
      const group = k.id("WorkgroupId", 0);
      image?.write([group, k.number(5)], k.splat(k.vector(k.u32, 4), group));
    },
  },
  {
    rule: "load_of_written",
    about: "reads the rows of an image that the work-group before writes",
    images: 1,
    write: (k, _buffers, [image]) => image && chainRows(k, image, image),
  },
  {
    rule: "aliasing",
    about: "reads an image by another binding than it writes it",
    images: 2,
    write: (k, _buffers, [image, same]) => image && same && chainRows(k, same, image),
  },
  {
    rule: "coherent",
    also: ["load_of_written"],
    about: "hands on from work-group to work-group by a coherent image",
    images: 1,
    write: (k, _buffers, [image]) => {
      if (!image) return;
      k.decorate(image.id, COHERENT);
      chainRows(k, image, image);
    },
  },
];

function launchOf(
  { byAddress = false, aliases = [], content = () => 0, images = 0, write }: Case,
): Launch {
  const k = new GridKernel({
    localSize: LOCAL,
    addressing: byAddress ? "device_address" : "descriptor",
  });
  const buffers = [0, 1, 2].map(() => k.buffer(k.u32));
  const views = Array.from(
    { length: images },
    (_, i) => k.image(k.u32, { binding: 3 + i, format: IMAGE_FORMATS.r32uint.spirv }),
  );
  const code = k.body(() => write(k, buffers, views));
  const kernel = readKernel(code.words);
  const memories = new Map([0, 1, 2].map((number) => [
    number,
    new Uint8Array(
      Uint32Array.from({ length: WORDS }, (_, word) => number === 0 ? 0x55 : content(word)).buffer,
    ),
  ]));
  if (images > 0) memories.set(IMAGE_MEMORY, new Uint8Array(IMAGE_BYTES).fill(0x33));
  return {
    kernel,
    memories,
    facts: {
      groups: GROUPS,
      push: new Uint8Array(code.pushBytes),
      specialization: new Map(),
      bindings: byAddress ? [] : [
        ...[0, 1, 2].map((binding) => ({
          set: 0,
          binding,
          size: 4 * WORDS,
          memory: aliases.includes(binding) ? 0 : binding,
          offset: 0,
        })),
        ...views.map((_, i) => ({
          set: 0,
          binding: 3 + i,
          size: IMAGE_BYTES,
          memory: IMAGE_MEMORY,
          offset: 0,
          image: IMAGE,
        })),
      ],
    },
    ...byAddress && { addresses: [0, 1, 2] },
  };
}

for (const each of CASES) {
  const { rule, also = [], about } = each;
  Deno.test(`judge() runs whole by ${rule} a kernel that ${about}`, () => {
    const { kernel, facts } = launchOf(each);
    const verdict = judge(kernel, facts);
    if (rule === "whole_grid_builtin") {
      // This one is mended by constants.
      assert.equal(verdict.kind, "split");
      return;
    }
    assert.equal(verdict.kind, "whole");
    if (verdict.kind === "whole") assert.equal(verdict.rule, rule);
  });

  const isMissing = !SOFTWARE_DRIVERS.has("llvmpipe");
  Deno.test({
    name: `${
      ["judge() without", rule, ...also].join(" ")
    } splits a kernel that ${about}, with a wrong result${
      isMissing ? " (skipped: llvmpipe is not installed)" : ""
    }`,
    ignore: isMissing,
    fn: () => {
      Deno.env.set("LP_NUM_THREADS", "1");
      using instance = openSoftwareInstance();
      const physical = instance.physicalDevices().find(({ name }) => name.includes("llvmpipe"));
      assert(physical);
      using target = new VulkanTarget("llvmpipe", instance, physical);
      using harness = new SplitHarness(target);
      const launch = launchOf(each);
      const verdict = judgeWithout(launch.kernel, launch.facts, rule, ...also);
      assert.equal(verdict.kind, "split", JSON.stringify(verdict));
      if (verdict.kind !== "split") return;
      const whole = harness.whole(launch);
      assert.notEqual(difference(whole, harness.split(launch, verdict, [2])), null);
      // The rule alone makes it right.
      const ruled = judge(launch.kernel, launch.facts);
      if (ruled.kind === "split") {
        assert.equal(difference(whole, harness.split(launch, ruled, [2])), null);
      }
    },
  });
}
