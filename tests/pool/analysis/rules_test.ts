import assert from "node:assert/strict";
import { judge, readKernel } from "../../../lib/pool/analysis/mod.ts";
import type { Triple, Verdict } from "../../../lib/pool/analysis/verdict.ts";
import type { KernelBuffer } from "../../../lib/spirv/kernel.ts";
import type { ScalarType } from "../../../lib/spirv/module.ts";
import { Op } from "../../../lib/spirv/opcodes.ts";
import { GridKernel } from "../grid_kernel.ts";

type Buffers = readonly [KernelBuffer<ScalarType>, KernelBuffer<ScalarType>];

/** The verdict of a kernel of four invocations a work-group over two buffers of 256 words. */
function verdictOf(
  write: (k: GridKernel, buffers: Buffers) => void,
  groups: Triple = [4, 1, 1],
): Verdict {
  const k = new GridKernel({ localSize: 4, addressing: "descriptor" });
  const buffers: Buffers = [k.buffer(k.u32), k.buffer(k.u32)];
  const code = k.body(() => write(k, buffers));
  return judge(readKernel(code.words), {
    groups,
    push: new Uint8Array(0),
    specialization: new Map(),
    bindings: [0, 1].map((binding) => ({
      set: 0,
      binding,
      size: 1024,
      memory: binding,
      offset: 0,
    })),
  });
}

function nameOf(verdict: Verdict): string {
  return verdict.kind === "split" ? "split" : verdict.rule;
}

/** Window of what binding 0 is written. */
function written(verdict: Verdict) {
  assert.equal(nameOf(verdict), "split");
  return verdict.uses?.find(({ binding }) => binding === 0)?.writes;
}

const OP_UNDEF = 1, OP_MEMORY_BARRIER = 225, OP_ATOMIC_ADD = 234;
const RELAXED_PRECISION = 0, NO_UNSIGNED_WRAP = 4470;

Deno.test("judge() splits along the slowest dimension that can be proved", () => {
  const rows = verdictOf((k, [out]) => {
    const y = k.id("GlobalInvocationId", 1), x = k.id("GlobalInvocationId", 0);
    out.store(k.add(k.mul(y, k.number(8)), x), x);
  }, [2, 5, 1]);
  assert.equal(rows.kind === "split" && rows.dimension, 1);
  const columns = verdictOf((k, [out]) => {
    out.store(k.id("GlobalInvocationId", 0), k.id("GlobalInvocationId", 1));
  }, [2, 5, 1]);
  assert.equal(columns.kind === "split" && columns.dimension, 0);
});

Deno.test("judge() takes an undefined value for another one at each use", () => {
  const verdict = verdictOf((k, [out]) => {
    const undefinedValue = k.unsigned(OP_UNDEF);
    k.ifLess(undefinedValue, k.number(4), () => {
      const place = k.mul(k.id("GlobalInvocationId", 0), k.number(4));
      out.store(k.add(place, undefinedValue), place);
    });
  });
  assert.equal(verdict.kind, "whole");
});

Deno.test("judge() believes what a guard says of a loaded value", () => {
  const verdict = verdictOf((k, [out, other]) => {
    const gid = k.id("GlobalInvocationId", 0);
    const loaded = other.load(gid);
    k.ifLess(loaded, k.number(4), () => out.store(k.add(k.mul(gid, k.number(4)), loaded), gid));
  });
  assert.deepEqual(written(verdict), { stride: 64, first: 0, end: 64 });
});

Deno.test("judge() does not follow integers that may be computed in 16 bits, or must not wrap", () => {
  for (const decoration of [RELAXED_PRECISION, NO_UNSIGNED_WRAP]) {
    const verdict = verdictOf((k, [out]) => {
      const gid = k.id("GlobalInvocationId", 0);
      const index = k.mul(gid, k.number(2));
      k.decorate(index.id, decoration);
      out.store(index, gid);
    });
    assert.equal(nameOf(verdict), "store_not_affine");
  }
});

Deno.test("judge() runs whole what orders memory between work-groups", () => {
  // Scope Device; AcquireRelease of UniformMemory.
  const verdict = verdictOf((k, [out]) => {
    out.store(k.id("GlobalInvocationId", 0), k.number(1));
    k.effect(OP_MEMORY_BARRIER, k.number(1).id, k.number(0x48).id);
  });
  assert.equal(nameOf(verdict), "coherent");
});

Deno.test("judge() splits kernels that share and count within a work-group", () => {
  const verdict = verdictOf((k, [out]) => {
    const lane = k.id("LocalInvocationId", 0);
    k.effect(Op.Store, k.shared(lane).id, lane.id);
    k.meet();
    // Scope Workgroup, no semantics.
    const first = k.shared(k.number(0));
    const old = k.unsigned(OP_ATOMIC_ADD, first.id, k.number(2).id, k.number(0).id, k.number(1).id);
    k.meet();
    out.store(k.id("GlobalInvocationId", 0), old);
  });
  assert.deepEqual(written(verdict), { stride: 16, first: 0, end: 16 });
});

Deno.test("judge() refuses capabilities that it does not know", () => {
  const verdict = verdictOf((k, [out]) => {
    // DeviceGroup.
    k.capability(4437);
    out.store(k.id("GlobalInvocationId", 0), k.number(1));
  });
  assert.equal(nameOf(verdict), "unsupported_capability");
});

Deno.test("judge() bounds the counter of a loop by its condition", () => {
  const verdict = verdictOf((k, [out]) => {
    const gid = k.id("GlobalInvocationId", 0);
    k.loop(k.number(0), k.number(3), k.number(1), (i) => {
      out.store(k.add(k.mul(gid, k.number(3)), i), gid);
    });
  });
  assert.deepEqual(written(verdict), { stride: 48, first: 0, end: 48 });
});

Deno.test("judge() sees that a loop stores further than a work-group's part", () => {
  const verdict = verdictOf((k, [out]) => {
    const gid = k.id("GlobalInvocationId", 0);
    k.loop(k.number(0), k.number(4), k.number(1), (i) => {
      out.store(k.add(k.mul(gid, k.number(3)), i), gid);
    });
  });
  assert.equal(nameOf(verdict), "store_overlaps");
});

Deno.test("judge() knows that a variable is another one after a loop has written it", () => {
  const verdict = verdictOf((k, [out]) => {
    const gid = k.id("GlobalInvocationId", 0);
    const index = k.variable(gid);
    k.loop(k.number(0), k.number(2), k.number(1), () => {
      index.store(k.add(index.load(), k.number(1)));
    });
    out.store(index.load(), gid);
    out.store(k.add(gid, k.number(3)), gid);
  });
  assert.notEqual(verdict.kind, "split");
});

Deno.test("judge() lets a work-group load what it stores itself", () => {
  const verdict = verdictOf((k, [out]) => {
    const gid = k.id("GlobalInvocationId", 0);
    out.store(gid, k.add(out.load(gid), k.number(1)));
  });
  assert.deepEqual(verdict.uses?.find(({ binding }) => binding === 0)?.reads, {
    stride: 16,
    first: 0,
    end: 16,
  });
});
