/**
 * A page that shows the API's document to people: no script, and no request to any other host.
 *
 * @module
 */

import { html } from "hono/html";

type Html = ReturnType<typeof html>;

/** As much of a JSON schema as the document uses. */
interface Schema {
  $ref?: string;
  type?: string | string[];
  enum?: unknown[];
  anyOf?: Schema[];
  allOf?: Schema[];
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: Schema | boolean;
  description?: string;
  format?: string;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  maxLength?: number;
  maxItems?: number;
}

interface Media {
  schema: Schema;
  /** Of a stream, what it is made of. */
  "x-item-schema"?: Schema;
}

interface Operation {
  summary?: string;
  parameters?: {
    name: string;
    in: string;
    required?: boolean;
    schema: Schema;
    description?: string;
  }[];
  requestBody?: { content: Record<string, Media> };
  responses: Record<string, { description: string; content?: Record<string, Media> }>;
}

/** As much of an OpenAPI document as the page shows. */
export interface ApiDocument {
  info: { title: string; version: string; description?: string };
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}

function nameOf(reference: string): string {
  return reference.split("/").at(-1) ?? "";
}

/** With something between each two. */
function joined(parts: Html[], between: string): Html {
  return html`${parts.map((part, i) => i === 0 ? part : html`${between}${part}`)}`;
}

/** What a value may be, in words. */
function typeOf(schema: Schema): Html {
  const { $ref, allOf, anyOf, enum: choices, type, items, additionalProperties, format } = schema;
  if ($ref !== undefined) {
    return html`<a href="#schema-${nameOf($ref)}">${nameOf($ref)}</a>`;
  }
  // A named schema, and what is said of it here.
  const [named] = allOf ?? [];
  if (named !== undefined) return typeOf(named);
  if (anyOf !== undefined) return joined(anyOf.map(typeOf), " or ");
  if (choices !== undefined) {
    const words = choices.map((choice) => html`<code>${JSON.stringify(choice)}</code>`);
    return joined(words, " or ");
  }
  const types = type === undefined ? [] : [type].flat();
  const isNull = types.includes("null") ? " or null" : "";
  if (items !== undefined) return html`list of ${typeOf(items)}${isNull}`;
  if (typeof additionalProperties === "object") {
    return html`by name, ${typeOf(additionalProperties)}${isNull}`;
  }
  return html`${types.join(" or ") || "anything"}${format === undefined ? "" : ` (${format})`}`;
}

/** The bounds of a value; empty where it has none. */
function boundsOf(schema: Schema): string {
  const { minimum, exclusiveMinimum, maximum, maxLength, maxItems } = schema;
  return [
    minimum === undefined ? "" : `, from ${minimum}`,
    exclusiveMinimum === undefined ? "" : `, above ${exclusiveMinimum}`,
    maximum === undefined ? "" : `, to ${maximum}`,
    maxLength === undefined ? "" : `, at most ${maxLength} characters`,
    maxItems === undefined ? "" : `, at most ${maxItems}`,
  ].join("");
}

/** The object without a name that a schema is, or that is in it; undefined for none. */
function innerObject(schema: Schema): Schema | undefined {
  if (schema.properties !== undefined) return schema;
  const inner = schema.items ?? schema.additionalProperties;
  return typeof inner === "object" ? innerObject(inner) : undefined;
}

/** The fields of an object, and of those without a name in it; empty where it has none. */
function fieldsOf(schema: Schema): Html {
  const { properties = {}, required = [] } = innerObject(schema) ?? {};
  const fields = Object.entries(properties);
  if (fields.length === 0) return html``;
  return html`<ul>${
    fields.map(([name, field]) => {
      const optional = required.includes(name) ? "" : ", may be absent";
      return html`<li><code class="name">${name}</code> <span class="type">${typeOf(field)}${
        boundsOf(field)
      }${optional}</span>${aboutOf(field)}${fieldsOf(field)}</li>`;
    })
  }</ul>`;
}

/** What is said of a field. */
function aboutOf({ description, allOf = [] }: Schema): Html {
  const about = description ??
    allOf.findLast((each) => each.description !== undefined)?.description;
  return about === undefined ? html`` : html`<br>${about}`;
}

