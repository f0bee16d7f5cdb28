import assert from "node:assert/strict";
import { join } from "node:path";
import * as drm from "../../ffi/libdrm.ts";
import * as externalMemory from "../../ffi/external_memory_abi.ts";
import * as levelZero from "../../ffi/level_zero.ts";
import * as levelZeroCopy from "../../ffi/level_zero_copy.ts";
import * as nvml from "../../ffi/nvml_abi.ts";
import * as openCl from "../../ffi/opencl.ts";
import { type Layout, structure } from "../../ffi/struct.ts";
import { compilerTest } from "../fakes/cc.ts";
import { checkLayouts } from "./layouts.ts";

/** Every layout that a module exports: none is left out of the check by being forgotten here. */
function layoutsOf(module: Record<string, unknown>): Layout[] {
  return Object.entries(module)
    .filter(([name]) => name.endsWith("Layout"))
    .map(([, layout]) => layout as Layout);
}

/** The declarations that the fake of a library is compiled with. */
function abi(name: string): string {
  return Deno.readTextFileSync(join(import.meta.dirname ?? ".", "..", "fakes", "abi", name));
}

const DRM_HEADER = { headers: ["xf86drm.h"], args: ["-I/usr/include/libdrm"] };
compilerTest("the layouts of ffi/libdrm.ts are those of xf86drm.h", () => {
  const layouts = layoutsOf(drm);
  assert.equal(layouts.length, 4);
  const { headers: includes, args } = DRM_HEADER;
  assert.deepEqual(checkLayouts(layouts, { includes, args }), []);
}, DRM_HEADER);

compilerTest("the layouts of ffi/nvml.ts are those of nvml.h", () => {
  const layouts = layoutsOf(nvml);
  assert.equal(layouts.length, 6);
  assert.deepEqual(checkLayouts(layouts, { prelude: abi("nvml.h") }), []);
});

compilerTest("the layouts of ffi/opencl.ts are those of cl_ext.h", () => {
  const layouts = layoutsOf(openCl);
  assert.equal(layouts.length, 2);
  assert.deepEqual(checkLayouts(layouts, { prelude: abi("opencl.h") }), []);
}, { headers: ["CL/cl_ext.h"] });

compilerTest("the layouts of ffi/level_zero.ts are those of ze_api.h", () => {
  const layouts = layoutsOf(levelZero);
  assert.equal(layouts.length, 7);
  assert.deepEqual(checkLayouts(layouts, { prelude: abi("level_zero.h") }), []);
});

compilerTest("the layouts of ffi/level_zero_copy.ts are those of ze_api.h", () => {
  const layouts = layoutsOf(levelZeroCopy);
  assert.equal(layouts.length, 7);
  assert.deepEqual(checkLayouts(layouts, { prelude: abi("level_zero.h") }), []);
});

compilerTest("the layouts of ffi/external_memory_abi.ts are those of cuda.h", () => {
  const layouts = layoutsOf(externalMemory);
  assert.equal(layouts.length, 2);
  assert.deepEqual(checkLayouts(layouts, { prelude: abi("external_memory.h") }), []);
});

compilerTest(
  "structure() places scalars, arrays, structures and unions as the compiler does",
  () => {
    const inner = structure("inner", [
      { name: "flag", type: "u8" },
      { name: "wide", type: "f64" },
      { name: "tail", type: "u16" },
    ]);
    const either = structure("either", [
      { name: "text", type: { chars: 13 } },
      { name: "number", type: "u32" },
      { name: "pair", type: { array: "u16", count: 3 } },
    ], { union: true });
    const outer = structure("outer", [
      { name: "a", type: "i8" },
      { name: "b", type: { array: { struct: () => inner }, count: 3 } },
      { name: "c", type: "u8" },
      { name: "d", type: { struct: () => either } },
      { name: "e", type: "cstring" },
      { name: "f", type: { to: "u32" } },
      { name: "g", type: "u8" },
      { name: "h", type: { array: { array: "i16", count: 2 }, count: 5 } },
      { name: "i", type: "f32" },
      { name: "j", type: "chain" },
      { name: "k", type: "u8" },
    ]);
    const prelude = `
    typedef struct { unsigned char flag; double wide; unsigned short tail; } inner;
    typedef union { char text[13]; unsigned number; unsigned short pair[3]; } either;
    typedef struct {
      signed char a; inner b[3]; unsigned char c; either d; const char *e; unsigned *f;
      unsigned char g; short h[5][2]; float i; void *j; unsigned char k;
    } outer;`;
    assert.deepEqual(checkLayouts([inner, either, outer], { prelude }), []);
  },
);

compilerTest("checkLayouts() tells a wrong size, offset and member", () => {
  const prelude = "typedef struct { int a; char b[8]; long c; } sample;";
  const wrong = structure("sample", [
    { name: "a", type: "i32" },
    { name: "b", type: { chars: 4 } },
    { name: "c", type: "i64" },
  ]);
  assert.deepEqual(checkLayouts([wrong], { prelude }), [
    "sample: size and alignment are 24 8 in C, 16 8 here",
    "sample.b: offset and size are 4 8 in C, 4 4 here",
    "sample.c: offset and size are 16 8 in C, 8 8 here",
  ]);
  const strange = structure("sample", [{ name: "z", type: "i32" }]);
  assert.throws(() => checkLayouts([strange], { prelude }), /has no member named/);
});
