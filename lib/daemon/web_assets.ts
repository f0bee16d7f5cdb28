/**
 * The files of the dashboard, as the executable carries them.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { assetPath } from "../launch/self.ts";

/** One file, ready to be sent. */
export interface WebAsset {
  /** Where it is served. */
  path: "/" | "/dashboard.js" | "/dashboard.css";
  body: Uint8Array<ArrayBuffer>;
  /** Value of `Content-Type`. */
  type: string;
  /** Value of `ETag`, quotes included: a digest of the content. */
  etag: string;
}

/** The files; or in one line why they are not there. The API works without them. */
export type WebAssets =
  | { state: "ok"; html: WebAsset; js: WebAsset; css: WebAsset }
  | { state: "absent"; reason: string };

/**
 * The policy under which the dashboard works, the value of `Content-Security-Policy`: nothing of another
 * host, no script and no style in the page itself.
 */
export const WEB_CONTENT_SECURITY_POLICY = "default-src 'self'; style-src 'self'; " +
  "img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

function load(
  name: string,
  path: WebAsset["path"],
  type: string,
  find: (name: string) => string | undefined,
): WebAsset {
  const file = find(`web/${name}`);
  if (file === undefined) {
    throw new Error(`${name} is not in this executable: deno task build makes it`);
  }
  const body = Deno.readFileSync(file);
  const etag = `"${createHash("sha256").update(body).digest("hex").slice(0, 32)}"`;
  return { path, body, type: `${type}; charset=utf-8`, etag };
}

/**
 * Reads the dashboard.
 *
 * @param find gives the path of a file that the executable carries; {@linkcode assetPath} where not given.
 */
export function loadWebAssets(find: (name: string) => string | undefined = assetPath): WebAssets {
  try {
    return {
      state: "ok",
      html: load("index.html", "/", "text/html", find),
      js: load("dashboard.js", "/dashboard.js", "text/javascript", find),
      css: load("dashboard.css", "/dashboard.css", "text/css", find),
    };
  } catch (error) {
    const why = error instanceof Error ? error.message.replaceAll(/\s*\n\s*/g, " ") : String(error);
    return { state: "absent", reason: `no dashboard: ${why}` };
  }
}