/** What goes in or comes out. */
function mediaOf(content: Record<string, Media>): Html {
  return html`${
    Object.entries(content).map(([type, { schema, "x-item-schema": item }]) =>
      html`<code>${type}</code>, ${item === undefined ? "" : "each "}${typeOf(item ?? schema)}`
    )
  }`;
}

function operationOf(method: string, path: string, operation: Operation): Html {
  const { summary, parameters = [], requestBody, responses } = operation;
  return html`
    <section id="${idOf(method, path)}">
      <h3>${method.toUpperCase()} ${path}</h3>
      <p>${summary}</p>
      <ul>${parameters.map((parameter) => {
        const { name, in: place, required = false, schema, description } = parameter;
        return html`<li><code class="name">${name}</code> <span class="type">${place}, ${
          typeOf(schema)
        }${boundsOf(schema)}${required ? "" : ", may be absent"}</span>${
          aboutOf({ ...schema, ...(description !== undefined && { description }) })
        }</li>`;
      })}${requestBody === undefined
        ? ""
        : html`<li>Body: ${mediaOf(requestBody.content)}</li>`}${Object.entries(responses).map((
          [status, { content = {} }],
        ) =>
          html`<li>${status === "default" ? "Otherwise" : status}: ${mediaOf(content)}</li>`
        )}</ul>
    </section>
  `;
}

function idOf(method: string, path: string): string {
  return `${method}${path.replaceAll(/[{}]/g, "").replaceAll("/", "-")}`;
}

function schemaOf(name: string, schema: Schema): Html {
  return html`
    <section id="schema-${name}">
    <h3>${name}</h3>
    <p>${schema.description ?? ""}</p>
    ${schema.properties === undefined ? html`<p>${typeOf(schema)}</p>` : fieldsOf(schema)}
    </section>
  `;
}

/** The page of a document, as HTML. */
export async function apiPage({ info, paths, components }: ApiDocument): Promise<string> {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method, path, operation }))
  );
  const title = `${info.title}: the API`;
  const page = await html`
    <!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>${title}</title>
        <link rel="icon" href="/icon.svg">
        <link rel="stylesheet" href="/docs.css">
      </head>
      <body>
        <header>
          <h1>${title}</h1>
          <p>Version ${info.version}. ${info.description ?? ""}</p>
          <p><a href="/">Dashboard</a> · <a href="/openapi.json">OpenAPI document</a> · <a href="/metrics">Metrics</a> · <a href="#schemas">Schemas</a></p>
        </header>
        <nav aria-label="Paths">
          <ul>${operations.map(({ method, path, operation }) =>
            html`
              <li><a href="#${idOf(method, path)}">${method.toUpperCase()} ${path}</a> ${operation
                .summary}</li>
            `
          )}</ul>
        </nav>
        <main>
    <h2 id="paths">Paths</h2>
    ${operations.map(({ method, path, operation }) => operationOf(method, path, operation))}
    <h2 id="schemas">Schemas</h2>
    ${Object.entries(components.schemas).map(([name, schema]) => schemaOf(name, schema))}
        </main>
      </body>
    </html>
  `;
  return String(page);
}

/** The style of the page, in the dashboard's colours. */
export const API_PAGE_STYLE = `
:root {
  color-scheme: light dark;
  background: light-dark(#f3f5f7, #0f1419);
  color: light-dark(#15202b, #e7ecf1);
}
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; }
a { color: light-dark(#0b57a4, #7dbcff); }
section { border-top: 1px solid light-dark(#cfd6dd, #35414d); padding: .75rem 0; }
h3, code { font-family: ui-monospace, monospace; overflow-wrap: anywhere; }
h3 { font-size: 1rem; margin: 0; }
p, ul { margin: .25rem 0; }
ul { padding-left: 1.25rem; }
nav a { font-family: ui-monospace, monospace; overflow-wrap: anywhere; }
.name { font-weight: 600; }
.type { color: light-dark(#4c5966, #a5b2bf); overflow-wrap: anywhere; }
:target { outline: 2px solid light-dark(#0b57a4, #7dbcff); outline-offset: .25rem; }
`;
