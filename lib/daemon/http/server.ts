/**
 * Where the API listens: a Unix socket, and TCP.
 *
 * @module
 */

import { join } from "node:path";
import { oneLine } from "../one_line.ts";
import type { Service } from "../service_api.ts";
import type { AccessRules } from "./access.ts";
import { type App, type Asset, createApp } from "./app.ts";
import { EventStreams } from "./event_stream.ts";
import { Gate, type GateLimits } from "./gate.ts";
import { RateLimit } from "./rate_limit.ts";

/** How long requests that are answered may take when the server ends, in ms. */
const FAREWELL_MS = 5000;

/** The Unix socket. */
export interface UnixListener {
  path: string;
  mode: number;
  /** The number of the group that it is given to; null to leave it. */
  group: number | null;
}

/** The TCP port. */
export interface TcpListener {
  hostname: string;
  port: number;
  access: AccessRules;
  ratePerSecond: number;
  limits?: Partial<GateLimits>;
  /** Certificate chain and key, PEM. */
  tls?: { cert: string; key: string };
}

/** What a server is opened with. */
export interface ServerOptions {
  service: Service;
  unix?: UnixListener;
  tcp?: TcpListener;
  assets?: (path: string) => Asset | undefined;
  processMetrics: boolean;
  bodyLimit: number;
  log: (level: "info" | "warning" | "error", text: string) => void;
}

/** A server that listens. Dispose it to end it: event streams are closed, answers finished. */
export interface Server extends AsyncDisposable {
  /** Where it is reached: `http://127.0.0.1:7474`; undefined where there is no TCP. */
  readonly url: string | undefined;
  /** Connections over TCP. */
  readonly connections: { open: number; refused: number } | undefined;
  readonly streams: number;
}

/** Whether somebody answers at a socket. */
async function isServed(path: string): Promise<boolean> {
  try {
    const connection = await Deno.connect({ transport: "unix", path });
    connection.close();
    return true;
  } catch {
    return false;
  }
}

/**
 * Makes room for a socket: one that nobody serves is what a killed service left behind.
 *
 * @throws {Error} where another service is there, or something else; one line.
 */
async function makeRoom(path: string): Promise<void> {
  let info;
  try {
    info = Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  if (!info.isSocket) throw new Error(`${path} is no socket: remove it, or choose another`);
  if (await isServed(path)) throw new Error(`${path}: another service of mvgal is there`);
  Deno.removeSync(path);
}

/** Serves an app on a socket, until it is disposed: what is answered then has a while. */
function serveUnix(path: string, app: App, address: string | undefined): AsyncDisposable {
  const ending = new AbortController();
  const server = Deno.serve(
    {
      path,
      signal: ending.signal,
      onListen: () => {},
      onError: () => new Response(null, { status: 500 }),
    },
    (request) => app(request, { address }),
  );
  return {
    async [Symbol.asyncDispose]() {
      const timer = setTimeout(() => ending.abort(), FAREWELL_MS);
      await server.shutdown();
      clearTimeout(timer);
    },
  };
}

async function openUnix({ path, mode, group }: UnixListener, app: App): Promise<AsyncDisposable> {
  await makeRoom(path);
  // Nobody connects before the rights are what they are to be.
  const before = Deno.umask(0o177);
  try {
    const server = serveUnix(path, app, undefined);
    if (group !== null) Deno.chownSync(path, null, group);
    Deno.chmodSync(path, mode);
    return server;
  } finally {
    Deno.umask(before);
  }
}

function listen({ hostname, port, tls }: TcpListener) {
  return tls === undefined
    ? Deno.listen({ hostname, port })
    : Deno.listenTls({ hostname, port, cert: tls.cert, key: tls.key, alpnProtocols: ["http/1.1"] });
}

/** The address as it stands in URLs. */
function urlOf({ hostname, tls }: TcpListener, port: number): string {
  const name = hostname.includes(":") ? `[${hostname}]` : hostname;
  return `${tls === undefined ? "http" : "https"}://${name}:${port}`;
}

/**
 * A directory that nobody else can enter, for the socket behind the gate. Beside the Unix socket there is one at
 * most: what a killed service left goes.
 */
function makeGateDirectory(socket: string | undefined): string {
  if (socket === undefined) return Deno.makeTempDirSync({ prefix: "mvgal-gate-" });
  const directory = `${socket}.gate`;
  try {
    Deno.removeSync(directory, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  // Fails where somebody else has made one meanwhile.
  Deno.mkdirSync(directory, { mode: 0o700 });
  return directory;
}

async function openTcp(options: ServerOptions, tcp: TcpListener, streams: EventStreams) {
  await using undo = new AsyncDisposableStack();
  const app = createApp({ ...options, streams }, {
    access: tcp.access,
    rate: new RateLimit(tcp.ratePerSecond),
  });
  const listener = undo.adopt(listen(tcp), (it) => {
    try {
      it.close();
    } catch {
      // The gate has closed it.
    }
  });
  const directory = makeGateDirectory(options.unix?.path);
  undo.defer(() => Deno.removeSync(directory, { recursive: true }));
  const path = join(directory, "http.sock");
  undo.use(serveUnix(path, app, "tcp"));
  const gate = undo.use(
    new Gate(listener, () => Deno.connect({ transport: "unix", path }), tcp.limits),
  );
  const { port } = listener.addr as Deno.NetAddr;
  const owned = undo.move();
  return { gate, url: urlOf(tcp, port), [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/**
 * Opens the API. Where TCP cannot be had, it is served on the Unix socket alone, and the log says so.
 *
 * @throws {Error} by rejection, where the Unix socket is another service's or cannot be made, or there is no
 * place at all; one line.
 */
export async function openServer(options: ServerOptions): Promise<Server> {
  const { unix, tcp, log, service } = options;
  const streams = new EventStreams(service.events);
  await using undo = new AsyncDisposableStack();
  const problems: string[] = [];
  let places = 0;
  if (unix !== undefined) {
    undo.use(await openUnix(unix, createApp({ ...options, streams })));
    places++;
  }
  let opened: Awaited<ReturnType<typeof openTcp>> | undefined;
  if (tcp !== undefined) {
    try {
      opened = undo.use(await openTcp(options, tcp, streams));
      places++;
    } catch (error) {
      const taken = error instanceof Deno.errors.AddrInUse;
      const why = taken ? "the port is taken: set [http] listen to another" : oneLine(error);
      problems.push(`${tcp.hostname}:${tcp.port}: ${why}`);
    }
  }
  for (const problem of problems) log("error", problem);
  if (places === 0) throw new Error(problems.join("; ") || "the API has no place to listen");
  undo.defer(() => streams.closeAll());
  const owned = undo.move();
  return {
    url: opened?.url,
    get connections() {
      return opened?.gate.counts;
    },
    get streams() {
      return streams.count;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
