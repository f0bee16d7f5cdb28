/**
 * Bodies of requests: of JSON, and not too long.
 *
 * @module
 */

import { problemResponse } from "./problem.ts";

/** What the router takes for JSON: of another type it would read nothing, and say nothing. */
const JSON_TYPE = /^application\/([\w.-]+\+)?json\s*(;|$)/i;

/** All of a body; undefined for one of more than so many bytes, of which the rest is left. */
async function readUpTo(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  most: number,
): Promise<Blob | undefined> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > most) return undefined;
    chunks.push(chunk);
  }
  return new Blob(chunks);
}

/**
 * The request with its body read, without one where that is empty; or an answer for a body that is too long, or
 * no JSON.
 *
 * A body that says its length is refused before it is read.
 */
export async function limitBody(request: Request, most: number): Promise<Request | Response> {
  if (request.body === null) return request;
  const refuse = () =>
    problemResponse(413, `a body of more than ${most} bytes is not taken`, {
      headers: { connection: "close" },
    });
  if (Number(request.headers.get("content-length") ?? 0) > most) return refuse();
  const type = request.headers.get("content-type") ?? "";
  const isJson = JSON_TYPE.test(type);
  // Some clients send an empty body where they mean none.
  const body = await readUpTo(request.body, isJson ? most : 0);
  if (!isJson && (body === undefined || type !== "")) {
    return problemResponse(415, "give the body as application/json");
  }
  if (body === undefined) return refuse();
  const { method, url, headers } = request;
  return new Request(url, { method, headers, ...(body.size > 0 && { body }) });
}
