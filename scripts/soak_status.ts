// deno-lint-ignore-file no-console -- a script speaks to people
/**
 * Looks at GPUs of fake drivers that fail at random, again and again: a million samples, or for half an hour.
 *
 *     deno run -A --v8-flags=--expose-gc scripts/soak_status.ts [--samples N] [--minutes N] [--seed N]
 *         [--gpus N] [--plant heap|descriptor|number]
 *
 * The GPUs are `--gpus` of a fake NVML, one of a fake libmtml, and one of AMD as a tree of files; programs
 * come and go in a tree like `/proc`. Faults are drawn by `--seed`. After every 400 samples all faults end,
 * and each metric of each GPU must be what the fake is set to.
 *
 * The exit status is 1, with a line that says why, where a sample was wrong, memory or open descriptors grew,
 * or anything threw. `--plant` makes it fail on purpose.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { collect, type Mark } from "./soak/growth.ts";
import { PLANTS, soak, type SoakOptions } from "./soak/soak.ts";

/** Shares of the run at which what the process holds is printed. */
const SHOWN = [0.05, 0.25, 0.5, 0.75, 1];

function show({ samples, rss_mib, heap_mib, descriptors }: Mark): string {
  return `${String(samples).padStart(9)} samples  ${
    rss_mib.toFixed(1).padStart(6)
  } MiB resident  ` +
    `${heap_mib.toFixed(2).padStart(6)} MiB heap${collect ? " after gc" : ""}  ` +
    `${descriptors} descriptors`;
}

function optionsOf(): SoakOptions {
  const { values } = parseArgs({
    options: {
      samples: { type: "string", default: "1000000" },
      minutes: { type: "string", default: "30" },
      seed: { type: "string", default: "1" },
      gpus: { type: "string", default: "2" },
      plant: { type: "string" },
    },
  });
  const number = (name: "samples" | "minutes" | "seed" | "gpus") => {
    const value = Number(values[name]);
    if (value >= 0) return value;
    throw new RangeError(`--${name} ${values[name]} is no number: give 0 or more`);
  };
  const plant = PLANTS.find((each) => each === values.plant);
  if (values.plant !== undefined && plant === undefined) {
    throw new RangeError(`--plant ${values.plant} is not known: give ${PLANTS.join(", ")}`);
  }
  return {
    samples: number("samples"),
    minutes: number("minutes"),
    seed: number("seed"),
    gpus: Math.min(16, number("gpus")),
    ...(plant && { plant }),
  };
}

async function main(): Promise<number> {
  const options = optionsOf();
  const { gpus, seed, samples, minutes } = options;
  console.log(
    `${gpus} GPUs of NVML, 1 of libmtml, 1 of amdgpu; seed ${seed}; ${samples} samples or ` +
      `${minutes} minutes`,
  );
  const began = performance.now();
  let shown = 0;
  const result = await soak(options, (mark) => {
    if (mark.share < (SHOWN[shown] ?? Infinity)) return;
    while (mark.share >= (SHOWN[shown] ?? Infinity)) shown++;
    console.log(show(mark));
  });
  const seconds = (performance.now() - began) / 1000;
  console.log(
    `${result.samples} samples and ${result.recoveries} recoveries in ${seconds.toFixed(0)} s, ` +
      `${(1000 * seconds / result.samples).toFixed(2)} ms each`,
  );
  for (const [name, times] of [...result.tally].sort()) {
    console.log(`  ${String(times).padStart(9)}  ${name}`);
  }
  for (const figure of result.figures) console.log(figure);
  for (const fault of result.faults) console.log(`soak: failed: ${fault}`);
  if (result.faults.length === 0) console.log("soak: no sample was wrong, and nothing grew");
  return result.faults.length === 0 ? 0 : 1;
}

if (import.meta.main) {
  try {
    Deno.exit(await main());
  } catch (error) {
    console.log(`soak: failed: ${error instanceof Error ? error.message : error}`);
    Deno.exit(1);
  }
}
