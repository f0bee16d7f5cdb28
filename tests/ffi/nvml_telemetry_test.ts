import assert from "node:assert/strict";
import { join } from "node:path";
import type { Answer } from "../../ffi/answer.ts";
import { type Nvml, type NvmlDevice, openNvml } from "../../ffi/nvml.ts";
import { fieldQuery } from "../../ffi/nvml_fields.ts";
import { NvmlProcesses, writtenSize } from "../../ffi/nvml_processes.ts";
import { answer32, NvmlTelemetry } from "../../ffi/nvml_telemetry.ts";
import * as abi from "../../ffi/nvml_telemetry_abi.ts";
import type { Layout } from "../../ffi/struct.ts";
import { compilerTest } from "../fakes/cc.ts";
import { fakeLibrary, type FakeOptions } from "../fakes/library.ts";
import { checkLayouts } from "./layouts.ts";

/** Runs `body` with a fake NVML whose only GPU has these lines. */
function withGpu(
  lines: string,
  body: (nvml: Nvml, device: NvmlDevice) => void,
  options: FakeOptions = {},
): void {
  using fake = fakeLibrary("nvml", `device\npci 0000:0a:00.0\nuuid GPU-1\n${lines}`, options);
  const opened = openNvml({ sonames: [fake.path] });
  if (opened.state !== "ok") throw new Error(opened.reason);
  using nvml = opened.nvml;
  body(nvml, nvml.device(0));
}

/** Runs `body` with what telemetry asks of that GPU. */
function withTelemetry(
  lines: string,
  body: (telemetry: NvmlTelemetry, device: NvmlDevice, nvml: Nvml) => void,
  options: FakeOptions = {},
): void {
  withGpu(lines, (nvml, device) => {
    using telemetry = new NvmlTelemetry(nvml);
    body(telemetry, device, nvml);
  }, options);
}

/** The value, or the refusal's line. */
function said<T>(answer: Answer<T>): T | string {
  return answer.ok ? answer.value : answer.refusal.message;
}

compilerTest("the layouts of ffi/nvml_telemetry_abi.ts are those of nvml.h", () => {
  const layouts = Object.entries(abi)
    .filter(([name]) => name.endsWith("Layout"))
    .map(([, layout]) => layout as Layout);
  assert.equal(layouts.length, 6);
  const header = join(import.meta.dirname ?? ".", "..", "fakes", "abi", "nvml_telemetry.h");
  assert.deepEqual(checkLayouts(layouts, { prelude: Deno.readTextFileSync(header) }), []);
});

compilerTest("NvmlTelemetry finds a GPU by address or UUID without touching the others", () => {
  // Every call for the other GPU fails: one that goes through all of them would show it.
  using fake = fakeLibrary(
    "nvml",
    "device\npci 0000:01:00.0\nfail * 15\ndevice\npci 0000:0a:00.0\nuuid GPU-1\npstate 3\n",
  );
  const opened = openNvml({ sonames: [fake.path] });
  if (opened.state !== "ok") throw new Error(opened.reason);
  using nvml = opened.nvml;
  using telemetry = new NvmlTelemetry(nvml);
  for (
    const answer of [telemetry.deviceAt("0000:0a:00.0"), telemetry.deviceWithUuid("GPU-1")]
  ) {
    assert.ok(answer.ok);
    assert.equal(said(telemetry.performanceState(answer.value)), "P3");
  }
  assert.equal(
    said(telemetry.deviceAt("0000:ff:00.0")),
    "nvmlDeviceGetHandleByPciBusId_v2: NVML_ERROR_NOT_FOUND (Some Error)",
  );
});

