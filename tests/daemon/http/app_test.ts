import assert from "node:assert/strict";
import { SECURITY_HEADERS } from "../../../lib/daemon/http/access.ts";
import { gpuView, schedulerView, statsView } from "../../../lib/daemon/http/schemas/answers.ts";
import type {
  BenchRunView,
  ControlPlanView,
  SchedulerView,
} from "../../../lib/daemon/service_api.ts";
import { idOf } from "../gpus.ts";
import { documentOf, fixture, problemOf } from "./fixture.ts";

const API = "/api/v1";
const JSON_TYPE = { "content-type": "application/json" };
const NO_RUN = "00000000-0000-4000-8000-000000000000";

const READS = [
  "/gpus",
  "/gpus/0",
  "/stats",
  "/inventory",
  "/status",
  "/topology",
  "/processes",
  "/sessions",
  "/health",
  "/power",
  "/history",
  "/logs",
  "/scheduler",
  "/config",
  "/control",
  "/control/0",
  "/bench",
];

for (const path of READS) {
  Deno.test(`createApp() answers GET ${path} with JSON`, async () => {
    const { ask, logged } = fixture();
    const response = await ask("GET", API + path);
    assert.equal(response.headers.get("cache-control"), "no-store");
    await documentOf(response);
    assert.deepEqual(logged, []);
  });

  Deno.test(`createApp() answers HEAD ${path} without a body, and no other method without a route`, async () => {
    const { ask } = fixture();
    const head = await ask("HEAD", API + path);
    assert.equal(head.status, 200);
    assert.equal(await head.text(), "");
    const refused = await ask("PATCH", API + path);
    const allowed = refused.headers.get("allow") ?? "";
    await problemOf(refused, 405);
    assert.ok(allowed.split(", ").includes("GET") && allowed.includes("HEAD"), allowed);
  });
}

Deno.test("createApp() answers with GPUs, stats and the scheduler as their schemas say", async () => {
  const { ask } = fixture();
  const listed = await documentOf<unknown[]>(await ask("GET", `${API}/gpus`));
  assert.equal(listed.length, 8);
  for (const gpu of listed) gpuView.parse(gpu);
  statsView.parse(await documentOf(await ask("GET", `${API}/stats`)));
  schedulerView.parse(await documentOf(await ask("GET", `${API}/scheduler`)));
});

Deno.test("createApp() finds a GPU by id, by index, and by its id in percent signs", async () => {
  const { ask } = fixture();
  for (const name of [idOf(3), "3", encodeURIComponent(idOf(3))]) {
    const gpu = await documentOf<{ id: string }>(await ask("GET", `${API}/gpus/${name}`));
    assert.equal(gpu.id, idOf(3));
  }
});

