import assert from "node:assert/strict";
import { parseClpeak } from "../../scripts/peers/clpeak.ts";

const OUTPUT = `
Platform: NVIDIA CUDA
  Device: NVIDIA H200
    Driver version  : 580.159.04 (Linux x64)
    Compute units   : 132
    Clock frequency : 1980 MHz

    Global memory bandwidth (GBPS)
      float   : 4184.50
      float16 : 4459.25
      float8  : 4400.58

    Single-precision compute (GFLOPS)
      float   : 64461.62
      float2  : 64398.65

    No half precision support! Skipped

    Integer compute (GIOPS)
      int   : 33111.28
      int16 : 33208.51

    Integer compute Fast 24bit (GIOPS)
      int   : 99999.99

    Kernel launch latency : 7.20 us
`;

Deno.test("parseClpeak() takes the best figure of each section, and null for what did not run", () => {
  const figures = {
    device: "NVIDIA H200",
    bandwidth: 4459.25,
    fp32: 64461.62,
    fp64: null,
    fp16: null,
    int32: 33208.51,
  };
  assert.deepEqual(parseClpeak(OUTPUT), [figures]);
  const second = OUTPUT.replace(/^\nPlatform: .*\n/, "").replace("4459.25", "5000.5");
  assert.deepEqual(parseClpeak(OUTPUT + second), [figures, { ...figures, bandwidth: 5000.5 }]);
  assert.deepEqual(parseClpeak("clGetPlatformIDs: -1001"), []);
});