compilerTest(
  "NvmlTelemetry reads energy, power limits, thresholds, clocks and codecs",
  () =>
    withTelemetry(
      "energy_mj 5123456789012\npower_limits 600000 200000 700000\nthresholds 95 87\n" +
        "video_clock 1545\nencoder 12\ndecoder 34\nbar1 274877906944\n",
      (telemetry, device) => {
        assert.equal(said(telemetry.totalEnergy(device)), 5123456789012);
        assert.equal(said(telemetry.powerLimit(device)), 600000);
        assert.deepEqual(said(telemetry.powerLimits(device)), { min: 200000, max: 700000 });
        assert.equal(said(telemetry.slowdownTemperature(device)), 87);
        assert.equal(said(telemetry.videoClock(device)), 1545);
        assert.equal(said(telemetry.codecUtilization(device, "Encoder")), 12);
        assert.equal(said(telemetry.codecUtilization(device, "Decoder")), 34);
        assert.equal(said(telemetry.bar1Total(device)), 274877906944);
      },
    ),
);

compilerTest(
  "NvmlTelemetry reads each fan by per cent, which may pass 100, and by RPM",
  () =>
    withTelemetry("fans 45 103\nfan_rpm 1500 3100\n", (telemetry, device) => {
      assert.equal(said(telemetry.fanCount(device)), 2);
      assert.equal(said(telemetry.fanPercent(device, 1)), 103);
      assert.equal(said(telemetry.fanRpm(device, 1)), 3100);
      assert.match(String(said(telemetry.fanRpm(device, 2))), /NVML_ERROR_INVALID_ARGUMENT/);
    }),
);

compilerTest(
  "NvmlTelemetry asks an older driver by the older functions",
  () =>
    withTelemetry("fans 45 60\nretired 2 1\nremapped 9 9\n", (telemetry, device) => {
      assert.equal(said(telemetry.fanPercent(device, 0)), 45);
      assert.match(
        String(said(telemetry.fanRpm(device, 0))),
        /^nvmlDeviceGetFanSpeedRPM: NVML_ERROR_FUNCTION_NOT_FOUND/,
      );
      assert.equal(said(telemetry.retired(device)), 3);
      const [field] = telemetry.fields(device, fieldQuery([{ field: 82 }]));
      assert.match(
        String(field && said(field)),
        /^nvmlDeviceGetFieldValues: NVML_ERROR_FUNCTION_NOT_FOUND/,
      );
    }, { variant: "old" }),
);

compilerTest("NvmlTelemetry.retired() takes remapped rows, or retired pages before Ampere", () => {
  withTelemetry("remapped 4 1\nretired 2 1\n", (telemetry, device) => {
    const answer = telemetry.retired(device);
    assert.equal(said(answer), 5);
    assert.equal(answer.ok && answer.call, "nvmlDeviceGetRemappedRows");
  });
  withTelemetry("retired 2 1\n", (telemetry, device) => {
    const answer = telemetry.retired(device);
    assert.equal(said(answer), 3);
    assert.equal(answer.ok && answer.call, "nvmlDeviceGetRetiredPages");
  });
  withTelemetry("retired 2 1\nfail nvmlDeviceGetRemappedRows 15\n", (telemetry, device) => {
    assert.match(String(said(telemetry.retired(device))), /GetRemappedRows: .*GPU_IS_LOST/);
  });
});

compilerTest(
  "NvmlTelemetry.eccErrors() counts since the driver was loaded",
  () =>
    withTelemetry("ecc_errors 7 2\n", (telemetry, device) => {
      // The fake gives 1000 more for those since ever.
      assert.equal(said(telemetry.eccErrors(device, "corrected")), 7);
      assert.equal(said(telemetry.eccErrors(device, "uncorrected")), 2);
    }),
);

