import assert from "node:assert/strict";
import { request } from "node:https";
import { join } from "node:path";
import { Gate } from "../../../lib/daemon/http/gate.ts";
import { TlsServer } from "../../../lib/daemon/http/tls.ts";
import { ServiceProcess, whyNoService } from "../service_process.ts";
import { makeCertificate, whyNoCertificate } from "./certificate.ts";
import { askUnix, type Listening, listening, RawClient, TCP, until } from "./listening.ts";
import { freePort } from "./prometheus.ts";

const SYSROOT = join(
  import.meta.dirname ?? ".",
  ...["..", "..", "fixtures", "sysroots", "rx7900xtx"],
);

const NO_CERTIFICATE = whyNoCertificate();

/** A test with a directory of its own. */
function tlsTest(
  name: string,
  run: (directory: string) => Promise<void>,
  skip: string | undefined = NO_CERTIFICATE,
): void {
  Deno.test({
    name: skip === undefined ? name : `${name} (skipped: ${skip})`,
    ignore: skip !== undefined,
    async fn() {
      const directory = Deno.makeTempDirSync({ prefix: "mvgal-tls-" });
      try {
        await run(directory);
      } finally {
        Deno.removeSync(directory, { recursive: true });
      }
    },
  });
}

/** The API over TLS, with a certificate. */
async function overTls(
  directory: string,
  limits: NonNullable<typeof TCP.limits> = {},
): Promise<Listening & { cert: string }> {
  const tls = makeCertificate(directory);
  return Object.assign(await listening({ tcp: { ...TCP, tls, limits } }), { cert: tls.cert });
}

/** Asks over TLS, trusting one certificate. */
function ask(port: number, ca: string, path = "/healthz"): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  request({ host: "localhost", port, path, ca, agent: false }, (response) => {
    let text = "";
    response.on("data", (chunk) => text += chunk);
    response.on("end", () => resolve(text));
  }).on("error", reject).end();
  return promise;
}

function descriptors(): number {
  return [...Deno.readDirSync("/proc/self/fd")].length;
}

tlsTest("openServer() answers over TLS, short and long", async (directory) => {
  await using it = await overTls(directory);
  assert.match(it.server.url ?? "", /^https:/);
  assert.equal(await ask(it.port, it.cert), "ok\n");
  const document = JSON.parse(await ask(it.port, it.cert, "/openapi.json"));
  assert.equal(document.info.title, "mvgal");
});

tlsTest("openServer() answers several requests on one connection of TLS", async (directory) => {
  await using it = await overTls(directory);
  using client = await Deno.connectTls({
    hostname: "localhost",
    port: it.port,
    caCerts: [it.cert],
    alpnProtocols: ["h2", "http/1.1"],
  });
  // HTTP/2 is behind no gate.
  assert.equal((await client.handshake()).alpnProtocol, "http/1.1");
  for (let i = 0; i < 3; i++) {
    await client.write(
      new TextEncoder().encode("GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n"),
    );
    const buffer = new Uint8Array(4096), decoder = new TextDecoder();
    let text = "";
    while (!text.endsWith("ok\n")) {
      text += decoder.decode(buffer.subarray(0, await client.read(buffer) ?? assert.fail(text)));
    }
    assert.match(text, /^HTTP\/1\.1 200 /);
  }
});

tlsTest("openServer() holds a TLS client to its request that speaks no HTTP", async (directory) => {
  await using it = await overTls(directory, { headerMs: 300 });
  using client = await Deno.connectTls({
    hostname: "localhost",
    port: it.port,
    caCerts: [it.cert],
  });
  await client.handshake();
  await client.write(new TextEncoder().encode("GET / HTTP/1.1\r\nx-"));
  const heard = await client.read(new Uint8Array(100)).catch(() => null);
  assert.equal(heard, null);
  await until(() => it.server.connections?.open === 0);
});

tlsTest("openServer() gives back what handshakes took that do not go on", async (directory) => {
  await using it = await overTls(directory, { connections: 8, connectionsOfOne: 8, headerMs: 300 });
  const before = descriptors();
  const clients: RawClient[] = [];
  // The beginning of a handshake (RFC 8446, section 5.1), or of nothing.
  for (let i = 0; i < 8; i++) {
    const client = await RawClient.to(it.port);
    if (i % 2 === 0) await client.say(new Uint8Array([22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3]));
    clients.push(client);
  }
  await until(() => it.server.connections?.open === 8);
  using ninth = await RawClient.to(it.port);
  assert.ok(!await ninth.hear());
  for (const client of clients) assert.ok(!await client.hear());
  await until(() => it.server.connections?.open === 0);
  // Those of the clients, which are open yet, and none else.
  assert.ok(descriptors() <= before + 9, `${descriptors() - before}`);
  assert.equal(await ask(it.port, it.cert), "ok\n");
  for (const client of clients) client[Symbol.dispose]();
});

