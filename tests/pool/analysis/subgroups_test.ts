import assert from "node:assert/strict";
import { explain, judge, readKernel } from "../../../lib/pool/analysis/mod.ts";
import { speculative } from "../../../lib/pool/analysis/speculative.ts";
import type { LaunchFacts } from "../../../lib/pool/analysis/verdict.ts";
import {
  barrierKernel,
  subgroupElectKernel,
  subgroupPlaceKernel,
  subgroupSizeKernel,
} from "../subgroup_kernels.ts";
import { kernelWords } from "./assembly.ts";

const FACTS: LaunchFacts = {
  groups: [8, 1, 1],
  push: new Uint8Array(0),
  specialization: new Map(),
  bindings: [{ set: 0, binding: 0, size: 512, memory: 0, offset: 0 }],
};

/** What the verdict of a kernel that may be split says of subgroups. */
function usesSubgroups(words: Uint32Array<ArrayBuffer>): boolean {
  const kernel = readKernel(words);
  const verdict = judge(kernel, FACTS);
  assert.equal(verdict.kind, "split");
  if (verdict.kind !== "split") return false;
  assert.equal(/uses subgroups/.test(explain(verdict, kernel)), verdict.usesSubgroups);
  return verdict.usesSubgroups;
}

Deno.test("judge() tells that values depend on the size of subgroups", () => {
  assert(usesSubgroups(subgroupSizeKernel()));
  assert(usesSubgroups(subgroupElectKernel()));
  assert(usesSubgroups(barrierKernel(3)));
});

Deno.test("judge() tells that nothing depends on the size of subgroups", () => {
  assert(!usesSubgroups(kernelWords({})));
  assert(!usesSubgroups(barrierKernel(2)));
});

Deno.test("judge() minds no builtin of subgroups that the kernel does not load", () => {
  const unused = kernelWords({
    inputs: "%size",
    decorations: "Decorate %size BuiltIn SubgroupSize",
    declarations: `
      %pinput = TypePointer Input %u
      %size = Variable %pinput Input`,
  });
  assert(!usesSubgroups(unused));
});

Deno.test("speculative() tells that values depend on the size of subgroups", () => {
  const kernel = readKernel(subgroupPlaceKernel());
  const verdict = judge(kernel, FACTS);
  assert.equal(verdict.kind, "whole");
  const tried = verdict.kind === "whole" && speculative(kernel, FACTS.groups, verdict);
  assert(typeof tried === "object" && tried.split.usesSubgroups);
});
