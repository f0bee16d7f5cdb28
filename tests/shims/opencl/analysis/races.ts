/**
 * Kernels on Oclgrind, which tells of data races: work-items that write the same bytes, or read what others
 * write, with nothing that orders them.
 *
 * @module
 */

import {
  compileWithAnalysis,
  parseResult,
  type SplitCase,
  type SplitResult,
  textOf,
} from "./split_check.ts";

/** Oclgrind's driver. */
export const OCLGRIND = "/usr/lib/oclgrind/liboclgrind-rt-icd.so";

type Triple = readonly [number, number, number];

/** How a kernel is launched. */
export type Grid = Pick<SplitCase, "global" | "local" | "offset">;

/** The work-groups of two work-items that raced for global memory. */
export interface Race {
  first: Triple;
  second: Triple;
}

/** What the analysis says of a kernel, and what was seen of it. */
export interface RaceResult extends SplitResult {
  races: Race[];
}

/** Whether parts would have raced: groups of one part run on one member as ever. */
export function racesBetweenParts({ verdict, dimension, races }: RaceResult): boolean {
  const along = "xyz".indexOf(dimension);
  return races.some(({ first, second }) =>
    verdict === "split" ? first[along] !== second[along] : first.join() !== second.join()
  );
}

/**
 * The work-group of a work-item that Oclgrind 21 names. It numbers work-items by their global ids, and takes
 * the number apart as though there were no offset: this puts the offset right.
 */
function groupOf(item: Triple, { global, local, offset }: Grid): Triple {
  const sizes = triple(global, 1), by = triple(local ?? [1], 1), from = triple(offset ?? [0], 0);
  const numberOf = ([x, y, z]: Triple) => x + sizes[0] * (y + sizes[1] * z);
  const number = numberOf(item) - numberOf(from);
  const at = [
    number % sizes[0],
    Math.floor(number / sizes[0]) % sizes[1],
    Math.floor(number / sizes[0] / sizes[1]),
  ] as const;
  return [
    Math.floor(at[0] / by[0]),
    Math.floor(at[1] / by[1]),
    Math.floor(at[2] / by[2]),
  ];
}

function triple([x, y, z]: SplitCase["global"], missing: number): Triple {
  return [x, y ?? missing, z ?? missing];
}

/** The races of a kernel's reports, as Oclgrind 21 prints them. */
export function parseRaces(text: string, grid: Grid): Race[] {
  const races: Race[] = [];
  for (const report of text.split(/^(?=\S.*data race at )/m)) {
    if (!/^\S.*data race at global memory/.test(report)) continue;
    const groups = [...report.matchAll(/entity: +(Global|Group)\((\d+),(\d+),(\d+)\)/g)]
      .map(([, what, ...of]): Triple => {
        const [x = 0, y = 0, z = 0] = of.map(Number);
        return what === "Global" ? groupOf([x, y, z], grid) : [x, y, z];
      });
    const [first, second] = groups;
    // Who it was may not be known: it counts as others.
    races.push({ first: first ?? [-1, -1, -1], second: second ?? [-2, -2, -2] });
  }
  return races;
}

/** One run: as far as it comes. */
async function runOnce(program: string, cases: readonly SplitCase[]): Promise<string> {
  const vendor = await Deno.makeTempFile({ suffix: ".icd" });
  const input = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(vendor, `${OCLGRIND}\n`);
    await Deno.writeTextFile(input, `${cases.map(textOf).join("\n")}\n`);
    // In one stream: what is told of a kernel stands before its own line.
    const { stdout } = await new Deno.Command("sh", {
      args: ["-c", 'exec "$0" <"$1" 2>&1', program, input],
      env: {
        OCL_ICD_VENDORS: vendor,
        OCLGRIND_DATA_RACES: "1",
        OCLGRIND_MAX_ERRORS: "1000000000",
        SPLIT_CHECK_WHOLE: "1",
      },
    }).output();
    return new TextDecoder().decode(stdout);
  } finally {
    await Deno.remove(vendor);
    await Deno.remove(input);
  }
}

/**
 * Runs cases once and whole on Oclgrind.
 *
 * @returns a result for each case, in their order, but for those that Oclgrind cannot build or run.
 */
export async function findRaces(cases: readonly SplitCase[]): Promise<RaceResult[]> {
  const program = compileWithAnalysis("split_check");
  const results: RaceResult[] = [];
  for (let from = 0; from < cases.length;) {
    let told: string[] = [];
    for (const line of (await runOnce(program, cases.slice(from))).split("\n")) {
      const next = cases[from];
      if (next === undefined || !line.startsWith(`${next.name} `)) {
        told.push(line);
        continue;
      }
      if (line.startsWith(`${next.name} error`)) break;
      results.push({ ...parseResult(line), races: parseRaces(told.join("\n"), next) });
      told = [];
      from++;
    }
    // The next one was not understood.
    from++;
  }
  return results;
}
