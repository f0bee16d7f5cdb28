/**
 * Errors of the API as problem details.
 *
 * Source: RFC 9457.
 *
 * @module
 */

import { STATUS_CODES } from "node:http";

/** A document of the type `application/problem+json`. */
export interface Problem {
  type: "about:blank";
  title: string;
  status: number;
  /** One line: what, which thing, why, what to do. */
  detail: string;
  /** What of a request is wrong, by JSON pointer. */
  errors?: { pointer: string; detail: string }[];
}

/** An answer that says what is wrong. */
export function problemResponse(
  status: number,
  detail: string,
  { errors, headers = {} }: {
    errors?: Problem["errors"];
    headers?: Record<string, string>;
  } = {},
): Response {
  const problem: Problem = {
    type: "about:blank",
    title: STATUS_CODES[status] ?? "Error",
    status,
    detail,
    ...(errors && { errors }),
  };
  return new Response(`${JSON.stringify(problem)}\n`, {
    status,
    headers: { ...headers, "content-type": "application/problem+json" },
  });
}
