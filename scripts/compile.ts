// deno-lint-ignore-file no-console -- a script speaks to people
/**
 * Writes the single executable: `deno task compile`.
 *
 *     deno run -A scripts/compile.ts [--output FILE] [--entry FILE] [--way deno|launcher] [--level 1..19]
 *
 * By `deno compile` where its runtime can be had, else with `shims/launcher`; `--way` insists on one.
 * `--level` is zstd's, for the latter: 9 by default, 19 takes a minute longer once and saves 4 MB.
 *
 * @module
 */

import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { buildLauncher } from "./compile/build_launcher.ts";
import { bundle } from "./compile/bundle.ts";
import { denoCompile, findCompileRuntime } from "./compile/deno_compile.ts";
import { writePacked } from "./compile/packed.ts";
import { packRuntime, RUNTIME_NAME } from "./compile/runtime.ts";

const ROOT = resolve(import.meta.dirname ?? ".", "..");
const BUILD = join(ROOT, "build");

interface Options {
  readonly entry: string;
  readonly output: string;
  readonly way: "deno" | "launcher" | undefined;
  readonly level: number;
}

/** What both ways start from. */
interface Program {
  /** Path of the bundled script. */
  readonly script: string;
  /** Files that it carries: their names in it, such as `shims/libmvgal_host.so`, and their paths. */
  readonly assets: readonly { readonly name: string; readonly path: string }[];
}

function parseOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      entry: { type: "string", default: join(ROOT, "main.ts") },
      output: { type: "string", default: join(ROOT, "dist/mvgal") },
      way: { type: "string" },
      level: { type: "string", default: "9" },
    },
  });
  const { way } = values;
  if (way !== undefined && way !== "deno" && way !== "launcher") {
    throw new TypeError(`--way ${way}: want deno or launcher`);
  }
  const level = Number(values.level);
  if (!Number.isInteger(level) || level < 1 || level > 19) {
    throw new TypeError(`--level ${values.level}: want 1 to 19`);
  }
  return { entry: resolve(values.entry), output: resolve(values.output), way, level };
}

/** What of the directories of `build/` the executable carries. */
const CARRIED = [
  { directory: "shims", files: /^libmvgal_\w+\.so$/ },
  { directory: "web", files: /^(index\.html|icon\.svg|dashboard\.(js|css))$/ },
] as const;

/** Names below `build/` of the files of a directory that `scripts/build.ts` has built. */
function built({ directory, files }: typeof CARRIED[number]): string[] {
  try {
    return Array.from(Deno.readDirSync(join(BUILD, directory)), ({ name }) => name)
      .filter((name) => files.test(name))
      .sort()
      .map((name) => `${directory}/${name}`);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** The script, and what it carries in directories beside it as `lib/launch/self.ts` looks for it. */
function prepare(entry: string): Program {
  const directory = join(BUILD, "compile");
  const script = join(directory, "mvgal.js");
  const assets = CARRIED.flatMap((each) => {
    removeIfThere(join(directory, each.directory));
    Deno.mkdirSync(join(directory, each.directory), { recursive: true });
    return built(each).map((name) => ({ name, path: join(directory, name) }));
  });
  for (const { name, path } of assets) Deno.copyFileSync(join(BUILD, name), path);
  bundle(entry, script);
  return { script, assets };
}

function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** @returns undefined when written, else why not. */
async function byDenoCompile(program: Program, output: string): Promise<string | undefined> {
  const runtime = await findCompileRuntime();
  if (runtime.state === "absent") return runtime.reason;
  const directories = CARRIED.map(({ directory }) => join(dirname(program.script), directory));
  const why = await denoCompile(program.script, directories, output);
  if (why !== undefined) return why;
  const { size } = Deno.statSync(output);
  console.log(`compile: ${output}: ${megabytes(size)}, by deno compile (${runtime.source})`);
  return undefined;
}

async function byLauncher(program: Program, { output, level }: Options): Promise<void> {
  const directory = join(BUILD, "launcher");
  const { files, size, stateless } = await writePacked({
    launcher: buildLauncher(directory, RUNTIME_NAME),
    runtime: packRuntime(Deno.execPath(), level, directory),
    script: program.script,
    assets: program.assets,
  }, output);
  console.log(`compile: ${output}: ${megabytes(size)}, by shims/launcher; packed in it:`);
  for (const { name, size, packed } of files) {
    console.log(
      `  ${name.padEnd(32)} ${megabytes(size).padStart(8)} as ${megabytes(packed.length)}`,
    );
  }
  if (stateless !== undefined) {
    console.log(`compile: without what Deno remembers, so starts are slower: ${stateless}`);
  }
  for (const { directory } of CARRIED) {
    if (program.assets.some(({ name }) => name.startsWith(`${directory}/`))) continue;
    console.log(`compile: nothing of build/${directory} in it: deno task build makes it`);
  }
}

async function main(): Promise<number> {
  try {
    const options = parseOptions(Deno.args);
    const program = prepare(options.entry);
    Deno.mkdirSync(dirname(options.output), { recursive: true });
    if (options.way !== "launcher") {
      const why = await byDenoCompile(program, options.output);
      if (why === undefined) return 0;
      console.log(`compile: not by deno compile: ${why}`);
      if (options.way === "deno") return 1;
    }
    await byLauncher(program, options);
    return 0;
  } catch (error) {
    console.error(`compile: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}

if (import.meta.main) Deno.exit(await main());
