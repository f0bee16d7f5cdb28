/**
 * The import graph of the repository, as `deno info --json` tells it.
 *
 * @module
 */

import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** One import, export-from or dynamic import. */
export interface Import {
  /** The importing file, relative to the repository: `lib/gpu/gpu.ts`. */
  readonly from: string;
  /** What it imports: a file relative to the repository, or `node:…`, `npm:…`, a URL. */
  readonly to: string;
  /** As it is written in the file. */
  readonly specifier: string;
  /** The line of the file, from 1. */
  readonly line: number;
  /** Whether it is an `import()`, which loads when it is reached. */
  readonly dynamic: boolean;
}

interface InfoReference {
  specifier?: string;
  error?: string;
  span: { start: { line: number } };
}

interface InfoModule {
  specifier: string;
  error?: string;
  dependencies?: {
    specifier: string;
    code?: InfoReference;
    type?: InfoReference;
    isDynamic?: boolean;
  }[];
}

/**
 * The imports in the output of `deno info --json`. Type-only imports count as any other: they are erased
 * at run time, but they tie one part of the program to another in the same way.
 *
 * @param json the output.
 * @param root the repository's directory; modules outside it are left out.
 * @throws {Error} where a module could not be read or a specifier not be resolved.
 */
export function parseInfo(json: string, root: string): Import[] {
  const base = `${pathToFileURL(root).href}/`;
  const name = (url: string) =>
    url.startsWith(base) ? decodeURIComponent(url.slice(base.length)) : url;
  const { modules } = JSON.parse(json) as { modules: InfoModule[] };

  return modules.filter((module) => module.specifier.startsWith(base)).flatMap((module) => {
    const from = name(module.specifier);
    if (module.error !== undefined) throw new Error(`${from}: ${module.error}`);
    return (module.dependencies ?? []).flatMap(({ specifier, code, type, isDynamic }) => {
      const reference = code ?? type;
      if (reference === undefined) return [];
      const line = reference.span.start.line + 1;
      if (reference.specifier === undefined) {
        throw new Error(`${from}:${line}: cannot resolve "${specifier}": ${reference.error}`);
      }
      return [{
        from,
        to: name(reference.specifier),
        specifier,
        line,
        dynamic: isDynamic ?? false,
      }];
    });
  });
}

/** The TypeScript files below a directory of the repository, or the file itself; none where it is missing. */
export function typescriptFiles(root: string, path: string): string[] {
  const full = join(root, path);
  try {
    if (Deno.statSync(full).isFile) return [path];
  } catch {
    return [];
  }
  return Array.from(Deno.readDirSync(full)).flatMap((entry) => {
    const child = join(path, entry.name);
    if (entry.isDirectory) return typescriptFiles(root, child);
    return /\.tsx?$/.test(entry.name) ? [child] : [];
  }).sort();
}

/**
 * Reads the imports of all of `files`, in one run of `deno info`.
 *
 * @param root the repository's directory, which holds `deno.json`.
 * @param files paths relative to it.
 * @throws {Error} where `deno info` fails.
 */
export function readImports(root: string, files: readonly string[]): Import[] {
  const entry = Deno.makeTempFileSync({ prefix: "mvgal-imports-", suffix: ".ts" });
  try {
    const lines = files.map((file) =>
      `import ${JSON.stringify(pathToFileURL(join(root, file)).href)};`
    );
    Deno.writeTextFileSync(entry, lines.join("\n"));
    const { code, stdout, stderr } = new Deno.Command(Deno.execPath(), {
      args: ["info", "--json", "--config", join(root, "deno.json"), "--no-lock", entry],
      stdin: "null",
    }).outputSync();
    const decoder = new TextDecoder();
    if (code !== 0) throw new Error(`deno info failed: ${decoder.decode(stderr).trim()}`);
    return parseInfo(decoder.decode(stdout), root);
  } finally {
    Deno.removeSync(entry);
  }
}

/**
 * The import cycles: for each group of files that import one another, one shortest way round, which begins
 * and ends with the same file. Dynamic imports do not count: a table that loads its entries when they are
 * asked for may hold one that reads the table.
 */
export function findCycles(imports: readonly Import[]): string[][] {
  const next = new Map<string, string[]>();
  for (const { from, to, dynamic } of imports) {
    if (dynamic) continue;
    const targets = next.get(from);
    if (targets === undefined) next.set(from, [to]);
    else targets.push(to);
  }
  const cycles: string[][] = [];
  const reported = new Set<string>();
  for (const start of [...next.keys()].sort()) {
    if (reported.has(start)) continue;
    const way = shortestWayBack(start, next);
    if (way === null || way.some((file) => reported.has(file))) continue;
    for (const file of way) reported.add(file);
    cycles.push(way);
  }
  return cycles;
}

/** The shortest way from a file back to itself; null where there is none. */
function shortestWayBack(start: string, next: ReadonlyMap<string, string[]>): string[] | null {
  const cameFrom = new Map<string, string>();
  const queue = [start];
  for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
    for (const target of next.get(file) ?? []) {
      if (target === start) {
        const way = [start];
        for (let step: string | undefined = file; step !== undefined; step = cameFrom.get(step)) {
          way.push(step);
        }
        return (way.at(-1) === start ? way : [...way, start]).reverse();
      }
      if (!cameFrom.has(target)) {
        cameFrom.set(target, file);
        queue.push(target);
      }
    }
  }
  return null;
}
