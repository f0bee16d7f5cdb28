import assert from "node:assert/strict";
import { checkSplits, poclTest, type SplitCase } from "./split_check.ts";

/** What compilers make of a program's text before they read it as a language. */
type Text = string | { source: string; options: string };

const kernel = (body: string, before = "") =>
  `${before}__kernel void k(__global int *o, int n) { int g = get_global_id(0); ${body} }`;
const asked = (condition: string, before = "") =>
  kernel(`\n#${condition}\no[g] = 1;\n#else\no[g] = 2;\n#endif\n`, before);
const store = (value: string, before = "") => kernel(`o[g] = ${value};`, before);
const packed = (before: string) =>
  `${before}struct S { char c; int b; };
__kernel void k(__global struct S *o, int n) { o[get_global_id(0)].b = 1; }`;

/** It is not certain what the driver's compiler sees: they count as not understood. */
const REFUSED: Readonly<Record<string, Text>> = {
  clang: asked("ifdef __clang__"),
  x86: asked("if defined(__x86_64__)"),
  has_builtin: asked("ifdef __has_builtin"),
  size_of_pointer: asked("if __SIZEOF_POINTER__ == 8"),
  counter: asked("if __COUNTER__ == 0"),
  counted: store("__COUNTER__"),
  finite: { source: asked("ifdef __FINITE_MATH_ONLY__"), options: "-cl-finite-math-only" },
  finite_by_fast: {
    source: asked("if __FINITE_MATH_ONLY__"),
    options: "-cl-fast-relaxed-math",
  },
  renamed_builtin: asked("ifdef max"),
  version_2_1: asked("ifdef CL_VERSION_2_1"),
  depth_images: asked("ifdef cl_khr_depth_images"),
  version_without_std: asked("if __OPENCL_C_VERSION__ >= 200"),
  unknown_or: asked("if defined(NOT_DEFINED) || defined(__clang__)"),
  option_for_constant: { source: store("INT_MAX"), options: "-DINT_MAX=5" },
  option_against_extension: { source: asked("ifdef cl_khr_fp64"), options: "-Ucl_khr_fp64" },
  quoted_option: { source: store("X"), options: "-DX='5'" },
  c_plus_plus: { source: asked("ifdef __cplusplus"), options: "-cl-std=CLC++" },
  defined_by_macro: asked("if HAS", "#define FOO BAR\n#define HAS defined(FOO)\n"),
  nothing_for_rest: store(
    "NARGS() + 1",
    "#define SEL(a,b,c,N,...) N\n#define NARGS(...) SEL(0, ##__VA_ARGS__, 2, 1, 0)\n",
  ),
  empty_rest: store(
    "C(1,) + 0",
    "#define C(a,...) D(a, ##__VA_ARGS__, 9, 8)\n#define D(a,b,c,...) c\n",
  ),
  pushed_macro: store(
    "X",
    '#define X 1\n#pragma push_macro("X")\n#undef X\n#define X 2\n#pragma pop_macro("X")\n',
  ),
  packed: packed("#pragma pack(1)\n"),
  packed_options: packed("#pragma options align=packed\n"),
  packed_operator: packed('_Pragma("pack(1)");\n'),
  packed_by_macro: packed('#define P _Pragma("pack(1)")\nP\n'),
  packed_in_body: `__kernel void k(__global int *o, int n) { int g = get_global_id(0);
_Pragma("unroll") _Pragma("pack(1)") struct S { char c; int b; };
((__global struct S *)o)[g].b = 1; }`,
  elifndef: kernel("\n#ifdef FOO\no[g]=1;\n#elifndef FOO\no[g]=2;\n#else\no[g]=3;\n#endif\n"),
  high_character: asked("if '\\377' < 0"),
  two_characters: asked("if 'ab' == 'a'"),
  escape: asked("if '\\e' == 'e'"),
  set_line: store("__LINE__", "#line 100\n"),
  line_in_call: store("F(\n1\n)", "#define F(x) (x + __LINE__)\n"),
  trigraph_in_comment: kernel("o[g] = 1; // why??/\no[g] = 2;\n"),
  trigraph: asked("if 0", "??=define X 1\n"),
  digraph: kernel("o[g] = 1;\n#if 0\n%:else\no[g] = 2;\n#endif\n"),
  comment_after_apostrophe: kernel(
    "o[g] = 1;\n#if 0\ndon't /*\n#else\no[g] = 2;\n#endif\n#if 0\n/* */\n#endif\n",
  ),
};