compilerTest("NvmlTelemetry takes no blank of DCGM and no N/A for a value", () =>
  withTelemetry(
    "energy_mj 9223372036854775794 18446744073709551615 9223372036854775792 5\n" +
      "power_limits 2147483634 0 0\nthresholds 4294967295 2147483632\npower_mw 0xffffffff\n" +
      "bar1 9223372036854775794\npstate 32\n",
    (telemetry, device, nvml) => {
      const stands = /gives \d+, which stands for no value$/;
      for (let reading = 0; reading < 3; reading++) {
        assert.match(String(said(telemetry.totalEnergy(device))), stands);
      }
      assert.equal(said(telemetry.totalEnergy(device)), 5);
      assert.match(String(said(telemetry.powerLimit(device))), stands);
      assert.match(String(said(telemetry.slowdownTemperature(device))), stands);
      assert.match(String(said(telemetry.bar1Total(device))), stands);
      const power = answer32("nvmlDeviceGetPowerUsage", () => nvml.powerUsage(device));
      assert.match(String(said(power)), stands);
      assert.match(String(said(telemetry.performanceState(device))), /a state that the driver/);
    },
  ));

Deno.test("isBlank32() and isBlank64() know all ones and DCGM's four blanks, and no neighbour", () => {
  for (const blank of [0xffffffff, 2147483632, 2147483633, 2147483634, 2147483635]) {
    assert.ok(abi.isBlank32(blank), String(blank));
  }
  for (const value of [0, 0xfffffffe, 2147483631, 2147483636]) {
    assert.ok(!abi.isBlank32(value), String(value));
  }
  for (const blank of [2n ** 64n - 1n, 9223372036854775792n, 9223372036854775794n]) {
    assert.ok(abi.isBlank64(blank), String(blank));
    assert.ok(abi.isBlank64(Number(blank)), String(blank));
  }
  // A century of a kilowatt in mJ, and 4 PiB.
  for (const value of [0, 3.2e15, 2 ** 52]) assert.ok(!abi.isBlank64(value), String(value));
});

compilerTest(
  "NvmlTelemetry.fields() reads each type of value, and each field's own refusal",
  () => {
    for (const type of [0, 1, 2, 3, 4, 5, 6]) {
      withTelemetry(
        `memory_temperature 61\nmemory_temperature_type ${type}\n`,
        (telemetry, device) => {
          const query = fieldQuery([{ field: 82 }, { field: 138, scope: 0xffffffff }]);
          const [temperature, sent] = telemetry.fields(device, query);
          assert.equal(temperature && said(temperature), 61, `type ${type}`);
          assert.equal(
            sent && said(sent),
            "nvmlDeviceGetFieldValues(138): NVML_ERROR_NOT_SUPPORTED (Not Supported)",
          );
        },
      );
    }
    withTelemetry("memory_temperature 61\nmemory_temperature_type 9\n", (telemetry, device) => {
      const [unknown] = telemetry.fields(device, fieldQuery([{ field: 82 }]));
      assert.match(String(unknown && said(unknown)), /a value of unknown type 9$/);
    });
  },
);

compilerTest(
  "NvmlTelemetry keeps the words of a result that has no name here",
  () =>
    withTelemetry("fail nvmlDeviceGetPerformanceState 999\n", (telemetry, device) => {
      assert.equal(
        said(telemetry.performanceState(device)),
        "nvmlDeviceGetPerformanceState: NVML_ERROR_UNKNOWN (Some Error)",
      );
    }),
);

/** What the lists of a GPU with these lines say. */
function listed(
  lines: string,
  list: "Compute" | "Graphics" | "MPSCompute",
  options: FakeOptions = {},
) {
  let result: unknown;
  withGpu(lines, (nvml, device) => {
    using processes = new NvmlProcesses(nvml);
    result = said(processes.running(device, list));
  }, options);
  return result;
}

const ONE = { pid: 100, usedBytes: 1048576, instance: null };
const TWO = { pid: 200, usedBytes: null, instance: { gpu: 3, compute: 0 } };
const TWO_LINES = "process compute 100 1048576\nprocess compute 200 n/a 3 0\n";