tlsTest(
  "openServer() closes those that speak no TLS, and answers the others",
  async (directory) => {
    await using it = await overTls(directory);
    using plain = await RawClient.to(it.port);
    await plain.say("GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n");
    assert.doesNotMatch(await plain.hear() ?? "", /HTTP/);
    await until(() => it.server.connections?.open === 0);
    assert.equal(await ask(it.port, it.cert), "ok\n");
    assert.deepEqual(it.logged, []);
  },
);

tlsTest("openServer() cuts a listener over TLS off that reads nothing", async (directory) => {
  await using it = await overTls(directory);
  using client = await Deno.connectTls({
    hostname: "localhost",
    port: it.port,
    caCerts: [it.cert],
  });
  await client.write(
    new TextEncoder().encode("GET /api/v1/events HTTP/1.1\r\nhost: localhost\r\n\r\n"),
  );
  await until(() => it.server.streams === 1);
  while (it.server.streams > 0) {
    for (let i = 0; i < 50; i++) it.service.tick();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  assert.equal(it.service.events.listeners, 0);
});

tlsTest(
  "Server.renew() takes another certificate, and keeps the one before where it is none",
  async (directory) => {
    await using it = await overTls(directory);
    const other = makeCertificate(directory);
    await assert.rejects(ask(it.port, other.cert));
    it.server.renew(other);
    assert.equal(await ask(it.port, other.cert), "ok\n");
    assert.throws(
      () => it.server.renew({ ...other, cert: "no" }),
      /^Error: the TLS certificate is/,
    );
    assert.throws(() => it.server.renew({ ...other, key: "no" }), /^Error: the TLS key is none/);
    const { key } = makeCertificate(directory);
    assert.throws(() => it.server.renew({ ...other, key }), /not that of the certificate/);
    assert.equal(await ask(it.port, other.cert), "ok\n");
  },
);

tlsTest(
  "the service takes the certificate that its files have when it reloads",
  async (directory) => {
    const port = freePort(), first = makeCertificate(directory);
    const file = (name: string) => join(directory, `${name}.pem`);
    await using service = await ServiceProcess.start({
      directory,
      sysroot: SYSROOT,
      config: `[http]\nlisten = 127.0.0.1:${port}\ntls_certificate = ${file("cert")}\n` +
        `tls_key = ${file("key")}\n`,
    });
    assert.equal(await ask(port, first.cert), "ok\n");
    const second = makeCertificate(directory);
    await service.client.post("/api/v1/config/reload");
    assert.equal(await ask(port, second.cert), "ok\n");
    Deno.writeTextFileSync(file("key"), "no");
    await service.client.post("/api/v1/config/reload");
    assert.equal(await ask(port, second.cert), "ok\n");
    assert.match(service.log(), /the TLS certificate before stays: the TLS key is none in PEM/);
  },
  NO_CERTIFICATE ?? whyNoService(),
);

tlsTest(
  "Gate lets no piece of an answer wait for the client, with TLS or without",
  async (directory) => {
    const tls = new TlsServer(makeCertificate(directory));
    for (const secure of [undefined, (connection: Deno.Conn) => tls.secure(connection)]) {
      const told: boolean[] = [];
      const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      const accept = listener.accept.bind(listener);
      listener.accept = async () => {
        const connection = await accept();
        connection.setNoDelay = (on = true) => void told.push(on);
        return connection;
      };
      await using _gate = new Gate({
        listener,
        connect: () => Promise.reject(new Error("none")),
        secure,
      });
      using client = await RawClient.to(listener.addr.port);
      await client.say("GET / HTTP/1.1\r\n\r\n");
      await client.hear();
      assert.deepEqual(told, [true]);
    }
  },
);

Deno.test("openServer() goes on at the socket where the certificate is none", async () => {
  const tls = { cert: "no", key: "no" };
  await using it = await listening({ tcp: { ...TCP, tls } });
  assert.equal(it.server.url, undefined);
  assert.deepEqual(it.logged, [
    "error: 127.0.0.1:0: the TLS certificate is none in PEM: see [http] tls_certificate and tls_key",
  ]);
  assert.equal((await askUnix(it.path, "GET", "/healthz")).status, 200);
});
