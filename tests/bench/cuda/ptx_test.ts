import assert from "node:assert/strict";
import {
  GEMM_ROWS,
  gemmPtx,
  gemmSharedBytes,
  type WarpgroupTiling,
} from "../../../lib/bench/cuda/gemm_ptx.ts";
import { factorBytes, matrixPtx } from "../../../lib/bench/cuda/matrix_ptx.ts";
import {
  hasWarpgroupInstruction,
  swizzled,
  type WarpgroupShape,
  warpgroupShapeName,
} from "../../../lib/bench/cuda/warpgroup.ts";
import { CHAIN_STEPS, packedChainPtx } from "../../../lib/bench/cuda/vector_ptx.ts";

/** Registers that the machine gives (PTX ISA, "Special Registers"). */
const SPECIAL = ["%tid", "%ctaid", "%nctaid"];

/** Registers that a kernel uses and does not declare, and labels that it jumps to and does not have. */
function unknownNames(ptx: string): string[] {
  const text = ptx.replaceAll(/\/\/.*/g, "");
  const declared = new Set(SPECIAL);
  for (const [, list = ""] of text.matchAll(/\.reg \.\w+ ([^;]+);/g)) {
    for (const name of list.split(",").map((each) => each.trim())) {
      const many = /^(%\w+)<(\d+)>$/.exec(name);
      if (many === null) declared.add(name);
      else for (let i = 0; i < Number(many[2]); i++) declared.add(`${many[1]}${i}`);
    }
  }
  const used = new Set(text.replaceAll(/\.reg [^;]+;/g, "").match(/%\w+/g));
  const labels = new Set(Array.from(text.matchAll(/^\s*(\w+):/gm), ([, label]) => label));
  const jumps = Array.from(text.matchAll(/\bbra (\w+);/g), ([, label]) => label);
  return [
    ...Array.from(used).filter((name) => !declared.has(name)),
    ...jumps.filter((label) => !labels.has(label)).map(String),
  ];
}

/** The numbers of registers in the braces of the first multiply-add. */
function accumulators(ptx: string): number {
  const list = /wgmma\.mma_async[^{]*\{([^}]*)\}/.exec(ptx)?.[1] ?? "";
  return list.split(",").length;
}

const SHAPES: readonly WarpgroupShape[] = [
  { input: "fp16", accumulator: "fp32", columns: 256 },
  { input: "fp16", accumulator: "fp16", columns: 256 },
  { input: "bf16", accumulator: "fp32", columns: 128 },
  { input: "int8", accumulator: "int32", columns: 256 },
  { input: "uint8", accumulator: "uint32", columns: 128 },
];

for (const shape of SHAPES) {
  const name = `${shape.input} into ${shape.accumulator}, ${warpgroupShapeName(shape)}`;
  Deno.test(`matrixPtx() declares what it uses and holds all of C: ${name}`, () => {
    const ptx = matrixPtx(shape);
    assert.deepEqual(unknownNames(ptx), []);
    const bytes = shape.accumulator === "fp16" ? 2 : 4;
    // 64 rows shared out among 128 threads, four bytes to a register.
    assert.equal(accumulators(ptx), (64 * shape.columns * bytes) / 4 / 128);
    const stores = ptx.match(/st\.global(\.v2)?\.b32/g)?.length;
    assert.equal(stores, shape.columns / 4);
    assert.ok(factorBytes(shape).all <= 232448);
  });
}

const TILINGS: readonly WarpgroupTiling[] = [
  { columns: 256, stages: 3 },
  { columns: 256, stages: 4 },
  { columns: 128, stages: 4 },
];

for (const tiling of TILINGS) {
  Deno.test(`gemmPtx() declares what it uses and fits a multiprocessor: ${JSON.stringify(tiling)}`, () => {
    const formats = { input: "bf16", accumulator: "fp32", elementBytes: 2 } as const;
    const ptx = gemmPtx(formats, tiling, 8192);
    assert.deepEqual(unknownNames(ptx), []);
    assert.equal(accumulators(ptx), tiling.columns / 2);
    assert.ok(gemmSharedBytes(tiling) <= 232448);
    // Each barrier is set up once: "full" for the loading thread, "empty" for both warpgroups.
    assert.equal(
      ptx.match(/mbarrier\.init\.shared::cta\.b64 \[[^\]]+\], 1;/g)?.length,
      tiling.stages,
    );
    assert.equal(
      ptx.match(/mbarrier\.init\.shared::cta\.b64 \[[^\]]+\], 2;/g)?.length,
      tiling.stages,
    );
    const stage = 128 * (GEMM_ROWS + tiling.columns);
    assert.match(ptx, new RegExp(`expect_tx\\.shared::cta\\.b64 %state, \\[%full\\], ${stage};`));
  });
}

for (const format of ["fp16", "bf16"] as const) {
  Deno.test(`packedChainPtx() declares what it uses, and runs every chain: ${format}`, () => {
    const ptx = packedChainPtx(format, { recurrence: "quadratic", chains: 4 });
    assert.deepEqual(unknownNames(ptx), []);
    const steps = ptx.match(new RegExp(`fma\\.rn\\.${format === "fp16" ? "f16" : "bf16"}x2`, "g"));
    assert.equal(steps?.length, 4 * CHAIN_STEPS);
  });
}

Deno.test("hasWarpgroupInstruction() knows no formats that Hopper's instruction lacks", () => {
  assert.ok(hasWarpgroupInstruction("bf16", "fp32"));
  assert.ok(!hasWarpgroupInstruction("bf16", "fp16"));
  assert.ok(!hasWarpgroupInstruction("fp64", "fp64"));
});

Deno.test("swizzled() keeps every byte of a row, and spreads a column of pieces over all banks", () => {
  const rows = Uint8Array.from({ length: 1024 }, (_, i) => (i % 128) >> 4);
  const out = swizzled(rows);
  for (let row = 0; row < 8; row++) {
    const pieces = Array.from({ length: 8 }, (_, i) => out[row * 128 + i * 16]);
    assert.deepEqual(pieces.toSorted(), [0, 1, 2, 3, 4, 5, 6, 7]);
  }
  const places = Array.from(
    { length: 8 },
    (_, row) => Array.from({ length: 8 }, (_, i) => i).find((i) => out[row * 128 + i * 16] === 3),
  );
  assert.deepEqual(new Set(places).size, 8);
});
