/** What the analysis says of storage images. */

import assert from "node:assert/strict";
import { judge, readKernel } from "../../../lib/pool/analysis/mod.ts";
import type {
  BindingFacts,
  ImageFacts,
  LaunchFacts,
  Triple,
  Verdict,
} from "../../../lib/pool/analysis/verdict.ts";
import { IMAGE_FORMATS } from "../../../lib/pool/image_format.ts";
import type { KernelImage } from "../../../lib/spirv/image_kernel.ts";
import { VulkanTarget } from "../../../lib/bench/vulkan/target.ts";
import { validatorTest } from "../../spirv/validator.ts";
import { openSoftwareInstance, SOFTWARE_DRIVERS } from "../../vulkan_devices.ts";
import { GridKernel } from "../grid_kernel.ts";
import { difference, type Launch, SplitHarness } from "../split_harness.ts";

const R32UINT = IMAGE_FORMATS.r32uint.spirv;

function image(binding: number, extent: Triple, texelBytes = 4, dimensions: 2 | 3 = 2) {
  const facts: ImageFacts = { dimensions, extent, texelBytes };
  const size = texelBytes * extent[0] * extent[1] * extent[2];
  return { set: 0, binding, size, memory: binding, offset: 0, image: facts };
}

function launch(groups: Triple, bindings: readonly BindingFacts[]): LaunchFacts {
  return { groups, push: new Uint8Array(0), specialization: new Map(), bindings };
}

/** An r32uint image of 16 x 32 at binding 0, another at 1; 4 x 4 invocations a work-group, 4 x 8 work-groups. */
function verdictOf(
  write: (k: GridKernel, images: readonly [KernelImage, KernelImage]) => void,
  groups: Triple = [4, 8, 1],
): Verdict {
  const k = new GridKernel({ localSize: [4, 4], addressing: "descriptor" });
  const images = [
    k.image(k.u32, { binding: 0, format: R32UINT }),
    k.image(k.u32, { binding: 1, format: R32UINT }),
  ] as const;
  const code = k.body(() => write(k, images));
  const bindings = [image(0, [16, 32, 1]), image(1, [16, 32, 1])];
  return judge(readKernel(code.words), launch(groups, bindings));
}

function nameOf(verdict: Verdict): string {
  return verdict.kind === "split" ? `split ${"xyz"[verdict.dimension]}` : verdict.rule;
}

/** Of the image at a binding. */
function useOf(verdict: Verdict, binding = 0) {
  return verdict.uses?.find((each) => each.binding === binding);
}

function texel(k: GridKernel, value = k.number(1)) {
  return k.splat(k.vector(k.u32, 4), value);
}

Deno.test("judge() splits writes of an image by rows of its packed bytes", () => {
  const verdict = verdictOf((k, [out, other]) => {
    const x = k.id("GlobalInvocationId", 0), y = k.id("GlobalInvocationId", 1);
    out.write([x, y], other.read([y, x]));
  }, [4, 4, 1]);
  assert.equal(nameOf(verdict), "split y");
  assert.deepEqual(useOf(verdict)?.writes, { stride: 256, first: 0, end: 256 });
  assert.equal(useOf(verdict)?.reads, null);
  // By columns: any row.
  assert.deepEqual(useOf(verdict, 1), { set: 0, binding: 1, writes: null, reads: "all" });
});

Deno.test("judge() cuts the dimension that rows follow, whatever it is called", () => {
  const verdict = verdictOf((k, [out]) => {
    out.write([k.id("LocalInvocationId", 1), k.id("GlobalInvocationId", 0)], texel(k));
  });
  assert.equal(nameOf(verdict), "split x");
});

Deno.test("judge() reads the rows of an image that the work-group needs alone", () => {
  const verdict = verdictOf((k, [out, other]) => {
    const x = k.id("GlobalInvocationId", 0), y = k.id("GlobalInvocationId", 1);
    const below = k.extended(38, k.add(y, k.number(1)), k.number(31));
    out.write([x, y], other.read([x, below]));
    out.write([x, y], other.read([x, y]));
  });
  assert.equal(nameOf(verdict), "split y");
  const reads = useOf(verdict, 1)?.reads;
  // UMin loses the step for the last row, and any row is a sound answer.
  assert.ok(reads === "all" || (reads && reads.first === 0 && reads.end >= 320));
});