/** These are read as the driver's compiler reads them. */
const SPLIT: Readonly<Record<string, Text>> = {
  images: asked("ifdef __IMAGE_SUPPORT__"),
  little_endian: asked("ifdef __ENDIAN_LITTLE__"),
  double: asked("if defined(cl_khr_fp64) || defined(__opencl_c_fp64)"),
  no_half: asked("ifdef cl_khr_fp16"),
  half_of_its_own: asked("ifdef HALF_AVAILABLE"),
  width_of_its_own: asked("ifndef IMG_WIDTH"),
  size_of_its_own: asked("ifdef M_SIZE"),
  library_of_its_own: asked("ifdef CL_WORKAROUND"),
  no_extension: asked("if defined(cl_amd_fp64) || defined(cl_nv_pragma_unroll)"),
  constant: asked("ifndef INT_MAX"),
  pi: asked("ifndef M_PI_F"),
  double_pi: asked("ifndef M_PI"),
  fast: { source: asked("ifdef __FAST_RELAXED_MATH__"), options: "-cl-fast-relaxed-math" },
  not_fast: asked("ifdef __FAST_RELAXED_MATH__"),
  device_version: store("__OPENCL_VERSION__"),
  version: { source: asked("if __OPENCL_C_VERSION__ >= 200"), options: "-cl-std=CL1.2" },
  any_version: asked("if __OPENCL_C_VERSION__ >= CL_VERSION_1_1"),
  device_and_version: asked("if __OPENCL_VERSION__ >= CL_VERSION_2_0"),
  unknown_and: asked("if defined(NOT_DEFINED) && defined(__clang__)"),
  undefined_first: asked("ifdef __clang__", "#undef __clang__\n"),
  own_of_options: { source: asked("ifdef __MINE__"), options: "-D__MINE__" },
  guard: asked("ifndef _INC_THING_H\n#define _INC_THING_H"),
  other_language: asked("if defined __CUDACC__ || defined __HIPCC__ || defined __APPLE__"),
  left_out_rest: store(
    "C(1) + 0",
    "#define C(a,...) D(a, ##__VA_ARGS__, 9, 8)\n#define D(a,b,c,...) c\n",
  ),
  rest: store(
    "C(1, 5, 6) + 0",
    "#define C(a,...) D(a, ##__VA_ARGS__, 9, 8)\n#define D(a,b,c,...) c\n",
  ),
  pragmas: kernel(
    '\n#pragma unroll 4\nfor (int i = 0; i < 3; i++) o[g] = i; _Pragma("unroll") _Pragma("ivdep") ' +
      "for (int i = 0; i < 3; i++) o[g] += i;",
    "#pragma OPENCL EXTENSION cl_khr_fp64 : enable\n#pragma OPENCL FP_CONTRACT OFF\n",
  ),
  hexadecimal_character: asked("if '\\x41' == 65"),
  octal_character: asked("if '\\101' == 65 && '\\0' == 0 && '\\n' == 10"),
  unsigned_choice: asked("if (1 ? -1 : 0u) < 0"),
  line: store("\n__LINE__ + F(1)", "#define F(x) (x + \\\n __LINE__)\n"),
  line_after_joined: store("__LINE__", "#define A 1 \\\n + 2\n/* \n */ // \\\n\n"),
  line_set_elsewhere: store("n", "#line 100\n"),
  blank_before_line_end: kernel("o[g] = 1; // path C:\\ \t\no[g] = 2;\n"),
  return_in_comment: kernel("o[g] = 1; // a\r o[g] = 2;"),
  return_and_newline: asked("if 1\r", "#define A \\\r\n 2\r\n"),
  joined_operator: store("-\\\n-n"),
  joined_shift: store("g <\\\n< 1"),
  joined_name: store("g\\\net_global_id(0)"),
  joined_comment_end: kernel("o[g] = 1; /* a *\\\n/ o[g] = 2; /* b */"),
  apostrophe: kernel("o[g] = 1;\n#if 0\ndon't do \"that\n#else\no[g] = 2;\n#endif\n"),
};

function cases(texts: Readonly<Record<string, Text>>): SplitCase[] {
  return Object.entries(texts).map(([name, text]) => ({
    name,
    ...typeof text === "string" ? { source: text } : text,
    global: [64],
    local: [8],
    args: ["buffer 8192 0", "int 5"],
    parts: 2,
  }));
}

poclTest("analysis_create() refuses a text that compilers may read in two ways", async () => {
  const results = await checkSplits(cases(REFUSED));
  assert.equal(results.length, Object.keys(REFUSED).length);
  assert.deepEqual(results.filter(({ verdict }) => verdict === "split"), []);
  // It is the text that is refused, but for what is left to the compiler.
  assert.deepEqual(results.filter(({ rule }) => rule !== "malformed"), []);
});

poclTest("analysis_create() reads lines, conditions and macros as compilers do", async () => {
  const results = await checkSplits(cases(SPLIT));
  assert.equal(results.length, Object.keys(SPLIT).length);
  assert.deepEqual(results.filter(({ bytes }) => bytes !== "equal"), []);
});

poclTest("analysis_create() refuses types that are too deep", async () => {
  const [pointers, typedefs] = await checkSplits(
    cases({
      pointers: `__kernel void k(__global int ${"*".repeat(100_000)}o, int n) { }`,
      typedefs: `typedef int T0;
${Array.from({ length: 5000 }, (_, i) => `typedef T${i} *T${i + 1};`).join("\n")}
__kernel void k(__global T5000 *o, int n) { } __kernel void other(__global int *o) { }`,
    }).map((each) => ({ ...each, source: `${each.source}\n__kernel void b(__global int *o) { }` })),
  );
  assert.equal(pointers?.verdict, "whole");
  assert.equal(typedefs?.verdict, "whole");
});