Deno.test("createApp() answers 404 for a GPU, a run, and a path that there is not", async () => {
  const { ask } = fixture();
  const { detail } = await problemOf(await ask("GET", `${API}/gpus/9`), 404);
  assert.match(detail, /no GPU 9: there are 0 \(pci:/);
  await problemOf(await ask("GET", `${API}/control/pci:none`), 404);
  await problemOf(await ask("GET", `${API}/processes?gpu=9`), 404);
  await problemOf(await ask("GET", `${API}/bench/${NO_RUN}`), 404);
  await problemOf(await ask("DELETE", `${API}/bench/${NO_RUN}`), 404);
  await problemOf(await ask("POST", `${API}/control/0/power/confirm`), 404);
  await problemOf(await ask("GET", `${API}/nothing`), 404);
  await problemOf(await ask("GET", "/../../etc/passwd"), 404);
  await problemOf(await ask("GET", "/%2e%2e/%2e%2e/etc/passwd"), 404);
  await problemOf(await ask("GET", `${API}/gpus/%zz`), 404);
});

Deno.test("createApp() names the methods of a path in Allow", async () => {
  const { ask } = fixture();
  for (
    const [method, path, allowed] of [
      ["DELETE", "/scheduler", "GET, HEAD, PUT"],
      ["GET", "/stats/reset", "POST"],
      ["POST", "/gpus/0", "GET, HEAD"],
      ["PUT", `/bench/${NO_RUN}`, "DELETE, GET, HEAD"],
      ["GET", "/control/0/power/confirm", "POST"],
    ] as const
  ) {
    const response = await ask(method, API + path);
    assert.equal(response.headers.get("allow"), allowed);
    await problemOf(response, 405);
  }
});

Deno.test("createApp() lists the programs of one GPU", async () => {
  const { ask } = fixture();
  type Answer = { processes: { gpu: string }[]; partial: null };
  const all = await documentOf<Answer>(await ask("GET", `${API}/processes`));
  assert.equal(all.processes.length, 500);
  assert.equal(all.partial, null);
  const some = await documentOf<Answer>(await ask("GET", `${API}/processes?gpu=2`));
  assert.equal(some.processes.length, 63);
  assert.ok(some.processes.every(({ gpu }) => gpu === idOf(2)));
});

Deno.test("createApp() answers before the first look, with what is not known", async () => {
  const { ask, service } = fixture();
  service.forget();
  assert.deepEqual(await documentOf(await ask("GET", `${API}/gpus`)), []);
  assert.equal(await documentOf(await ask("GET", `${API}/status`)), null);
  const stats = await documentOf(await ask("GET", `${API}/stats`));
  assert.equal(stats["total_power_w"], null);
  await problemOf(await ask("GET", `${API}/gpus/0`), 404);
});

Deno.test("createApp() hands what the history is asked on, lists and times read", async () => {
  const { ask, service } = fixture();
  const query = "gpu=0,1&metric=power_w&from=2026-01-01T00:00:00Z&to=1767229200000&step_s=10";
  await documentOf(await ask("GET", `${API}/history?${query}`));
  assert.deepEqual(service.asked.at(-1)?.argument, {
    gpus: ["0", "1"],
    metrics: ["power_w"],
    from: Date.UTC(2026, 0, 1),
    to: 1767229200000,
    step_s: 10,
  });
});

Deno.test("createApp() takes an empty list for one that is absent", async () => {
  const { ask, service } = fixture();
  await documentOf(await ask("GET", `${API}/history?gpu=&metric=,`));
  assert.deepEqual(service.asked.at(-1)?.argument, { gpus: undefined, metrics: undefined });
});

for (
  const [query, pointer] of [
    ["history?from=yesterday", "/from"],
    ["history?step_s=0", "/step_s"],
    ["history?step_s=1e3", "/step_s"],
    ["history?gpu=0&gpu=1", "/gpu"],
    [`history?metric=${"x".repeat(101)}`, "/metric/0"],
    ["logs?level=loud", "/level"],
    ["logs?limit=1001", "/limit"],
    ["logs?limit=-1", "/limit"],
    ["events?kinds=sample,sampel", "/kinds/1"],
  ] as const
) {
  Deno.test(`createApp() refuses ${query.slice(0, 40)}, and points at ${pointer}`, async () => {
    const { ask, service } = fixture();
    const { errors, detail } = await problemOf(await ask("GET", `${API}/${query}`), 400);
    assert.deepEqual(errors?.map((each) => each.pointer), [pointer]);
    assert.ok(detail.includes(pointer));
    assert.deepEqual(service.asked, []);
  });
}

for (
  const [method, path, body, pointers] of [
    ["PUT", "/scheduler", { strategy: "fastest" }, ["/strategy"]],
    ["PUT", "/scheduler", { stratgy: "afr" }, ["/"]],
    ["PUT", "/scheduler", { gpus: [{ id: "0" }, { priority: 101 }] }, [
      "/gpus/1/id",
      "/gpus/1/priority",
    ]],
    ["PUT", "/scheduler", [], ["/"]],
    ["PUT", "/scheduler", null, ["/"]],
    ["POST", "/control/plan", { gpu: "0", group: "power", values: { "a/b~c": true } }, [
      "/values/a~1b~0c",
    ]],
    ["POST", "/control/plan", { gpu: "", group: "voltage", values: {} }, ["/gpu", "/group"]],
    ["POST", "/control/apply", { token: "no" }, ["/token"]],
    ["POST", "/control/apply", { token: NO_RUN, seconds: 0 }, ["/seconds"]],
    ["POST", "/control/0/voltage/confirm", undefined, ["/group"]],
    ["POST", "/bench", { quick: "yes" }, ["/quick"]],
    ["DELETE", "/bench/1", undefined, ["/run"]],
  ] as const
) {
  Deno.test(`createApp() refuses ${method} ${path} with ${JSON.stringify(body)}`, async () => {
    const { ask, service } = fixture();
    const { errors } = await problemOf(await ask(method, API + path, body), 400);
    assert.deepEqual(errors?.map((each) => each.pointer), pointers);
    assert.deepEqual(service.asked, []);
  });
}

Deno.test("createApp() changes the scheduler, and leaves what is absent", async () => {
  const { ask } = fixture();
  const body = { gpus: [{ id: "1", enabled: false }, { id: idOf(2), priority: 90 }] };
  const after = await documentOf<SchedulerView>(await ask("PUT", `${API}/scheduler`, body));
  assert.equal(after.strategy, "hybrid");
  assert.deepEqual([after.gpus[1]?.enabled, after.gpus[2]?.priority], [false, 90]);
  const gpu = await documentOf(await ask("GET", `${API}/gpus/1`));
  assert.equal(gpu["enabled"], false);
  await problemOf(await ask("PUT", `${API}/scheduler`, { gpus: [{ id: "8" }] }), 404);
});

Deno.test("createApp() plans, applies, confirms and reverts a change of settings", async () => {
  const { ask, service } = fixture();
  const body = { gpu: "1", group: "power", values: { power_cap_w: 200, other: null } };
  const { token } = await documentOf<ControlPlanView>(
    await ask("POST", `${API}/control/plan`, body),
  );
  assert.deepEqual(service.asked.at(-1)?.argument, body);
  await documentOf(await ask("POST", `${API}/control/apply`, { token, seconds: 60 }));
  assert.deepEqual(service.asked.at(-1)?.argument, { token, seconds: 60 });
  await problemOf(await ask("POST", `${API}/control/apply`, { token }), 409);
  for (const [action, state] of [["confirm", "confirmed"], ["revert", "reverted"]] as const) {
    const path = `${API}/control/${encodeURIComponent(idOf(1))}/power/${action}`;
    assert.equal((await documentOf(await ask("POST", path)))["state"], state);
  }
  assert.equal((await documentOf<unknown[]>(await ask("GET", `${API}/control`))).length, 1);
  await problemOf(await ask("POST", `${API}/control/plan`, { ...body, group: "fan" }), 422);
});

Deno.test("createApp() starts, lists, ends and reports a benchmark run", async () => {
  const { ask } = fixture();
  const { id } = await documentOf<BenchRunView>(await ask("POST", `${API}/bench`, { quick: true }));
  await problemOf(await ask("POST", `${API}/bench`, {}), 409);
  await problemOf(await ask("GET", `${API}/bench/${id}`), 409);
  assert.equal((await documentOf<unknown[]>(await ask("GET", `${API}/bench`))).length, 1);
  const ended = await documentOf(await ask("DELETE", `${API}/bench/${id}`));
  assert.equal(ended["state"], "cancelled");
  const report = await documentOf(await ask("GET", `${API}/bench/${id}`));
  assert.equal(report["schema"], "mvgal.bench/1");
});

Deno.test("createApp() reloads and resets without a body", async () => {
  const { ask, service } = fixture();
  await documentOf(await ask("POST", `${API}/config/reload`));
  await documentOf(await ask("POST", `${API}/stats/reset`));
  assert.deepEqual(service.asked.map(({ method }) => method), ["reload", "resetStats"]);
});

Deno.test("createApp() says whether the service lives and samples", async () => {
  const { ask, service } = fixture();
  assert.equal((await ask("GET", "/healthz")).status, 200);
  assert.equal((await ask("GET", "/readyz")).status, 200);
  service.ready = false;
  assert.equal((await ask("GET", "/healthz")).status, 200);
  await problemOf(await ask("GET", "/readyz"), 503);
});

Deno.test("createApp() refuses a body that is no JSON, or none where one is needed", async () => {
  const { app, service } = fixture();
  const put = (body: BodyInit | null, headers: Record<string, string> = JSON_TYPE) =>
    app(new Request(`http://localhost${API}/scheduler`, { method: "PUT", body, headers }), {
      address: undefined,
    });
  await problemOf(await put("{"), 400);
  await problemOf(await put(""), 400);
  await problemOf(await put(null, {}), 400);
  await problemOf(await put("{}", { "content-type": "text/plain" }), 415);
  await problemOf(await put("{}", { "content-type": "application/jsonx" }), 415);
  await problemOf(await put("{}", { "content-type": "application/a+b+json" }), 415);
  await problemOf(await put("a=b", { "content-type": "application/x-www-form-urlencoded" }), 415);
  await problemOf(await put(new TextEncoder().encode("{}"), {}), 415);
  assert.deepEqual(service.asked, []);
  assert.equal(
    (await put("{}", { "content-type": "application/json; charset=utf-8" })).status,
    200,
  );
});

Deno.test("createApp() refuses a body above the limit, with and without its length", async () => {
  const { app, service } = fixture({ bodyLimit: 100 });
  const put = (body: BodyInit, headers: Record<string, string> = {}) =>
    app(
      new Request(`http://localhost${API}/scheduler`, {
        method: "PUT",
        body,
        headers: { ...JSON_TYPE, ...headers },
      }),
      { address: undefined },
    );
  const padded = (length: number) => "{}".padEnd(length, " ");
  await problemOf(await put(padded(101), { "content-length": "101" }), 413);
  const chunked = (length: number) => new Blob([padded(length)]).stream();
  await problemOf(await put(chunked(101)), 413);
  assert.deepEqual(service.asked, []);
  await documentOf(await put(chunked(100)));
});

Deno.test("createApp() reads no more of a body than its limit", async () => {
  const { app } = fixture({ bodyLimit: 100 });
  let given = 0;
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      given += 64;
      controller.enqueue(new Uint8Array(64).fill(32));
    },
  });
  const request = new Request(`http://localhost${API}/scheduler`, {
    method: "PUT",
    body: endless,
    headers: JSON_TYPE,
  });
  await problemOf(await app(request, { address: undefined }), 413);
  assert.ok(given < 1000, `${given}`);
});

