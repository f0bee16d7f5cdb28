import assert from "node:assert/strict";
import { Validator } from "@seriousme/openapi-schema-validator";
import { documentOf, fixture } from "./fixture.ts";

Deno.test("createApp() describes itself in an OpenAPI document that is one", async () => {
  const { ask } = fixture();
  const document = await documentOf(await ask("GET", "/openapi.json"));
  const validator = new Validator();
  const { valid, errors } = await validator.validate(document);
  assert.equal(valid, true, JSON.stringify(errors, null, 1));
  assert.equal(validator.version, "3.1");
});

/** Every schema of a document, with where it is. */
function* schemasOf(value: unknown, at = ""): Generator<[string, Record<string, unknown>]> {
  if (typeof value !== "object" || value === null) return;
  if (!Array.isArray(value) && ("type" in value || "$ref" in value)) {
    yield [at, value as Record<string, unknown>];
  }
  for (const [key, inner] of Object.entries(value)) yield* schemasOf(inner, `${at}/${key}`);
}

Deno.test("createApp() documents every route, its problems, and no schema that is not there", async () => {
  const { ask } = fixture();
  const document = await documentOf<{
    paths: Record<string, Record<string, { summary?: string; responses: object }>>;
    components: { schemas: Record<string, unknown> };
  }>(await ask("GET", "/openapi.json"));
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const [method, { summary, responses }] of Object.entries(methods)) {
      assert.ok(summary, `${method} ${path} has no summary`);
      assert.ok("default" in responses && 200 in responses, `${method} ${path}`);
    }
  }
  for (const [at, { $ref }] of schemasOf(document)) {
    if ($ref === undefined) continue;
    assert.ok(
      String($ref).slice("#/components/schemas/".length) in document.components.schemas,
      at,
    );
  }
});
