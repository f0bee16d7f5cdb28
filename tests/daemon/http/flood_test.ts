/** What becomes of the service when very many connect to it. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { FROM_SOURCES, ServiceProcess, whyNoService } from "../service_process.ts";
import { askUnix, until } from "./listening.ts";
import { freePort } from "./prometheus.ts";

const SYSROOT = join(
  import.meta.dirname ?? ".",
  ...["..", "..", "fixtures", "sysroots", "rx7900xtx"],
);

/** Connections of an attacker. */
const MANY = 10_000;

/** How many files this process may open (proc_pid_limits(5)); Deno has raised it as far as it goes. */
function openFilesLimit(): number {
  const text = Deno.readTextFileSync("/proc/self/limits");
  return Number(/^Max open files +(\d+)/m.exec(text)?.[1] ?? 0);
}

/** A test with a service that may open so many files; skipped where this process may not open as many. */
function floodTest(
  name: string,
  { needed, files }: { needed: number; files?: number },
  run: (service: ServiceProcess, port: number) => Promise<void>,
): void {
  const limit = openFilesLimit();
  const skip = whyNoService() ??
    (limit < needed ? `ulimit -n is ${limit}, and ${needed} are needed` : undefined);
  Deno.test({
    name: skip === undefined ? name : `${name} (skipped: ${skip})`,
    ignore: skip !== undefined,
    async fn() {
      const directory = Deno.makeTempDirSync({ prefix: "mvgal-flood-" });
      try {
        const port = freePort();
        await using service = await ServiceProcess.start({
          directory,
          sysroot: SYSROOT,
          config: `[http]\nlisten = 127.0.0.1:${port}\n`,
          ...(files !== undefined && {
            mvgal: ["sh", "-c", `ulimit -n ${files} && exec "$@"`, "sh", ...FROM_SOURCES],
          }),
        });
        await run(service, port);
      } finally {
        Deno.removeSync(directory, { recursive: true });
      }
    },
  });
}

/** Connections that say nothing, or half a request. */
class Flood implements Disposable {
  readonly #connections: Deno.Conn[] = [];

  /** Opens more of them; false where some could not be. */
  async grow(connect: () => Promise<Deno.Conn>, count: number): Promise<boolean> {
    const half = new TextEncoder().encode("GET /healthz HTTP/1.1\r\nhost: local");
    const tried = await Promise.allSettled(Array.from({ length: count }, connect));
    const opened = tried.flatMap((each) => each.status === "fulfilled" ? [each.value] : []);
    this.#connections.push(...opened);
    const said = opened.filter((_, i) => i % 2 === 0).map((each) => each.write(half));
    await Promise.allSettled(said);
    return opened.length === count;
  }

  [Symbol.dispose](): void {
    for (const connection of this.#connections.splice(0)) connection.close();
  }
}

async function isAnswered(ask: () => Promise<number>): Promise<boolean> {
  try {
    return await ask() === 200;
  } catch {
    return false;
  }
}

async function askTcp(port: number): Promise<number> {
  const client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  try {
    const response = await fetch(`http://127.0.0.1:${port}/healthz`, { client });
    await response.body?.cancel();
    return response.status;
  } finally {
    client.close();
  }
}

async function askSocket({ socket }: ServiceProcess): Promise<number> {
  return (await askUnix(socket, "GET", "/api/v1/status")).status;
}

function descriptors({ pid }: ServiceProcess): number {
  return [...Deno.readDirSync(`/proc/${pid}/fd`)].length;
}

floodTest(
  "the service outlives 10,000 connections, and answers on the socket meanwhile",
  { needed: MANY + 1000 },
  async (service, port) => {
    assert.equal(await askTcp(port), 200);
    const before = descriptors(service), begin = performance.now();
    using flood = new Flood();
    for (let i = 0; i < MANY / 500; i++) {
      assert.ok(await flood.grow(() => Deno.connect({ hostname: "127.0.0.1", port }), 500));
      assert.equal(await askSocket(service), 200);
    }
    const seconds = (performance.now() - begin) / 1000;
    const lines = service.log().split("\n").filter((line) => line.includes("turned away"));
    assert.ok(lines.length >= 1 && lines.length <= 1 + seconds, lines.join("\n"));
    flood[Symbol.dispose]();
    await until(() => isAnswered(() => askTcp(port)));
    await until(() => descriptors(service) <= before);
  },
);

floodTest(
  "the service keeps descriptors for the socket where it may open few files",
  { needed: 2000, files: 300 },
  async (service, port) => {
    assert.match(service.log(), /43 connections over TCP, not 256: there are descriptors/);
    using flood = new Flood();
    for (let i = 0; i < 4; i++) {
      await flood.grow(() => Deno.connect({ hostname: "127.0.0.1", port }), 250);
      assert.equal(await askSocket(service), 200);
    }
    assert.ok(descriptors(service) < 300 - 64, `${descriptors(service)}`);
    flood[Symbol.dispose]();
    await until(() => isAnswered(() => askTcp(port)));
  },
);

floodTest(
  "the service listens again after clients of the socket have taken all descriptors",
  { needed: 2000, files: 300 },
  async (service) => {
    const path = service.socket;
    {
      using flood = new Flood();
      const connect = () => Deno.connect({ transport: "unix", path });
      // From some connection on the socket is gone for a while.
      while (await flood.grow(connect, 20));
      await until(() => service.log().includes("no connection could be taken"));
    }
    await until(() => isAnswered(() => askSocket(service)));
    assert.equal((Deno.statSync(path).mode ?? 0) & 0o777, 0o660);
  },
);
