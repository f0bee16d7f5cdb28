// deno-lint-ignore-file no-console -- a script speaks to people
/**
 * Peak memory of the host while a dispatch over large buffers is split over several devices.
 *
 *     deno run -A scripts/bench_pool_memory.ts [--mib N] [--gpu SELECTOR]
 *
 * Two buffers of N MiB (1024) are written in place, a kernel that reads one and writes the other is split, and
 * the results are looked at in place. The peak is of the process (`VmHWM` of proc(5)), less what it had before
 * the buffers; the ratio is to the size of the buffers.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { LogicalDevice } from "../lib/pool/logical_device.ts";
import { Kernel } from "../lib/spirv/kernel.ts";

/** Invocations of a work-group, and words that each handles. */
const LOCAL = 64, WORDS = 16;

function statusKiB(name: string): number {
  const text = Deno.readTextFileSync("/proc/self/status");
  return Number(new RegExp(`^${name}:\\s*(\\d+) kB$`, "m").exec(text)?.[1] ?? NaN);
}

/** `out[i] = in[i] + 1`, for `WORDS` words of each invocation, side by side. */
function kernelWords(): Uint32Array {
  const kernel = new Kernel({ localSize: LOCAL, addressing: "descriptor" });
  const input = kernel.buffer(kernel.u32), out = kernel.buffer(kernel.u32);
  return kernel.body((k) => {
    const first = k.mul(k.globalId(), k.constant(k.u32, WORDS));
    for (let i = 0; i < WORDS; i++) {
      const at = k.add(first, k.constant(k.u32, i));
      out.store(at, k.add(input.load(at), k.constant(k.u32, 1)));
    }
  }).words;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { mib: { type: "string", default: "1024" }, gpu: { type: "string" } },
  });
  const bytes = Number(values.mib) * 2 ** 20;
  const groups = bytes / 4 / LOCAL / WORDS;
  // Up to 65535 groups in x: the rest in y is not split.
  const side = Math.ceil(groups / 32_768);
  await using device = await LogicalDevice.open({
    strategy: "sfr",
    ...(values.gpu !== undefined && { gpus: values.gpu }),
  });
  const kernel = device.createKernel({ words: kernelWords() });
  const before = statusKiB("VmRSS");
  using input = device.allocate(bytes, ["LAZY_ALLOCATE"]);
  using output = device.allocate(bytes, ["LAZY_ALLOCATE"]);
  await input.fill((view) => new Uint32Array(view.buffer, view.byteOffset, bytes / 4).fill(41));
  const slice = bytes / side;
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < side; i++) {
      const part = { offset: i * slice, size: slice };
      const { split, reason } = await device.dispatch(kernel, [groups / side, 1, 1], [
        { binding: 0, buffer: input, ...part },
        { binding: 1, buffer: output, ...part },
      ]);
      if (round === 2 && i === 0) console.log(`${split ? "split" : "whole"}: ${reason}`);
    }
  }
  const right = await output.view((view) =>
    new Uint32Array(view.buffer, view.byteOffset, bytes / 4).every((word) => word === 42)
  );
  const peak = statusKiB("VmHWM") - before;
  const need = 2 * bytes / 1024;
  const mib = (kib: number) => `${(kib / 1024).toFixed(0)} MiB`;
  console.log(`results ${right ? "right" : "WRONG"}`);
  console.log(`peak ${mib(peak)} for buffers of ${mib(need)}: ${(peak / need).toFixed(2)}`);
}

if (import.meta.main) await main();
