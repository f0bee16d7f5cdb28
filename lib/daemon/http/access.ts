/**
 * Who may ask for what.
 *
 * Over the Unix socket the rights of the file decide. Over TCP anybody on the host may read; what changes
 * something needs the token. Browsers are held off by the names under which they reach the service (DNS
 * rebinding), and by where their pages are from (cross-site requests).
 *
 * @module
 */

import { timingSafeEqual } from "node:crypto";
import { problemResponse } from "./problem.ts";

/** Methods that change nothing. */
const SAFE: readonly string[] = ["GET", "HEAD"];

/** Names of this host that are always its own. */
const LOCAL_NAMES: readonly string[] = ["localhost", "127.0.0.1", "[::1]"];

/** What is allowed. */
export interface AccessRules {
  /** What changes need; null where nothing may be changed over TCP. */
  token: string | null;
  requireTokenForReads: boolean;
  /** Names and addresses under which it is reached, beside the local ones. */
  hosts: readonly string[];
}

/** The name in a `Host` header, without the port. */
function nameOf(host: string): string {
  return (/^(\[[^\]]*\]|[^:]*)(:\d+)?$/.exec(host)?.[1] ?? "").toLowerCase();
}

function isSame(given: string, wanted: string): boolean {
  const a = new TextEncoder().encode(given), b = new TextEncoder().encode(wanted);
  // The length of the token is no secret.
  return a.length === b.length && timingSafeEqual(a, b);
}

function hasToken(request: Request, token: string | null): boolean {
  const given = /^Bearer +([\w.~+/-]+=*)$/i.exec(request.headers.get("authorization") ?? "")?.[1];
  return token !== null && given !== undefined && isSame(given, token);
}

/** Whether a browser's page of another site makes the request. */
function isForeign(request: Request): boolean {
  const site = request.headers.get("sec-fetch-site");
  if (site !== null && site !== "same-origin" && site !== "none") return true;
  const origin = request.headers.get("origin");
  if (origin === null) return false;
  const host = request.headers.get("host");
  try {
    return new URL(origin).host !== host;
  } catch {
    return true;
  }
}

/** Why a request over TCP is refused; undefined for one that may be answered. */
export function refusal(request: Request, rules: AccessRules): Response | undefined {
  const name = nameOf(request.headers.get("host") ?? "");
  if (!LOCAL_NAMES.includes(name) && !rules.hosts.some((host) => host.toLowerCase() === name)) {
    return problemResponse(
      421,
      "this service is not reached under that name: add it to [http] allowed_hosts",
    );
  }
  const isRead = SAFE.includes(request.method);
  if (!isRead && isForeign(request)) {
    return problemResponse(403, "pages of other sites may change nothing here");
  }
  if (isRead && !rules.requireTokenForReads) return undefined;
  if (hasToken(request, rules.token)) return undefined;
  return problemResponse(
    401,
    "this needs the token of [http] token_file: Authorization: Bearer TOKEN",
    { headers: { "www-authenticate": 'Bearer realm="mvgal"' } },
  );
}

/** Headers of every answer: browsers load nothing from elsewhere, and guess nothing. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy":
    "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
};
