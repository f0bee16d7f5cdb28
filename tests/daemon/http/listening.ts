/**
 * The API on real sockets, and clients that speak byte by byte.
 *
 * @module
 */

import { request } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import {
  openServer,
  type Server,
  type ServerOptions,
  type TcpListener,
} from "../../../lib/daemon/http/server.ts";
import { FakeService } from "../fake_service.ts";
import { TOKEN } from "./fixture.ts";

/** Where TCP is opened, unless a test says otherwise: any port of this host. */
export const TCP: TcpListener = {
  hostname: "127.0.0.1",
  port: 0,
  access: { token: TOKEN, requireTokenForReads: false, hosts: [] },
  ratePerSecond: 0,
};

/** A server with a directory of its own. */
export interface Listening extends AsyncDisposable {
  directory: string;
  /** Of the Unix socket. */
  path: string;
  server: Server;
  service: FakeService;
  port: number;
  logged: string[];
}

/** Opens the API. */
export async function listening(
  { tcp = TCP, directory = Deno.makeTempDirSync({ prefix: "mvgal-http-" }), ...options }:
    & Partial<Omit<ServerOptions, "tcp">>
    & { tcp?: TcpListener | null; directory?: string } = {},
): Promise<Listening> {
  const path = join(directory, "mvgal.sock");
  const service = new FakeService();
  const logged: string[] = [];
  const server = await openServer({
    service,
    unix: { path, mode: 0o660, group: null },
    ...(tcp !== null && { tcp }),
    processMetrics: false,
    bodyLimit: 1 << 20,
    log: (level, text) => void logged.push(`${level}: ${text}`),
    ...options,
  });
  return {
    directory,
    path,
    server,
    service,
    logged,
    port: Number(server.url?.split(":").at(-1)),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      Deno.removeSync(directory, { recursive: true });
    },
  };
}

/** A client that says what it likes. */
export class RawClient implements Disposable {
  readonly #connection: Deno.Conn;

  private constructor(connection: Deno.Conn) {
    this.#connection = connection;
  }

  /** Connects over TCP. */
  static async to(port: number): Promise<RawClient> {
    return new RawClient(await Deno.connect({ hostname: "127.0.0.1", port }));
  }

  /** Sends all of it; false where the other side takes no more. */
  async say(what: string | Uint8Array): Promise<boolean> {
    const bytes = typeof what === "string" ? new TextEncoder().encode(what) : what;
    try {
      for (let at = 0; at < bytes.length;) {
        at += await this.#connection.write(bytes.subarray(at));
      }
      return true;
    } catch {
      return false;
    }
  }

  /** Says that nothing more comes. */
  async endSaying(): Promise<void> {
    await this.#connection.closeWrite();
  }

  /** Reads until `until` is there, or the other side ends; undefined where that cut it off in the middle. */
  async hear(until?: string): Promise<string | undefined> {
    const buffer = new Uint8Array(64 << 10), decoder = new TextDecoder();
    let text = "";
    try {
      for (;;) {
        const read = await this.#connection.read(buffer);
        if (read === null) return text;
        text += decoder.decode(buffer.subarray(0, read), { stream: true });
        if (until !== undefined && text.includes(until)) return text;
      }
    } catch {
      return text === "" ? undefined : text;
    }
  }

  [Symbol.dispose](): void {
    try {
      this.#connection.close();
    } catch {
      // It is closed.
    }
  }
}

/** Asks over a Unix socket. */
export function askUnix(
  socketPath: string,
  method: string,
  path: string,
  body?: string,
): Promise<{ status: number; text: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>();
  const headers = {
    host: "localhost",
    connection: "close",
    ...(body !== undefined && { "content-type": "application/json" }),
  };
  const asked = request({ socketPath, method, path, headers }, (response) => {
    let text = "";
    response.setEncoding("utf8");
    response.on("data", (chunk: string) => text += chunk);
    response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
    response.on("error", reject);
  });
  asked.on("error", reject);
  asked.end(body);
  return promise;
}

/** Asks over TCP from another address of this host, such as 127.0.0.2; gives all that is answered. */
export function askFrom(localAddress: string, port: number, path = "/healthz"): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const client = connect({ host: "127.0.0.1", port, localAddress });
  let text = "";
  client.on("data", (bytes) => text += bytes.toString());
  client.on("end", () => resolve(text));
  client.on("error", reject);
  client.write(`GET ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`);
  return promise;
}

/** After which something will not be any more, in ms: far above what a busy host takes. */
const NEVER_MS = 30_000;

/** Waits until something holds; rejects where it never does. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + NEVER_MS;
  while (!await holds()) {
    if (performance.now() > end) throw new Error(`it never was: ${holds}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
