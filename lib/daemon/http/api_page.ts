/**
 * A page that shows the API's document, with no request to any other host.
 *
 * @module
 */

const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>mvgal: the API</title>
<link rel="icon" href="/icon.svg">
<link rel="stylesheet" href="/docs.css">
<script type="module" src="/docs.js"></script>
</head>
<body>
<main>
<h1>mvgal: the API</h1>
<p><a href="/">Dashboard</a> · <a href="/openapi.json">OpenAPI document</a> · <a href="/metrics">Metrics</a></p>
<div id="paths">Loading…</div>
</main>
</body>
</html>
`;

const style = `
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0; }
main { max-width: 60rem; margin: 0 auto; padding: 1rem; }
section { border-top: 1px solid; padding: .5rem 0; }
h2 { font: 600 1rem/1.5 ui-monospace, monospace; margin: 0; overflow-wrap: anywhere; }
p { margin: .25rem 0; }
pre { overflow: auto; padding: .5rem; border: 1px solid; margin: .25rem 0; }
`;

const script = `
const element = (name, text, ...children) => {
  const made = document.createElement(name);
  if (text) made.textContent = text;
  made.append(...children);
  return made;
};
const { paths, components } = await (await fetch("/openapi.json")).json();
const named = (schema) => schema?.$ref
  ? components.schemas[schema.$ref.split("/").at(-1)]
  : schema;
const list = document.querySelector("#paths");
list.replaceChildren();
for (const [path, methods] of Object.entries(paths)) {
  for (const [method, route] of Object.entries(methods)) {
    const section = element("section", "", element("h2", method.toUpperCase() + " " + path),
      element("p", route.summary));
    for (const { name, in: place, required, schema, description } of route.parameters ?? []) {
      const about = description ?? named(schema)?.description ?? "";
      section.append(element("p", name + " (" + place + (required ? ", required" : "") + ") " + about));
    }
    const body = route.requestBody?.content["application/json"]?.schema;
    if (body) section.append(element("p", "Body:"), element("pre", JSON.stringify(named(body), null, 1)));
    list.append(section);
  }
}
`;

/** The page, its style and its script. */
export const API_PAGE = { html, style, script } as const;
