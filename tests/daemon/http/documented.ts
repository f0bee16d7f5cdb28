/**
 * Answers held against the API's own document: what it does not name may not be in them.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

/** As much of a JSON schema as is looked at. */
export interface Schema {
  $ref?: string;
  type?: string | string[];
  enum?: unknown[];
  anyOf?: Schema[];
  allOf?: Schema[];
  description?: string;
  properties?: Record<string, Schema>;
  additionalProperties?: unknown;
}

/** As much of an OpenAPI document as is looked at. */
export interface ApiDocument {
  paths: Record<
    string,
    Record<string, { responses: Record<string, { content?: Record<string, unknown> }> }>
  >;
  components: { schemas: Record<string, Schema> };
}

/** Keywords of OpenAPI that mean nothing to JSON Schema. */
const BESIDE = ["openapi", "info", "servers", "paths", "components", "example", "webhooks"];

/** The same, but no object may have what is not named. */
function closed(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(closed);
  const copy = Object.fromEntries(Object.entries(value).map(([key, each]) => [key, closed(each)]));
  // No document has a field of the name `properties`.
  const isOpen = "properties" in copy && !("additionalProperties" in copy);
  return isOpen ? { ...copy, additionalProperties: false } : copy;
}

/** A part of a JSON pointer in a URI. */
function escaped(part: string): string {
  return encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1"));
}

/** The document of the API, and what was held against it. */
export class Documented {
  readonly document: ApiDocument;
  /** `GET /api/v1/gpus`: what was answered with 200, and as documented. */
  readonly answered = new Set<string>();
  /** Kinds of events that came, and were as documented. */
  readonly happened = new Set<string>();
  readonly #ajv = new Ajv2020({
    strict: true,
    allowUnionTypes: true,
    strictRequired: false,
    allErrors: true,
  });

  constructor(document: ApiDocument) {
    this.document = document;
    addFormats.default(this.#ajv);
    this.#ajv.addVocabulary(BESIDE);
    this.#ajv.addSchema(closed(document) as object, "api");
  }

  #validator(...pointer: string[]): ValidateFunction {
    const uri = `api#/${pointer.map(escaped).join("/")}`;
    const validate = this.#ajv.getSchema(uri);
    assert.ok(validate, `nothing is at ${uri}`);
    return validate;
  }

  /** Holds a value against a named schema. */
  named(name: string, value: unknown): void {
    this.#hold(value, name, "components", "schemas", name);
  }

  #hold(value: unknown, what: string, ...pointer: string[]): void {
    const validate = this.#validator(...pointer);
    assert.ok(validate(value), `${what}: ${this.#ajv.errorsText(validate.errors)}`);
  }

  /** The path of the document that a path is of. */
  #template(path: string): string {
    const fits = (template: string) =>
      new RegExp(`^${template.replaceAll(/\{\w+\}/g, "[^/]+")}$`).test(path);
    const found = Object.keys(this.document.paths).filter(fits)
      // A fixed path goes before one with a name in it.
      .sort((a, b) => a.split("{").length - b.split("{").length);
    assert.ok(found[0], `no path is documented for ${path}`);
    return found[0];
  }

  /** All operations that there are. */
  operations(): string[] {
    return Object.entries(this.document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`)
    );
  }

  /** Holds an answer of JSON against what is documented for it. */
  async answer(method: string, path: string, response: Response): Promise<unknown> {
    const value: unknown = await response.json();
    const template = this.#template(path.replace(/\?.*/, ""));
    const isGood = response.status === 200;
    const type = response.headers.get("content-type") ?? "";
    const what = `${method} ${path}: ${response.status}`;
    this.#hold(
      value,
      what,
      "paths",
      template,
      method.toLowerCase(),
      "responses",
      isGood ? "200" : "default",
      "content",
      type,
      "schema",
    );
    if (isGood) this.answered.add(`${method} ${template}`);
    return value;
  }

  /** The schemas of events, by kind. */
  events(): Map<string, string> {
    const { schemas } = this.document.components;
    const names = (schemas["Event"]?.anyOf ?? []).map(({ $ref }) => $ref?.split("/").at(-1) ?? "");
    return new Map(names.map((name) => {
      const [kind] = schemas[name]?.properties?.["event"]?.enum ?? [];
      return [String(kind), name];
    }));
  }

  /** Holds an event against what is documented for its kind. */
  event({ data, ...lines }: { id?: string; event?: string; data?: string }): void {
    const name = this.events().get(lines.event ?? "");
    assert.ok(name, `no event ${lines.event} is documented`);
    const event = { ...lines, data: JSON.parse(data ?? "") as unknown };
    this.named(name, event);
    this.happened.add(lines.event ?? "");
  }
}
