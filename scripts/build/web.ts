/**
 * Bundles the dashboard.
 *
 * @module
 */

import { join } from "node:path";
import { firstWords } from "../compile/bundle.ts";

/** What came of it. */
export type WebOutcome =
  | { state: "built"; files: { name: string; bytes: number }[] }
  | { state: "up to date" }
  | { state: "failed"; reason: string };

/** What is taken as it is. */
const COPIED = ["index.html", "icon.svg"] as const;

/** What is bundled into what. */
const BUNDLES = [
  { entry: "main.tsx", output: "dashboard.js", args: ["--platform=browser"] },
  { entry: "style/dashboard.css", output: "dashboard.css", args: [] },
] as const;

/** Bundles one entry; its text, or one line of why not. */
function bundled(entry: string, args: readonly string[]): Uint8Array | string {
  const output = Deno.makeTempFileSync({ prefix: "mvgal-web-" });
  try {
    const { code, stderr } = new Deno.Command(Deno.execPath(), {
      args: ["bundle", "--quiet", "--minify", ...args, `--output=${output}`, entry],
      stdin: "null",
      stderr: "piped",
      stdout: "null",
      env: { NO_COLOR: "1" },
    }).outputSync();
    return code === 0 ? Deno.readFileSync(output) : firstWords(stderr);
  } finally {
    Deno.removeSync(output);
  }
}

function isSame(path: string, bytes: Uint8Array): boolean {
  try {
    const there = Deno.readFileSync(path);
    return there.length === bytes.length && there.every((byte, i) => byte === bytes[i]);
  } catch {
    return false;
  }
}

/**
 * Writes `index.html`, `icon.svg`, `dashboard.js` and `dashboard.css`. Nothing is written where one cannot be made.
 *
 * @param source `lib/daemon/web`.
 * @param target the directory; made where it is not there.
 */
export function buildWeb(source: string, target: string): WebOutcome {
  const files: { name: string; content: Uint8Array }[] = COPIED.map((name) => ({
    name,
    content: Deno.readFileSync(join(source, name)),
  }));
  for (const { entry, output, args } of BUNDLES) {
    const content = bundled(join(source, entry), args);
    if (typeof content === "string") return { state: "failed", reason: `${entry}: ${content}` };
    files.push({ name: output, content });
  }
  const changed = files.filter(({ name, content }) => !isSame(join(target, name), content));
  if (changed.length === 0) return { state: "up to date" };
  Deno.mkdirSync(target, { recursive: true });
  for (const { name, content } of changed) {
    // Renamed into place: a service that runs never reads half of one.
    const temporary = join(target, `.${name}.new`);
    Deno.writeFileSync(temporary, content);
    Deno.renameSync(temporary, join(target, name));
  }
  return {
    state: "built",
    files: changed.map(({ name, content }) => ({ name, bytes: content.length })),
  };
}
