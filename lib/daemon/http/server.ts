/**
 * Where the API listens: a Unix socket, and TCP.
 *
 * @module
 */

import { oneLine } from "../one_line.ts";
import type { Service } from "../service_api.ts";
import type { AccessRules } from "./access.ts";
import { type App, type Asset, createApp } from "./app.ts";
import { EventStreams } from "./event_stream.ts";
import { affordableConnections } from "./descriptors.ts";
import { Gate, GATE_LIMITS, type GateLimits } from "./gate.ts";
import { Lanes } from "./lanes.ts";
import { RateLimit } from "./rate_limit.ts";
import { type Certificate, TlsServer } from "./tls.ts";
import { serveUnix } from "./unix_server.ts";

/** How many of the connections one peer may have: a few are left for the others. */
const SHARE_OF_ONE = 7 / 8;

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
  tls?: Certificate;
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
  /** Told why TCP cannot be had, in place of the log. */
  tcpFailed?: (why: string) => void;
}

/** A server that listens. Dispose it to end it: event streams are closed, answers finished. */
export interface Server extends AsyncDisposable {
  /** Where it is reached: `http://127.0.0.1:7474`; undefined where there is no TCP. */
  readonly url: string | undefined;
  /** Connections over TCP. */
  readonly connections: { open: number; refused: number } | undefined;
  readonly streams: number;
  /**
   * Takes another certificate for the connections to come. Without TLS it does nothing.
   *
   * @throws {Error} where it cannot be used; one line. The one before stays.
   */
  renew(certificate: Certificate): void;
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

async function openUnix(
  { path, mode, group }: UnixListener,
  app: App,
  log: ServerOptions["log"],
): Promise<AsyncDisposable> {
  await makeRoom(path);
  return serveUnix({
    path,
    app,
    address: undefined,
    // Nobody connects before the rights are what they are to be.
    place() {
      if (group !== null) Deno.chownSync(path, null, group);
      Deno.chmodSync(path, mode);
    },
    failed: (error) => log("error", `${path}: no connection could be taken: ${oneLine(error)}`),
  });
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

/** What the gate lets through, as far as there are descriptors for it. */
function limitsOf(given: Partial<GateLimits>, log: ServerOptions["log"]): Partial<GateLimits> {
  const wanted = given.connections ?? GATE_LIMITS.connections;
  let limits = "";
  try {
    limits = Deno.readTextFileSync("/proc/self/limits");
  } catch {
    // There is no /proc: what is asked for holds.
  }
  const connections = affordableConnections(wanted, limits);
  if (connections < wanted) {
    log(
      "warning",
      `${connections} connections over TCP, not ${wanted}: there are descriptors for no more ` +
        "(ulimit -Hn, LimitNOFILE=)",
    );
  }
  return { connectionsOfOne: Math.ceil(SHARE_OF_ONE * connections), ...given, connections };
}

async function openTcp(options: ServerOptions, tcp: TcpListener, streams: EventStreams) {
  await using undo = new AsyncDisposableStack();
  const { log } = options;
  const tls = tcp.tls && new TlsServer(tcp.tls);
  const app = createApp({ ...options, streams }, {
    access: tcp.access,
    rate: new RateLimit(tcp.ratePerSecond),
  });
  const listener = undo.adopt(Deno.listen({ hostname: tcp.hostname, port: tcp.port }), (it) => {
    try {
      it.close();
    } catch {
      // The gate has closed it.
    }
  });
  const directory = makeGateDirectory(options.unix?.path);
  undo.defer(() => Deno.removeSync(directory, { recursive: true }));
  const failed = (error: unknown) =>
    log("error", `no connection over TCP could be taken: ${oneLine(error)}`);
  const lanes = undo.use(
    new Lanes(directory, (path, peer) => serveUnix({ path, app, address: peer, failed })),
  );
  const gate = undo.use(
    new Gate({
      listener,
      connect: (peer) => lanes.connect(peer),
      ...(tls && { secure: (connection) => tls.secure(connection) }),
      limits: limitsOf(tcp.limits ?? {}, log),
      turnedAway: (count, why) =>
        log(
          "warning",
          `${count} connection${count === 1 ? " was" : "s were"} turned away over TCP: ${why}`,
        ),
    }),
  );
  const { port } = listener.addr;
  const owned = undo.move();
  return { gate, tls, url: urlOf(tcp, port), [Symbol.asyncDispose]: () => owned.disposeAsync() };
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
    undo.use(await openUnix(unix, createApp({ ...options, streams }), log));
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
  const failed = options.tcpFailed ?? ((why: string) => log("error", why));
  for (const problem of problems) failed(problem);
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
    renew: (certificate) => opened?.tls?.renew(certificate),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
