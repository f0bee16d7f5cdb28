// deno-lint-ignore-file no-console -- a script speaks to people
/**
 * `deno task check:cuda`: ways to NVIDIA's driver by features of `mvgal run`, on whatever CUDA host this is; and
 * processes that race for a group's memory, and are killed meanwhile. Exits with 1 where something fails.
 *
 *     deno run -A scripts/check_cuda.ts [--mvgal PROGRAM] [--json] [--races N] [--kills N] [--processes 16]
 *
 * Needs a driver (libcuda.so.1), the built shims and a C compiler; nvcc, python3, PyTorch, Numba and CuPy where
 * they are there. With `--races` or `--kills` these alone run.
 *
 * @module
 */

import { join } from "node:path";
import { parseArgs } from "node:util";
import { table } from "../lib/render/table.ts";
import { groupPath } from "../lib/session/group_file.ts";
import { byMvgal, type Launcher, run } from "./cuda/launcher.ts";
import { FEATURES, tableOf, tryWays } from "./cuda/matrix.ts";
import { type Contest, killSome, race } from "./cuda/races.ts";
import { driverWays, pythonWays, racer, runtimeWays } from "./cuda/ways.ts";

const ROOT = join(import.meta.dirname ?? ".", "..");
const SCHEMA = "mvgal.check_cuda/1";

/** Where the loader has the driver, as its cache says; undefined for nowhere. */
function findDriver(): string | undefined {
  const inPath = (Deno.env.get("LD_LIBRARY_PATH") ?? "").split(":").filter((part) => part !== "")
    .map((part) => join(part, "libcuda.so.1"));
  for (const path of inPath) {
    try {
      if (Deno.statSync(path).isFile) return path;
    } catch {
      // The next one.
    }
  }
  for (const ldconfig of ["ldconfig", "/sbin/ldconfig"]) {
    try {
      const { stdout } = new Deno.Command(ldconfig, { args: ["-p"] }).outputSync();
      const line = new TextDecoder().decode(stdout).split("\n")
        .find((each) => each.includes("libcuda.so.1 ") && each.includes("x86-64"));
      if (line !== undefined) return line.split("=> ")[1]?.trim();
    } catch {
      // Not in PATH.
    }
  }
  return undefined;
}

/** Bytes in use of the first GPU by nvidia-smi, which no shim is in; undefined where it does not say. */
function bytesInUse(): number | undefined {
  const query = ["--query-gpu=memory.used", "--format=csv,noheader,nounits", "-i", "0"];
  try {
    const { success, stdout } = new Deno.Command("nvidia-smi", { args: query }).outputSync();
    const mib = Number(new TextDecoder().decode(stdout).trim());
    return success && Number.isFinite(mib) ? mib * 1024 ** 2 : undefined;
  } catch {
    return undefined;
  }
}

/** Memory of the first GPU in bytes, and how many there are. */
async function facts(driver: string): Promise<{ total: number; count: number }> {
  const way = driverWays(driver).find(({ name }) => name === "dlopen, dlsym");
  if (way === undefined || "reason" in way) throw new Error("no program to ask the driver");
  const { lines, errors } = await run({ command: [...way.command, "facts=0"], env: {} });
  const [, total, count] = /^facts (\d+) (\d+)$/m.exec(lines.join("\n")) ?? [];
  if (total === undefined) throw new Error(`${driver}: ${lines[0] ?? errors}`);
  return { total: Number(total), count: Number(count) };
}

async function matrix(driver: string, launch: Launcher, directory: string, jobs: number) {
  const { total } = await facts(driver);
  const ways = [...driverWays(driver), ...await runtimeWays(directory), ...pythonWays()];
  return await tryWays(ways, {
    launch,
    prefix: "check",
    share: { percent: 30, within: 10, part: 1 },
    // A quarter of the memory each: no more at once than there is room for.
    jobs: total < 20 * 1024 ** 3 ? 2 : jobs,
    pooled: (memory, gpus) => gpus > 1 ? Math.floor(1.1 * memory) : 0,
    told: (way, outcomes, seconds) => {
      const said = Object.entries(outcomes).map(([name, outcome]) =>
        `${name} ${outcome.state}${outcome.state === "failed" ? ` (${outcome.reason})` : ""}`
      );
      console.error(`${way}: ${said.join(", ")} (${seconds.toFixed(1)} s)`);
    },
  });
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      mvgal: { type: "string" },
      json: { type: "boolean", default: false },
      races: { type: "string", default: "0" },
      kills: { type: "string", default: "0" },
      processes: { type: "string", default: "16" },
    },
  });
  const driver = findDriver();
  if (driver === undefined) {
    console.error("check:cuda: no libcuda.so.1 on this host: install NVIDIA's driver");
    return 1;
  }
  const source = [Deno.execPath(), "run", "-A", "--no-check", join(ROOT, "main.ts")];
  const runtime = Deno.makeTempDirSync({ prefix: "mvgal-check-cuda-" });
  // The first GPU of nvidia-smi is the first one of CUDA.
  const env = { MVGAL_RUNTIME_DIR: runtime, CUDA_DEVICE_ORDER: "PCI_BUS_ID" };
  const launch = byMvgal(values.mvgal === undefined ? source : [values.mvgal], env);
  const begin = performance.now();
  try {
    const races = Number(values.races);
    const kills = Number(values.kills);
    const report: Record<string, unknown> = { schema: SCHEMA };
    let isRight = true;
    if (races > 0 || kills > 0) {
      const { total } = await facts(driver);
      const contest = (group: string, processes: number): Contest => ({
        launch,
        racer: racer(),
        group,
        file: groupPath(runtime, group),
        limit: Math.floor(total / 5),
        processes,
        used: bytesInUse,
      });
      if (races > 0) {
        const result = await race(contest("races", Number(values.processes)), races);
        report["races"] = result;
        isRight &&= result.wrong.length === 0;
      }
      if (kills > 0) {
        const result = await killSome(contest("kills", 8), kills);
        report["kills"] = result;
        isRight &&= result.wrong.length === 0;
      }
      console.log(values.json ? JSON.stringify(report) : JSON.stringify(report, null, 2));
    } else {
      const jobs = Math.max(1, Math.min(8, navigator.hardwareConcurrency));
      const rows = await matrix(driver, launch, runtime, jobs);
      isRight = rows.every(({ outcomes }) =>
        Object.values(outcomes).every(({ state }) => state !== "failed")
      );
      if (values.json) {
        console.log(JSON.stringify({ ...report, ways: rows }));
      } else {
        const { cells, reasons } = tableOf(rows);
        const heading = ["", ...FEATURES];
        for (const line of table([heading, ...cells], heading.map(() => "left"))) {
          console.log(line);
        }
        for (const reason of reasons) console.log(reason);
      }
    }
    console.error(`${((performance.now() - begin) / 1000).toFixed(1)} s`);
    return isRight ? 0 : 1;
  } catch (error) {
    console.error(`check:cuda: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  } finally {
    Deno.removeSync(runtime, { recursive: true });
  }
}

if (import.meta.main) Deno.exit(await main());
