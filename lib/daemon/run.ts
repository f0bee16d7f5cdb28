/**
 * The service with all around it: the API, the kernel's events, systemd.
 *
 * @module
 */

import { dirname } from "node:path";
import { openUevents } from "../../ffi/uevents.ts";
import type { Config } from "../config/config.ts";
import { makeSessionDirectories } from "../session/directory.ts";
import { runtimeDirectory, socketPath } from "../client/socket_path.ts";
import { groupId } from "./group_id.ts";
import { keepFootprintSmall } from "./footprint.ts";
import { followHotplug } from "./hotplug.ts";
import { openServer, type Server } from "./http/server.ts";
import { oneLine } from "./one_line.ts";
import {
  type OpenService,
  openService,
  type OpenServiceOptions,
  serviceDirectory,
} from "./open_service.ts";
import { readCertificate, serverOptions } from "./server_options.ts";
import { loadWebAssets } from "./web_assets.ts";
import { openSupervisor } from "./supervisor.ts";

/** What the service is run with. */
export interface DaemonOptions extends OpenServiceOptions {
  /** The socket of the API, in place of that of the configuration. */
  socket?: string | undefined;
}

/** A service that runs. Dispose it to end it. */
export interface Daemon extends AsyncDisposable {
  /** Reads the configuration again. Never rejects: the log says what came of it. */
  reload(): Promise<void>;
}

/** Programs find a place for their sessions; without one the service goes on. */
function prepareDirectories(
  options: DaemonOptions,
  { log }: OpenService,
  gid: number | null,
): void {
  try {
    makeSessionDirectories(runtimeDirectory(options.env), gid);
  } catch (error) {
    log.write("warning", "sessions", oneLine(error));
  }
}

/** Certificates are renewed in their files while the service runs: a reload takes them. */
function renewCertificate(server: Server, http: Config["http"], { log }: OpenService): void {
  try {
    const certificate = readCertificate(http);
    if (certificate === undefined) return;
    server.renew(certificate);
    log.write("info", "http", `the TLS certificate is that of ${http.tls_certificate} now`);
  } catch (error) {
    log.write("error", "http", `the TLS certificate before stays: ${oneLine(error)}`);
  }
}

/**
 * Starts the service.
 *
 * @throws {Error} by rejection, where neither the socket nor the port can be had, or GPUs cannot be looked
 * for; one line.
 */
export async function runDaemon(options: DaemonOptions): Promise<Daemon> {
  const { config: live, env } = options;
  const { daemon, http } = live.config;
  await using undo = new AsyncDisposableStack();
  undo.use(keepFootprintSmall());
  const opened = await openService(options);
  const { service, log } = opened;
  undo.use(service);
  const gid = Deno.uid() === 0 ? groupId(daemon.socket_group) : null;
  if (Deno.uid() === 0 && gid === null && daemon.socket_group !== null) {
    log.write("info", "http", `no group ${daemon.socket_group}: the socket is root's alone`);
  }
  prepareDirectories(options, opened, gid);
  const path = options.socket ?? daemon.socket ?? socketPath(env);
  Deno.mkdirSync(dirname(path), { recursive: true });
  const web = loadWebAssets();
  if (web.state === "absent") log.write("warning", "http", `no dashboard: ${web.reason}`);
  const { problem, ...served } = serverOptions(live.config, serviceDirectory(env));
  const problems: string[] = [];
  const degradeHttp = (why: string) => {
    problems.push(why);
    service.degrade("http", problems.join("; "));
  };
  if (problem !== null) degradeHttp(problem);
  const server = undo.use(
    await openServer({
      service,
      ...(web.state === "ok" && { assets: (path) => web.files.get(path) }),
      ...served,
      unix: { path, mode: 0o660, group: gid },
      log: (level, text) => log.write(level, "http", text),
      tcpFailed: degradeHttp,
    }),
  );
  undo.use(
    service.events.subscribe(() => renewCertificate(server, http, opened), { kinds: ["config"] }),
  );
  undo.use(followHotplug({
    open: openUevents,
    rescan: (options) => void service.rescan(options),
    everyMs: daemon.rescan_s * 1000,
    deaf: (reason) => log.write("info", "sampler", `GPUs are searched for now and then: ${reason}`),
  }));
  const supervisor = undo.use(openSupervisor({ env, isAlive: () => service.isAlive }));
  const status = () => `${service.gpus.length} GPU${service.gpus.length === 1 ? "" : "s"}`;
  supervisor.ready(status());
  undo.use(service.events.subscribe(() => supervisor.status(status()), { kinds: ["gpus"] }));
  log.write("info", "http", `ready: ${path}`);
  undo.defer(() => {
    log.write("info", "daemon", "ending");
    supervisor.stopping();
  });
  const owned = undo.move();
  return {
    async reload() {
      supervisor.reloading();
      await service.reload();
      supervisor.ready(status());
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