Deno.test("judge() splits several rows for each work-group, and not rows that meet", () => {
  const rows = (factor: number, ...offsets: number[]) =>
    verdictOf((k, [out]) => {
      const x = k.id("GlobalInvocationId", 0), y = k.id("GlobalInvocationId", 1);
      for (const offset of offsets) {
        out.write([x, k.add(k.mul(y, k.number(factor)), k.number(offset))], texel(k));
      }
    }, [4, 4, 1]);
  const two = rows(2, 0, 1);
  assert.deepEqual(useOf(two)?.writes, { stride: 512, first: 0, end: 512 });
  assert.equal(nameOf(rows(1, 0, 1)), "image_store");
  assert.equal(nameOf(rows(2, 0, 2)), "image_store");
});

Deno.test("judge() wants coordinates of images that are proved to lie in them", () => {
  const at = (write: (k: GridKernel, out: KernelImage) => void, groups?: Triple) =>
    verdictOf((k, [out]) => write(k, out), groups);
  const unguarded = at((k, out) => {
    out.write([k.id("GlobalInvocationId", 0), k.id("GlobalInvocationId", 1)], texel(k));
  }, [4, 9, 1]);
  assert.equal(nameOf(unguarded), "image_store");
  assert.match(unguarded.kind === "whole" ? unguarded.reason : "", /coordinate y .* 32 texels/);
  const wide = at((k, out) => {
    out.write([k.id("GlobalInvocationId", 0), k.id("GlobalInvocationId", 1)], texel(k));
  }, [5, 8, 1]);
  assert.match(wide.kind === "whole" ? wide.reason : "", /coordinate x .* 16 texels/);
  const guarded = at((k, out) => {
    const x = k.id("GlobalInvocationId", 0), y = k.id("GlobalInvocationId", 1);
    k.ifLess(x, out.size(0), () => k.ifLess(y, out.size(1), () => out.write([x, y], texel(k))));
  }, [5, 9, 1]);
  assert.equal(nameOf(guarded), "split y");
  const wrapped = at((k, out) => {
    const y = k.mul(k.id("GlobalInvocationId", 1), k.number(2 ** 30));
    out.write([k.id("GlobalInvocationId", 0), y], texel(k));
  });
  assert.equal(nameOf(wrapped), "image_store");
});

Deno.test("judge() reads a written image at the work-group's own rows alone", () => {
  const own = verdictOf((k, [out]) => {
    const x = k.id("GlobalInvocationId", 0), y = k.id("GlobalInvocationId", 1);
    out.write([x, y], out.read([k.number(0), y]));
  });
  assert.equal(nameOf(own), "split y");
  const first = verdictOf((k, [out]) => {
    const x = k.id("GlobalInvocationId", 0), y = k.id("GlobalInvocationId", 1);
    out.write([x, y], out.read([x, k.number(0)]));
  });
  assert.equal(nameOf(first), "load_of_written");
});

Deno.test("judge() runs whole what does not say which image or how large", () => {
  const k = new GridKernel({ localSize: [4, 4], addressing: "descriptor" });
  const out = k.image(k.u32, { binding: 0, format: R32UINT });
  const code = k.body(() =>
    out.write([k.id("GlobalInvocationId", 0), k.id("GlobalInvocationId", 1)], texel(k))
  );
  const kernel = readKernel(code.words);
  assert.deepEqual(kernel.bindings[0]?.image, {
    dimensions: 2,
    format: R32UINT,
    component: "uint",
  });
  const known = image(0, [16, 16, 1]);
  assert.equal(nameOf(judge(kernel, launch([4, 4, 1], [known]))), "split y");
  const { image: _facts, ...bare } = known;
  assert.equal(nameOf(judge(kernel, launch([4, 4, 1], [bare]))), "image_store");
  const solid = image(0, [16, 16, 1], 4, 3);
  assert.equal(nameOf(judge(kernel, launch([4, 4, 1], [solid]))), "image_store");
  assert.equal(nameOf(judge(kernel, launch([4, 4, 1], []))), "malformed");
});

