import assert from "node:assert/strict";
import { join } from "node:path";
import { ServiceClient } from "../../../lib/client/service_client.ts";
import type { SchedulerView } from "../../../lib/daemon/service_api.ts";
import { TOKEN } from "./fixture.ts";
import { askFrom, askUnix, listening, RawClient, TCP, until } from "./listening.ts";

function temporary(): string {
  return Deno.makeTempDirSync({ prefix: "mvgal-http-" });
}

/** A socket that a killed service left behind. */
function leaveSocket(path: string): void {
  const { success } = new Deno.Command(Deno.execPath(), {
    args: [
      "eval",
      `Deno.listen({ transport: "unix", path: ${
        JSON.stringify(path)
      } }); Deno.kill(Deno.pid, "SIGKILL");`,
    ],
  }).outputSync();
  assert.equal(success, false);
  assert.ok(Deno.lstatSync(path).isSocket);
}

Deno.test("openServer() answers on the socket and over TCP, and leaves nothing behind", async () => {
  const directory = temporary();
  {
    const it = await listening({ directory });
    assert.equal(it.server.url, `http://127.0.0.1:${it.port}`);
    assert.equal((await askUnix(it.path, "GET", "/healthz")).text, "ok\n");
    const response = await fetch(`${it.server.url}/healthz`);
    assert.equal(await response.text(), "ok\n");
    assert.deepEqual(it.logged, []);
    await it.server[Symbol.asyncDispose]();
  }
  assert.deepEqual([...Deno.readDirSync(directory)], []);
  Deno.removeSync(directory);
});

Deno.test("openServer() trusts those who may open the socket, and not those over TCP", async () => {
  await using it = await listening();
  const change = '{"strategy":"afr"}';
  assert.equal((await askUnix(it.path, "PUT", "/api/v1/scheduler", change)).status, 200);
  const put = (headers: Record<string, string>) =>
    fetch(`${it.server.url}/api/v1/scheduler`, {
      method: "PUT",
      body: change,
      headers: { "content-type": "application/json", ...headers },
    }).then(async (response) => {
      await response.body?.cancel();
      return response.status;
    });
  assert.equal(await put({}), 401);
  assert.equal(await put({ authorization: `Bearer ${TOKEN}` }), 200);
});

Deno.test("openServer() gives the socket its mode, whatever the umask", async () => {
  for (const mode of [0o660, 0o600]) {
    for (const umask of [0o077, 0o000]) {
      const before = Deno.umask(umask);
      const directory = temporary();
      try {
        const path = join(directory, "mvgal.sock");
        await using _it = await listening({ directory, unix: { path, mode, group: null } });
        assert.equal((Deno.statSync(path).mode ?? 0) & 0o777, mode);
        assert.equal(Deno.umask(), umask);
      } finally {
        Deno.umask(before);
      }
    }
  }
});

Deno.test("openServer() takes the place of a service that was killed, its leavings too", async () => {
  const directory = temporary();
  const path = join(directory, "mvgal.sock");
  leaveSocket(path);
  Deno.mkdirSync(`${path}.gate`);
  leaveSocket(join(`${path}.gate`, "http.sock"));
  await using it = await listening({ directory });
  assert.equal((await askUnix(it.path, "GET", "/healthz")).status, 200);
  assert.equal(await fetch(`${it.server.url}/healthz`).then((each) => each.text()), "ok\n");
  assert.deepEqual(it.logged, []);
});

Deno.test("openServer() leaves a service alone that is there, and its socket", async () => {
  await using first = await listening();
  await assert.rejects(
    listening({ directory: first.directory }),
    /mvgal\.sock: another service of mvgal is there$/,
  );
  assert.equal((await askUnix(first.path, "GET", "/healthz")).status, 200);
  assert.equal(await fetch(`${first.server.url}/healthz`).then((each) => each.text()), "ok\n");
});

Deno.test("openServer() leaves what is no socket, even at the end of a link", async () => {
  const directory = temporary();
  const path = join(directory, "mvgal.sock");
  Deno.writeTextFileSync(path, "kept");
  await assert.rejects(listening({ directory }), /mvgal\.sock is no socket: remove it/);
  assert.equal(Deno.readTextFileSync(path), "kept");
  Deno.renameSync(path, join(directory, "file"));
  Deno.symlinkSync(join(directory, "file"), path);
  await assert.rejects(listening({ directory }), /is no socket/);
  assert.equal(Deno.readTextFileSync(path), "kept");
  Deno.removeSync(directory, { recursive: true });
});

