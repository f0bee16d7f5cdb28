/**
 * Requests made from the API's own document, valid and nearly valid.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { idOf } from "../gpus.ts";

/** As much of a JSON schema as the API's document uses. */
interface Schema {
  $ref?: string;
  type?: string | string[];
  enum?: unknown[];
  anyOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  additionalProperties?: Schema | boolean;
  format?: string;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  minLength?: number;
  maxLength?: number;
  maxItems?: number;
}

interface Parameter {
  name: string;
  in: "path" | "query" | "header";
  required?: boolean;
  schema: Schema;
}

interface Route {
  parameters?: Parameter[];
  requestBody?: { content: Record<string, { schema: Schema }> };
}

/** As much of an OpenAPI document. */
export interface Document {
  paths: Record<string, Record<string, Route>>;
  components: { schemas: Record<string, Schema> };
}

/** A request, without a host. */
export interface FuzzedRequest {
  method: string;
  path: string;
  headers: [string, string][];
  body: string | null;
}

/** Words that the API knows, and such as break things. */
const words = fc.oneof(
  fc.constantFrom("0", "7", "8", "-1", "1e9", "", ",", "power", "power_w", "sample", "power_cap_w"),
  fc.constantFrom("..", "%2e%2e", "%00", "%zz", "/etc/passwd", "__proto__", "constructor", "\0"),
  fc.constantFrom("2026-01-01T00:00:00Z", "now", "999999999999999", "00000000-0000-0000-0000"),
  fc.nat({ max: 9 }).map(idOf),
  fc.string({ unit: "binary", maxLength: 30 }),
  fc.constant("x".repeat(5000)),
);

/** Values of a schema. */
function valid(schema: Schema, document: Document): fc.Arbitrary<unknown> {
  const { $ref, enum: choices, anyOf, type } = schema;
  if ($ref !== undefined) {
    const named = document.components.schemas[$ref.split("/").at(-1) ?? ""];
    assert.ok(named, $ref);
    return valid(named, document);
  }
  if (choices !== undefined) return fc.constantFrom(...choices);
  if (anyOf !== undefined) return fc.oneof(...anyOf.map((each) => valid(each, document)));
  switch (type) {
    case "object":
      return validObject(schema, document);
    case "array":
      return fc.array(valid(schema.items ?? {}, document), { maxLength: 3 });
    case "string": {
      if (schema.format === "uuid") return fc.uuid({ version: 4 });
      const { minLength = 0, maxLength = 40 } = schema;
      const fitting = ({ length }: string) => length >= minLength && length <= maxLength;
      return fc.oneof(fc.nat({ max: 7 }).map(String), words.filter(fitting));
    }
    case "integer":
      return fc.integer({ min: schema.minimum ?? 0, max: schema.maximum ?? 1000 });
    case "number":
      return fc.double({ min: schema.exclusiveMinimum ?? -1e9, max: schema.maximum ?? 1e9 });
    case "boolean":
      return fc.boolean();
    case "null":
      return fc.constant(null);
    default:
      return fc.jsonValue();
  }
}

function validObject(schema: Schema, document: Document): fc.Arbitrary<unknown> {
  const { properties = {}, required = [], additionalProperties } = schema;
  const named = fc.record(
    Object.fromEntries(
      Object.entries(properties).map(([name, each]) => [name, valid(each, document)]),
    ),
    { requiredKeys: required },
  );
  if (typeof additionalProperties !== "object") return named;
  const others = fc.dictionary(words, valid(additionalProperties, document), { maxKeys: 3 });
  return fc.tuple(named, others).map(([known, more]) => ({ ...more, ...known }));
}

/** A body of a schema, or nearly one: changed, cut off, or something else. */
function bodies(schema: Schema, document: Document): fc.Arbitrary<string | null> {
  const good = valid(schema, document).map((value) => JSON.stringify(value));
  const changed = fc.tuple(good, fc.nat(), fc.string({ unit: "binary", maxLength: 3 })).map(
    ([text, at, piece]) => {
      const place = at % (text.length + 1);
      return text.slice(0, place) + piece + text.slice(place + 1);
    },
  );
  return fc.oneof(
    { arbitrary: good, weight: 4 },
    changed,
    fc.json(),
    fc.constantFrom("", "null", "[".repeat(900), '{"__proto__":{}}', " ".repeat(2000)),
    fc.constant(null),
  );
}

function requestsOf(
  path: string,
  method: string,
  { parameters = [], requestBody }: Route,
  document: Document,
): fc.Arbitrary<FuzzedRequest> {
  const text = (schema: Schema) =>
    fc.oneof({ arbitrary: valid(schema, document).map(String), weight: 3 }, words);
  const values = fc.record(
    Object.fromEntries(parameters.map(({ name, schema }) => [name, text(schema)])),
    {
      requiredKeys: parameters.filter(({ in: place }) => place === "path").map(({ name }) => name),
    },
  );
  const schema = requestBody?.content["application/json"]?.schema;
  const body = schema === undefined ? fc.option(fc.json(), { freq: 9 }) : bodies(schema, document);
  const type = fc.oneof(
    { arbitrary: fc.constant("application/json"), weight: 9 },
    fc.constantFrom("text/plain", "application/json; charset=utf-16", "application/a+json"),
  );
  const verb = fc.oneof(
    { arbitrary: fc.constant(method.toUpperCase()), weight: 12 },
    fc.constantFrom("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"),
  );
  const extra = fc.option(fc.tuple(words, words), { freq: 9 });
  return fc.tuple(values, body, type, verb, extra).map(([given, body, type, verb, extra]) => {
    const at = (place: string) => parameters.filter((each) => each.in === place);
    const filled = path.replaceAll(
      /\{(\w+)\}/g,
      (_, name) => encodeURIComponent(given[name] ?? ""),
    );
    const query = new URLSearchParams(
      at("query").flatMap(({ name }) => given[name] === undefined ? [] : [[name, given[name]]]),
    );
    if (extra !== null) query.append(...extra);
    const headers = at("header").flatMap(({ name }): [string, string][] =>
      given[name] === undefined ? [] : [[name, given[name]]]
    );
    const takesBody = verb !== "GET" && verb !== "HEAD";
    return {
      method: verb,
      path: query.size === 0 ? filled : `${filled}?${query}`,
      headers: body === null ? headers : [...headers, ["content-type", type]],
      body: takesBody ? body : null,
    };
  });
}

/** Requests to all routes of the API's document. */
export function fuzzedRequests(document: Document): fc.Arbitrary<FuzzedRequest> {
  const routes = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, route]) => requestsOf(path, method, route, document))
  );
  assert.ok(routes.length >= 25, `${routes.length} routes`);
  return fc.oneof(...routes).map((request) => ({
    ...request,
    // A header of other letters cannot be sent.
    headers: request.headers.map((
      [name, value],
    ): [string, string] => [name, value.replaceAll(/[^\x20-\x7e]/g, "?")]),
  }));
}