validatorTest("ImageKernel makes valid modules", (validate) => {
  for (const { spirv, component } of Object.values(IMAGE_FORMATS)) {
    for (const [format, dimensions] of [[spirv, 2], [spirv, 3], [0, 2]] as const) {
      const k = new GridKernel({ localSize: [4, 4, 2], addressing: "descriptor" });
      const type = component === "float" ? k.f32 : component === "uint" ? k.u32 : k.i32;
      const out = k.image(type, { binding: 0, format, dimensions });
      const at = ([0, 1, 2] as const).slice(0, dimensions);
      validate(
        k.body(() => {
          const place = at.map((axis) => k.id("GlobalInvocationId", axis));
          out.write(
            place,
            out.read(place.map((each, axis) => k.sub(out.size(axis as 0 | 1 | 2), each))),
          );
        }).words,
      );
    }
  }
});

function fixture(name: string) {
  const bytes = Deno.readFileSync(new URL(`../../fixtures/spirv/${name}.spv`, import.meta.url));
  return readKernel(new Uint32Array(bytes.buffer));
}

const LAUNCHES: readonly [name: string, dimension: string, LaunchFacts][] = [
  ["image_copy", "y", launch([2, 3, 1], [image(0, [16, 24, 1]), image(1, [16, 24, 1])])],
  ["image_blur", "y", launch([3, 4, 1], [image(0, [21, 27, 1], 16), image(1, [21, 27, 1], 16)])],
  [
    "image_slices",
    "z",
    launch([2, 2, 4], [
      image(0, [7, 6, 14], 4, 3),
      { set: 0, binding: 1, size: 64, memory: 1, offset: 0 },
    ]),
  ],
];

Deno.test("judge() splits compiled kernels over images", () => {
  for (const [name, dimension, facts] of LAUNCHES) {
    assert.equal(nameOf(judge(fixture(name), facts)), `split ${dimension}`, name);
  }
});

Deno.test("judge() runs whole images of which it is not followed which texels are written", () => {
  for (const name of ["image_array", "image_layers"]) {
    const facts = launch([2, 2, 1], [image(0, [16, 16, 1])]);
    const verdict = judge(fixture(name), facts);
    assert.equal(nameOf(verdict), "image_store", name);
    // Any image may be the one.
    assert.equal(verdict.uses, null, name);
  }
});

Deno.test("judge() runs whole what counts in the texels of an image", () => {
  const facts = launch([2, 2, 1], [image(0, [16, 16, 1]), image(1, [8, 1, 1])]);
  assert.equal(nameOf(judge(fixture("image_counts"), facts)), "atomic");
});

for (const driver of ["llvmpipe", "SwiftShader"]) {
  const isMissing = !SOFTWARE_DRIVERS.has(driver);
  Deno.test({
    name: `compiled kernels over images give the same texels in parts as whole on ${driver}${
      isMissing ? " (skipped: the driver is not installed)" : ""
    }`,
    ignore: isMissing,
    fn: () => {
      using instance = openSoftwareInstance();
      const physical = instance.physicalDevices().find(({ name }) => name.includes(driver));
      assert(physical);
      using target = new VulkanTarget(driver, instance, physical);
      using harness = new SplitHarness(target);
      for (const [name, , facts] of LAUNCHES) {
        const kernel = fixture(name);
        const contents = (size: number) =>
          kernel.bindings.some((each) => each.image?.component === "float" && each.image.format < 4)
            ? Float32Array.from({ length: size / 4 }, (_, i) => (i % 97) / 8)
            : Uint32Array.from({ length: size / 4 }, (_, i) => i * 5 + 1);
        const launched: Launch = {
          kernel,
          facts,
          memories: new Map(facts.bindings.map(({ memory, size }) => [
            memory,
            new Uint8Array(contents(size).buffer),
          ])),
        };
        const verdict = judge(kernel, facts);
        assert.equal(verdict.kind, "split", name);
        if (verdict.kind !== "split") continue;
        if (name === "image_copy") launched.memories.get(1)?.fill(0);
        const whole = harness.whole(launched);
        assert.notEqual(difference(launched.memories, whole), null, `${name} writes nothing`);
        for (const cuts of [[1], [2], [1, 2]]) {
          assert.equal(difference(whole, harness.split(launched, verdict, cuts)), null, name);
        }
      }
    },
  });
}
