/**
 * Bodies of requests: of JSON, and not too long.
 *
 * @module
 */

import { problemResponse } from "./problem.ts";

/** A body that grew beyond the limit while it was read. */
export class BodyTooLargeError extends Error {
  override readonly name = "BodyTooLargeError";
  /** The HTTP status that says so. */
  readonly status = 413;
}

const JSON_TYPE = /^application\/(json|[\w.+-]+\+json)\s*(;|$)/i;

/**
 * The request with a body that ends in an error behind so many bytes; or an answer for one that is too long,
 * or no JSON, from its headers alone.
 */
export function limitBody(request: Request, most: number): Request | Response {
  if (request.body === null) return request;
  const length = Number(request.headers.get("content-length") ?? 0);
  const refuse = () =>
    problemResponse(413, `a body of more than ${most} bytes is not taken`, {
      headers: { connection: "close" },
    });
  if (length > most) return refuse();
  const type = request.headers.get("content-type");
  if (type === null || !JSON_TYPE.test(type)) {
    return problemResponse(415, "give the body as application/json");
  }
  let read = 0;
  const counted = request.body.pipeThrough(
    new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform(chunk, controller) {
        read += chunk.length;
        if (read > most) controller.error(new BodyTooLargeError(`more than ${most} bytes`));
        else controller.enqueue(chunk);
      },
    }),
  );
  return new Request(request, { body: counted });
}