Deno.test("openServer() goes on at the socket where the port is taken, and says so", async () => {
  using other = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = other.addr;
  await using it = await listening({ tcp: { ...TCP, port } });
  assert.equal(it.server.url, undefined);
  assert.equal(it.server.connections, undefined);
  assert.deepEqual(it.logged, [
    `error: 127.0.0.1:${port}: the port is taken: set [http] listen to another`,
  ]);
  assert.equal((await askUnix(it.path, "GET", "/healthz")).status, 200);
  assert.deepEqual([...Deno.readDirSync(it.directory)].map(({ name }) => name), ["mvgal.sock"]);
  const told: string[] = [];
  await using second = await listening({
    tcp: { ...TCP, port },
    tcpFailed: (why) => void told.push(why),
  });
  assert.deepEqual(second.logged, [], "who is told has it in the log");
  assert.equal(told.length, 1);
});

Deno.test("openServer() ends the streams that are open, over TCP and on the socket", async () => {
  const it = await listening();
  using stream = await RawClient.to(it.port);
  await stream.say("GET /api/v1/events HTTP/1.1\r\nhost: localhost\r\n\r\n");
  await stream.hear("retry");
  const unix = await Deno.connect({ transport: "unix", path: it.path });
  await unix.write(new TextEncoder().encode("GET /api/v1/events HTTP/1.1\r\nhost: x\r\n\r\n"));
  await unix.read(new Uint8Array(1000));
  assert.equal(it.server.streams, 2);
  await it[Symbol.asyncDispose]();
  assert.equal(it.service.events.listeners, 0);
  assert.equal(it.server.streams, 0);
  unix.close();
});

Deno.test("openServer() counts the requests of each peer by themselves", async () => {
  await using it = await listening({ tcp: { ...TCP, ratePerSecond: 1 } });
  const statusFrom = async (address: string) =>
    (await askFrom(address, it.port)).slice("HTTP/1.1 ".length, "HTTP/1.1 200".length);
  // On as many connections as it likes.
  while (await statusFrom("127.0.0.1") !== "429");
  assert.equal(await statusFrom("127.0.0.2"), "200");
  // On the Unix socket nobody is counted.
  for (let i = 0; i < 3; i++) assert.equal((await askUnix(it.path, "GET", "/healthz")).status, 200);
});

Deno.test("openServer() keeps nothing for peers that are gone", async () => {
  await using it = await listening();
  const sockets = () => [...Deno.readDirSync(`${it.path}.gate`)].length;
  using stays = await RawClient.to(it.port);
  await stays.say("GET /api/v1/events HTTP/1.1\r\nhost: localhost\r\n\r\n");
  await stays.hear("retry");
  for (let i = 2; i < 10; i++) {
    assert.match(await askFrom(`127.0.0.${i}`, it.port), /^HTTP\/1\.1 200 /);
  }
  await until(() => sockets() === 1);
});

Deno.test("openServer() finishes at its end what is asked over the socket", async () => {
  const it = await listening();
  const { promise, resolve } = Promise.withResolvers<void>();
  const history = it.service.history.bind(it.service);
  let isAsked = false;
  it.service.history = async (query) => {
    isAsked = true;
    await promise;
    return await history(query);
  };
  const answer = askUnix(it.path, "GET", "/api/v1/history");
  await until(() => isAsked);
  const ending = it[Symbol.asyncDispose]();
  resolve();
  assert.equal((await answer).status, 200);
  await ending;
});

Deno.test("ServiceClient reads, changes, and does what needs no body", async () => {
  await using it = await listening({ tcp: null });
  const client = new ServiceClient(it.path);
  assert.equal((await client.get<SchedulerView>("/api/v1/scheduler")).strategy, "hybrid");
  const changed = await client.put<SchedulerView>("/api/v1/scheduler", { strategy: "sfr" });
  assert.equal(changed.strategy, "sfr");
  await client.post("/api/v1/stats/reset");
  await client.post("/api/v1/config/reload");
  await assert.rejects(client.get("/api/v1/gpus/9"), { status: 404, message: /no GPU 9/ });
  await assert.rejects(client.put("/api/v1/scheduler", { strategy: "?" }), { status: 400 });
  const absent = new ServiceClient(join(it.directory, "none"));
  await assert.rejects(absent.get("/"), { status: undefined, message: /does not answer/ });
});
