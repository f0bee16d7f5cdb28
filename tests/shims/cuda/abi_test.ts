import assert from "node:assert/strict";
import { join } from "node:path";
import { compile, compilerTest } from "../../fakes/cc.ts";

const SHIM = join(import.meta.dirname ?? "", "..", "..", "..", "shims", "cuda");

/** Where NVIDIA's toolkit has its headers. */
const TOOLKIT = ["-I/usr/local/cuda/include", "-I/usr/local/cuda-13.0/include"];

/** Structures, by our name and NVIDIA's, with members that the shim reads or writes. */
const STRUCTURES: readonly [ours: string, theirs: string, members: readonly string[]][] = [
  ["CUDA_ARRAY_DESCRIPTOR", "CUDA_ARRAY_DESCRIPTOR", ["Width", "Height", "Format", "NumChannels"]],
  [
    "CUDA_ARRAY3D_DESCRIPTOR",
    "CUDA_ARRAY3D_DESCRIPTOR",
    ["Width", "Height", "Depth", "Format", "NumChannels", "Flags"],
  ],
  ["CUmemLocation", "CUmemLocation", ["type", "id"]],
  [
    "CUmemAllocationProp",
    "CUmemAllocationProp",
    [
      "type",
      "requestedHandleTypes",
      "location",
      "win32HandleMetaData",
      "allocFlags.compressionType",
      "allocFlags.gpuDirectRDMACapable",
      "allocFlags.usage",
    ],
  ],
  ["CUmemAccessDesc", "CUmemAccessDesc", ["location", "flags"]],
  [
    "CUmemPoolProps",
    "CUmemPoolProps",
    ["allocType", "handleTypes", "location", "win32SecurityAttributes", "maxSize", "usage"],
  ],
  ["CUipcMemHandle", "CUipcMemHandle", ["reserved"]],
  [
    "CUlaunchConfig",
    "CUlaunchConfig",
    [
      "gridDimX",
      "gridDimZ",
      "blockDimX",
      "blockDimZ",
      "sharedMemBytes",
      "hStream",
      "attrs",
      "numAttrs",
    ],
  ],
  ["CUuuid", "CUuuid", ["bytes"]],
];

const NUMBERS = [
  "CUDA_ERROR_INVALID_VALUE",
  "CUDA_ERROR_OUT_OF_MEMORY",
  "CUDA_ERROR_NOT_INITIALIZED",
  "CUDA_ERROR_DEINITIALIZED",
  "CUDA_ERROR_INVALID_CONTEXT",
  "CUDA_ERROR_NOT_FOUND",
  "CUDA_ERROR_NOT_READY",
  "CUDA_ERROR_NOT_SUPPORTED",
  "CU_MEM_LOCATION_TYPE_DEVICE",
  "CU_MEM_LOCATION_TYPE_HOST",
  "CU_MEM_LOCATION_TYPE_HOST_NUMA",
  "CU_MEM_LOCATION_TYPE_HOST_NUMA_CURRENT",
  "CU_MEM_ALLOCATION_TYPE_PINNED",
  "CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR",
  "CU_MEM_ACCESS_FLAGS_PROT_READWRITE",
  "CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT",
  "CU_MEMPOOL_ATTR_RESERVED_MEM_HIGH",
  "CU_MEMPOOL_ATTR_USED_MEM_CURRENT",
  "CU_MEMPOOL_ATTR_USED_MEM_HIGH",
  "CU_STREAM_CAPTURE_STATUS_NONE",
  "CU_EVENT_DISABLE_TIMING",
  "CU_EVENT_BLOCKING_SYNC",
];

/** Sizes, offsets and numbers as a compiler sees them. */
function seen(which: "ours" | "theirs"): string {
  const header = which === "ours" ? `#include "${join(SHIM, "abi.h")}"` : "#include <cuda.h>";
  const lines = STRUCTURES.flatMap(([ours, theirs, members]) => {
    const name = which === "ours" ? ours : theirs;
    return [
      `printf("%s %zu\\n", "${ours}", sizeof(${name}));`,
      ...members.map((member) =>
        `printf("  %s %zu\\n", "${member}", offsetof(${name}, ${member}));`
      ),
    ];
  });
  const numbers = NUMBERS.map((name) => `printf("%s %d\\n", "${name}", (int)${name});`);
  const program = compile({
    name: `abi-${which}`,
    source: `#include <stddef.h>\n#include <stdio.h>\n${header}\nint main(void) {\n${
      [...lines, ...numbers].join("\n")
    }\nreturn 0; }\n`,
    includes: which === "ours" ? [join(SHIM, "abi.h")] : [],
    args: which === "ours" ? [] : TOOLKIT,
  });
  return new TextDecoder().decode(new Deno.Command(program).outputSync().stdout);
}

compilerTest("the CUDA shim's ABI is that of NVIDIA's header", () => {
  assert.equal(seen("ours"), seen("theirs"));
}, { headers: ["cuda.h"], args: TOOLKIT });