compilerTest(
  "NvmlProcesses.running() reads structures of 24 bytes, and of 32 as driver 535 has",
  () => {
    assert.deepEqual(listed(TWO_LINES, "Compute"), [ONE, TWO]);
    assert.deepEqual(listed(`process_size 32\n${TWO_LINES}`, "Compute"), [ONE, TWO]);
    assert.deepEqual(listed("process_size 32\nprocess compute 100 1048576\n", "Compute"), [ONE]);
    // A driver that clears the buffer gives no sign: the documented size holds.
    assert.deepEqual(listed(`process_clear 1\n${TWO_LINES}`, "Compute"), [ONE, TWO]);
  },
);

compilerTest("NvmlProcesses.running() asks for a version that the driver knows", () => {
  assert.deepEqual(listed(TWO_LINES, "Compute", { variant: "old" }), [
    ONE,
    { ...TWO, instance: null },
  ]);
  for (const code of [13, 25]) {
    const v3 = `fail nvmlDeviceGetComputeRunningProcesses_v3 ${code}\n`;
    assert.deepEqual(listed(v3 + TWO_LINES, "Compute"), [ONE, TWO]);
    assert.deepEqual(
      listed(`${v3}fail nvmlDeviceGetComputeRunningProcesses_v2 ${code}\n${TWO_LINES}`, "Compute"),
      [ONE, { ...TWO, instance: null }],
    );
  }
  assert.match(
    String(listed("", "MPSCompute", { variant: "old" })),
    /^nvmlDeviceGetMPSComputeRunningProcesses_v3: NVML_ERROR_FUNCTION_NOT_FOUND/,
  );
});

compilerTest(
  "NvmlProcesses.running() does not go on to an older version where it is refused",
  () => {
    assert.match(
      String(listed(`fail nvmlDeviceGetComputeRunningProcesses_v3 4\n${TWO_LINES}`, "Compute")),
      /RunningProcesses_v3: NVML_ERROR_NO_PERMISSION/,
    );
  },
);

compilerTest("NvmlProcesses.running() makes room for a list that is longer than thought", () => {
  const lines = Array.from({ length: 90 }, (_, i) => `process graphics ${i + 1} ${i * 4096}\n`);
  for (const size of [24, 32]) {
    const all = listed(`process_size ${size}\n${lines.join("")}`, "Graphics");
    assert.ok(Array.isArray(all));
    assert.equal(all.length, 90);
    assert.deepEqual(all[89], { pid: 90, usedBytes: 89 * 4096, instance: null });
  }
  assert.deepEqual(listed("", "Graphics"), []);
});

Deno.test("writtenSize() tells by what was left untouched", () => {
  const buffer = (written: number) => {
    const bytes = new Uint8Array(5 * 32).fill(0xa5);
    bytes.fill(0, 0, written);
    return bytes;
  };
  assert.equal(writtenSize(buffer(2 * 24), 2, 24), 24);
  assert.equal(writtenSize(buffer(2 * 32), 2, 24), 32);
  assert.equal(writtenSize(buffer(0), 0, 24), 24);
  assert.equal(writtenSize(buffer(5 * 32), 2, 24), 24);
});

compilerTest("NvmlProcesses.utilization() reads samples, and none for an idle GPU", () => {
  withGpu("sample 100 1700000000000000 50 20 5 6\n", (nvml, device) => {
    using processes = new NvmlProcesses(nvml);
    assert.deepEqual(said(processes.utilization(device, 0n)), [{
      pid: 100,
      timestamp: 1700000000000000n,
      sm: 50,
      memory: 20,
      encoder: 5,
      decoder: 6,
    }]);
  });
  withGpu("", (nvml, device) => {
    using processes = new NvmlProcesses(nvml);
    assert.deepEqual(said(processes.utilization(device, 0n)), []);
  });
  const many = Array.from({ length: 150 }, (_, i) => `sample ${i + 1} 5 1 1 1 1\n`).join("");
  withGpu(many, (nvml, device) => {
    using processes = new NvmlProcesses(nvml);
    const all = said(processes.utilization(device, 0n));
    assert.ok(typeof all === "object");
    assert.equal(all.length, 150);
  });
});