Deno.test("createApp() answers 500 for what should not happen, logs it, and tells nothing of it", async () => {
  const { ask, service, logged } = fixture();
  for (const error of [new Error("secret\nplace"), new SyntaxError("secret"), "secret"]) {
    service.fails = error;
    const { detail } = await problemOf(await ask("GET", `${API}/logs`), 500);
    assert.ok(!detail.includes("secret"));
    assert.match(logged.pop() ?? "", /^error: a request failed: .*secret/);
  }
});

Deno.test("createApp() gives every answer the headers that hold browsers back", async () => {
  const { ask, service } = fixture();
  const answers = [
    await ask("GET", `${API}/gpus`),
    await ask("GET", "/nothing"),
    await ask("GET", "/docs"),
    await ask("GET", API),
    await ask("PUT", `${API}/scheduler`, "no"),
  ];
  service.fails = new Error("no");
  answers.push(await ask("GET", `${API}/logs`));
  for (const response of answers) {
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) {
      assert.equal(response.headers.get(name), value);
    }
    assert.equal(response.headers.get("access-control-allow-origin"), null);
    await response.body?.cancel();
  }
});

Deno.test("createApp() serves assets by their path alone, and not again what the client has", async () => {
  const asked: string[] = [];
  const { app, ask } = fixture({
    assets: (path) => {
      asked.push(path);
      return path === "/"
        ? { body: new TextEncoder().encode("<p>"), type: "text/html", etag: '"1"' }
        : undefined;
    },
  });
  const page = await ask("GET", "/");
  assert.equal(await page.text(), "<p>");
  assert.equal(page.headers.get("content-type"), "text/html");
  const again = await app(
    new Request("http://localhost/", { headers: { "if-none-match": '"1"' } }),
    { address: undefined },
  );
  assert.equal(again.status, 304);
  await problemOf(await ask("GET", "/a/../b"), 404);
  await problemOf(await ask("POST", "/"), 404);
  assert.deepEqual(asked, ["/", "/", "/b"]);
});

Deno.test("createApp() shows the API on a page that asks no other host", async () => {
  const { ask } = fixture();
  for (
    const [path, type] of [
      ["/docs", "text/html; charset=utf-8"],
      ["/docs.css", "text/css"],
    ] as const
  ) {
    const response = await ask("GET", path);
    assert.equal(response.headers.get("content-type"), type);
    assert.doesNotMatch(await response.text(), /https?:\/\//);
  }
  assert.equal((await ask("GET", API)).headers.get("location"), "/docs");
});
