/**
 * Answers of the fake service that are no documents: files of the page, and refusals.
 *
 * @module
 */

import { loadWebAssets } from "../../lib/daemon/web_assets.ts";

/** What the page may do: as little as the service's own policy lets it. */
const POLICY =
  "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; object-src 'none'";

/** What requests are refused with. */
export interface Refusal {
  status: number;
  detail: string;
  /** In s. */
  retryAfter?: number;
}

/** A request that is refused. */
export class Refused extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The answer to it. */
export function refused({ status, detail, retryAfter }: Refusal): Response {
  return Response.json({ title: "Refused", status, detail }, {
    status,
    headers: {
      "content-type": "application/problem+json",
      ...(retryAfter !== undefined && { "retry-after": String(retryAfter) }),
    },
  });
}

/** A file of the page. */
export function asset(path: string): Response {
  const assets = loadWebAssets();
  if (assets.state === "absent") return new Response(assets.reason, { status: 503 });
  const found = assets.files.get(path);
  if (found === undefined) return new Response("no such file", { status: 404 });
  return new Response(found.body, {
    headers: { "content-type": found.type, "content-security-policy": POLICY, etag: found.etag },
  });
}
