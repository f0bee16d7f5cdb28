// deno-lint-ignore-file no-console -- a script speaks to people
/**
 * `deno task check:opencl-cts`: the checks after those of the Khronos OpenCL conformance tests, on devices alone and
 * on the pool of them. Exits with 1 where one passes on each member alone and not on the pool.
 *
 *     deno run -A scripts/check_opencl_cts.ts [--vendors DIR] [--split off,force,force+diff] [--quick]
 *         [--sanitized] [--jobs 2] [--json] [CATEGORY | CATEGORY/NAME]...
 *
 * Without `--vendors` the pool is of two devices of PoCL; with it, of all devices of the `.icd` files in DIR, and
 * alone is each of these files. Kernels that PoCL compiled are kept in build/tests/pocl.
 *
 * @module
 */

import { join } from "node:path";
import { parseArgs } from "node:util";
import { table } from "../lib/render/table.ts";
import {
  addCounts,
  type CheckRun,
  ctsProgram,
  listChecks,
  lostOnPool,
  runChecks,
} from "../tests/shims/opencl/cts.ts";
import { shim, Vendors } from "../tests/shims/opencl/pool.ts";

const ROOT = join(import.meta.dirname ?? ".", "..");
const SCHEMA = "mvgal.check_opencl_cts/1";

interface Way {
  name: string;
  isPooled: boolean;
  env: Record<string, string>;
}

/** The members alone, and the pool of them with each mode. */
function waysOf(vendors: string | undefined, pool: string, modes: readonly string[]): Way[] {
  const icds = vendors === undefined
    ? ["/etc/OpenCL/vendors/pocl.icd"]
    : [...Deno.readDirSync(vendors)].filter(({ name }) => name.endsWith(".icd"))
      .map(({ name }) => join(vendors, name)).sort();
  const shared = { POCL_CACHE_DIR: join(ROOT, "build", "tests", "pocl") };
  Deno.mkdirSync(shared.POCL_CACHE_DIR, { recursive: true });
  const devices = vendors === undefined ? { POCL_DEVICES: "pthread pthread" } : {};
  return [
    ...icds.map((icd) => ({
      name: icds.length === 1 ? "alone" : `${icd.split("/").at(-1)} alone`,
      isPooled: false,
      env: { ...shared, ...devices, OCL_ICD_VENDORS: icd },
    })),
    ...modes.map((mode) => ({
      name: mode,
      isPooled: true,
      env: {
        ...shared,
        ...devices,
        OCL_ICD_VENDORS: pool,
        MVGAL_OPENCL_VENDORS: vendors ?? icds[0] ?? "",
        MVGAL_SPLIT: mode.replaceAll("+", ","),
      },
    })),
  ];
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      vendors: { type: "string" },
      split: { type: "string", default: "off,force,force+diff" },
      quick: { type: "boolean", default: false },
      sanitized: { type: "boolean", default: false },
      jobs: { type: "string", default: String(Math.min(4, navigator.hardwareConcurrency)) },
      json: { type: "boolean", default: false },
    },
  });
  const how = values.sanitized ? "sanitized" : "plain";
  const program = ctsProgram(how);
  const checks = listChecks(program, positionals);
  const categories = [...new Set(checks.map((check) => check.split("/")[0] ?? ""))];
  using pool = new Vendors({ mvgal: shim(how) });
  const ways = waysOf(values.vendors, pool.directory, values.split.split(","));
  const results = new Map<string, CheckRun[]>();
  const queue = [...categories];
  const work = async () => {
    for (let category = queue.shift(); category !== undefined; category = queue.shift()) {
      const named = checks.filter((check) => check.startsWith(`${category}/`));
      const runs: CheckRun[] = [];
      for (const { env, name } of ways) {
        const run = await runChecks(program, named, { env, isQuick: values.quick });
        runs.push(run);
        console.error(`${category}, ${name}: ${run.seconds.toFixed(1)} s`);
      }
      results.set(category, runs);
    }
  };
  await Promise.all(Array.from({ length: Number(values.jobs) }, work));
  const rows: string[][] = [];
  const wholes = new Map<string, number>();
  let lost = 0;
  const report: unknown[] = [];
  for (const category of categories) {
    const runs = results.get(category) ?? [];
    const of = (run: CheckRun, state: string) =>
      run.outcomes.filter((outcome) => outcome.state === state).length;
    const alone = runs.filter((_, i) => !ways[i]?.isPooled).map(({ outcomes }) => outcomes);
    rows.push([
      category,
      String(runs[0]?.outcomes.length ?? 0),
      ...runs.map((run) => `${of(run, "pass")} (${of(run, "skip")})`),
      ...runs.filter((_, i) => ways[i]?.isPooled).map(({ parted }) => String(parted)),
    ]);
    runs.forEach((run, i) => {
      const way = ways[i];
      for (const { check, state, why } of run.outcomes) {
        if (state === "fail" && !values.json) console.log(`${way?.name}: ${check}: ${why}`);
      }
      addCounts(wholes, run.reasons);
      if (!way?.isPooled) return;
      for (const { check, state, why } of lostOnPool(alone, run.outcomes)) {
        lost++;
        if (!values.json) {
          console.log(`passes alone, not with ${way.name}: ${check}: ${state} ${why}`);
        }
      }
    });
    report.push({
      category,
      runs: runs.map((run, i) => ({
        way: ways[i]?.name,
        parted: run.parted,
        reasons: Object.fromEntries(run.reasons),
        seconds: run.seconds,
        outcomes: run.outcomes,
      })),
    });
  }
  if (values.json) {
    console.log(JSON.stringify({ schema: SCHEMA, lost, categories: report }));
  } else {
    const heading = ["category", "checks", ...ways.map(({ name }) => `${name}: pass (skip)`)];
    const splits = ways.filter(({ isPooled }) => isPooled).map(({ name }) =>
      `launches in parts, ${name}`
    );
    const align = ["left" as const, ...Array.from({ length: 20 }, () => "right" as const)];
    for (const line of table([[...heading, ...splits], ...rows], align)) console.log(line);
    console.log(`\nlaunches that ran whole:`);
    for (const [why, count] of [...wholes].sort((a, b) => b[1] - a[1])) {
      console.log(`${String(count).padStart(6)}  ${why}`);
    }
    console.log(`\npass on each member alone, not on the pool: ${lost}`);
  }
  return lost > 0 ? 1 : 0;
}

if (import.meta.main) {
  try {
    Deno.exit(await main());
  } catch (error) {
    console.error(`check:opencl-cts: ${error instanceof Error ? error.message : error}`);
    Deno.exit(1);
  }
}
