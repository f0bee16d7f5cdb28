/**
 * The schema of what is answered where something is wrong.
 *
 * @module
 */

import { z } from "@hono/zod-openapi";
import { text } from "./value.ts";

/** Problem details (RFC 9457). */
export const problem = z.object({
  type: text("about:blank: the status says what kind of problem it is"),
  title: text("The status in words"),
  status: z.int().openapi({ description: "The HTTP status" }),
  detail: text("One line: what, which thing, why, what to do"),
  errors: z.array(z.object({
    pointer: text("Where in the body, the query or the path: a JSON pointer (RFC 6901)"),
    detail: text("What is wrong there"),
  })).optional().openapi({ description: "What makes no sense in the request" }),
}).openapi("Problem", { description: "What is wrong (RFC 9457)" });
