/**
 * The files of the dashboard, as the executable carries them.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { assetPath } from "../launch/self.ts";

/** One file, ready to be sent. */
export interface WebAsset {
  body: Uint8Array<ArrayBuffer>;
  /** Value of `Content-Type`. */
  type: string;
  /** Value of `ETag`, quotes included: a digest of the content. */
  etag: string;
}

/** The files by the paths at which they are served; or in one line why they are not there. */
export type WebAssets =
  | { state: "ok"; files: ReadonlyMap<string, WebAsset> }
  | { state: "absent"; reason: string };

/** Paths, names and types. */
const FILES = [
  { path: "/", name: "index.html", type: "text/html; charset=utf-8" },
  { path: "/dashboard.js", name: "dashboard.js", type: "text/javascript; charset=utf-8" },
  { path: "/dashboard.css", name: "dashboard.css", type: "text/css; charset=utf-8" },
  { path: "/icon.svg", name: "icon.svg", type: "image/svg+xml" },
] as const;

/**
 * Reads the dashboard. The API works without it.
 *
 * @param find gives the path of a file that the executable carries; {@linkcode assetPath} where not given.
 */
export function loadWebAssets(find: (name: string) => string | undefined = assetPath): WebAssets {
  const files = new Map<string, WebAsset>();
  for (const { path, name, type } of FILES) {
    const file = find(`web/${name}`);
    if (file === undefined) {
      return {
        state: "absent",
        reason: `${name} is not in this executable: deno task build makes it`,
      };
    }
    try {
      const body = Deno.readFileSync(file);
      const etag = `"${createHash("sha256").update(body).digest("hex").slice(0, 32)}"`;
      files.set(path, { body, type, etag });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return { state: "absent", reason: `${why.replaceAll(/\s*\n\s*/g, " ")}` };
    }
  }
  return { state: "ok", files };
}
