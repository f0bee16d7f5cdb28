import assert from "node:assert/strict";
import { judge, readKernel } from "../../../lib/pool/analysis/mod.ts";
import type { Verdict } from "../../../lib/pool/analysis/verdict.ts";
import { kernelWords } from "./assembly.ts";

/** The verdict of `o[g] = g` whose work-groups' size is declared so. */
function verdictOf(text: { modes?: string; decorations?: string; declarations?: string }): Verdict {
  return judge(readKernel(kernelWords(text)), {
    groups: [8, 1, 1],
    push: new Uint8Array(0),
    specialization: new Map(),
    bindings: [{ set: 0, binding: 0, size: 8192, memory: 0, offset: 0 }],
  });
}

const SIXTEEN = "ExecutionMode %main LocalSize 16 1 1";
const EIGHT = "ExecutionMode %main LocalSize 8 1 1";
const EIGHT_BY_ID = "ExecutionModeId %main LocalSizeId %c8 %c1 %c1";

Deno.test("judge() takes work-groups to be of the constant WorkgroupSize, beside one LocalSize", () => {
  const verdict = verdictOf({
    decorations: "Decorate %size BuiltIn WorkgroupSize",
    declarations: "%size = ConstantComposite %v3 %c8 %c1 %c1",
  });
  assert.equal(verdict.kind, "split");
  assert.deepEqual(verdict.uses?.[0]?.writes, { stride: 32, first: 0, end: 32 });
});

Deno.test("judge() takes work-groups to be of their LocalSizeId", () => {
  const verdict = verdictOf({ modes: EIGHT_BY_ID });
  assert.equal(verdict.kind, "split");
  assert.deepEqual(verdict.uses?.[0]?.writes, { stride: 32, first: 0, end: 32 });
});

for (
  const [about, modes] of [
    ["LocalSize twice", [SIXTEEN, EIGHT]],
    ["LocalSize, then LocalSizeId", [SIXTEEN, EIGHT_BY_ID]],
    ["LocalSizeId, then LocalSize", [EIGHT_BY_ID, SIXTEEN]],
  ] as const
) {
  Deno.test(`judge() runs whole as malformed a kernel with ${about}`, () => {
    const verdict = verdictOf({ modes: modes.join("\n") });
    assert.equal(verdict.kind === "whole" && verdict.rule, "malformed");
  });
}

Deno.test("judge() runs whole as malformed a kernel with two constants WorkgroupSize", () => {
  const verdict = verdictOf({
    decorations: `
      Decorate %size BuiltIn WorkgroupSize
      Decorate %other BuiltIn WorkgroupSize`,
    declarations: `
      %size = ConstantComposite %v3 %c8 %c1 %c1
      %other = ConstantComposite %v3 %c3 %c1 %c1`,
  });
  assert.equal(verdict.kind === "whole" && verdict.rule, "malformed");
});
