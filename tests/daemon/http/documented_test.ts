import assert from "node:assert/strict";
import { EVENT_KINDS } from "../../../lib/daemon/service_api.ts";
import type { BenchRunView, ControlPlanView } from "../../../lib/daemon/service_api.ts";
import { FullService } from "../full_service.ts";
import { type ApiDocument, Documented, type Schema } from "./documented.ts";
import { documentOf, type Fixture, fixture } from "./fixture.ts";
import { messages } from "./messages.ts";

const API = "/api/v1";

async function documented({ ask }: Pick<Fixture, "ask">): Promise<Documented> {
  return new Documented(await documentOf<ApiDocument>(await ask("GET", "/openapi.json")));
}

Deno.test("every route answers as its document says, and with nothing else", async () => {
  const { ask } = fixture({ service: new FullService() });
  const api = await documented({ ask });
  const check = async (method: string, path: string, body?: unknown) =>
    await api.answer(method, API + path, await ask(method, API + path, body));
  for (
    const path of [
      "gpus",
      "gpus/0",
      "stats",
      "inventory",
      "status",
      "topology",
      "processes",
      "processes?gpu=0",
      "sessions",
      "health",
      "power",
      "history?gpu=0",
      "logs",
      "scheduler",
      "config",
      "control/0",
    ]
  ) await check("GET", `/${path}`);
  await check("PUT", "/scheduler", { strategy: "afr", gpus: [{ id: "0", priority: 60 }] });
  await check("POST", "/stats/reset");
  await check("POST", "/config/reload");
  const wanted = { gpu: "0", group: "power", values: { power_cap_w: null } };
  const { token } = await check("POST", "/control/plan", wanted) as ControlPlanView;
  await check("POST", "/control/apply", { token, seconds: 60 });
  await check("GET", "/control");
  for (const end of ["confirm", "revert"]) await check("POST", `/control/0/power/${end}`);
  const { id } = await check("POST", "/bench", {}) as BenchRunView;
  await check("GET", "/bench");
  await check("DELETE", `/bench/${id}`);
  await check("GET", `/bench/${id}`);
  // The stream is no JSON: see below.
  const rest = api.operations().filter((each) => !api.answered.has(each));
  assert.deepEqual(rest, [`GET ${API}/events`]);
});

Deno.test("what is answered before the first look, and to bad requests, is documented", async () => {
  const service = new FullService();
  const { ask } = fixture({ service });
  const api = await documented({ ask });
  service.forget();
  for (const path of ["gpus", "stats", "status", "processes", "health"]) {
    await api.answer("GET", `${API}/${path}`, await ask("GET", `${API}/${path}`));
  }
  const refused: [string, string, unknown][] = [
    ["GET", "/gpus/9", undefined],
    ["GET", "/history?from=yesterday", undefined],
    ["GET", "/events?kinds=sampel", undefined],
    ["PUT", "/scheduler", { strategy: "fastest" }],
    ["POST", "/control/plan", { gpu: "0", group: "fan", values: {} }],
  ];
  for (const [method, path, body] of refused) {
    const response = await ask(method, API + path, body);
    assert.ok(response.status >= 400);
    await api.answer(method, API + path, response);
  }
});

Deno.test("events of every kind are as documented, the gap included", async () => {
  const service = new FullService();
  const { app, ask } = fixture({ service });
  const api = await documented({ ask });
  assert.deepEqual([...api.events().keys()], [...EVENT_KINDS, "gap"]);
  const docs = Deno.readTextFileSync(new URL("../../../docs/http.md", import.meta.url));
  for (const [kind, name] of api.events()) {
    assert.match(docs, new RegExp(`^\\| \`${kind}\` .*\\| \`${name}\` `, "m"));
  }
  await ask("POST", `${API}/bench`, {});
  service.publishAll();
  const back = new Request(`http://localhost${API}/events`, {
    headers: { "last-event-id": "before-1" },
  });
  const response = await app(back, { address: undefined });
  // One sample is of its start.
  for (const message of await messages(response, EVENT_KINDS.length + 2)) api.event(message);
  assert.deepEqual(api.happened, new Set([...EVENT_KINDS, "gap"]));
});

Deno.test("the API's document tells what every field is, and makes no named schema null", async () => {
  const { ask } = fixture();
  const { document } = await documented({ ask });
  const silent: string[] = [];
  const look = (value: unknown, at: string) => {
    if (typeof value !== "object" || value === null) return;
    const { $ref, allOf, description } = value as Schema;
    // Fields of objects, and the parameters of paths by their place in the list.
    const isProperty = /\/properties\/[^/]+$|\/parameters\/\d+$/.test(at);
    const says = $ref ?? allOf ?? description;
    if (isProperty && says === undefined) silent.push(at);
    for (const [key, each] of Object.entries(value)) look(each, `${at}/${key}`);
  };
  look(document.components.schemas, "");
  look(document.paths, "");
  assert.deepEqual(silent, []);
  for (const [name, { type, description }] of Object.entries(document.components.schemas)) {
    assert.ok(!Array.isArray(type), `${name} may be null everywhere`);
    assert.ok(description, `${name} has no description`);
  }
});
