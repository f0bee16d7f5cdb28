/**
 * From the configuration to where and how the API is served.
 *
 * @module
 */

import { join } from "node:path";
import type { Config } from "../config/config.ts";
import { parseAddress } from "../config/listen_address.ts";
import type { ServerOptions, TcpListener } from "./http/server.ts";
import type { Certificate } from "./http/tls.ts";
import { loadToken } from "./http/token.ts";

/**
/**
 * The certificate of the API over TCP as its files have it now; undefined where there is to be no TLS.
 *
 * @throws {Error} for a file that cannot be read; one line.
 */
export function readCertificate(
  { tls_certificate, tls_key }: Config["http"],
): Certificate | undefined {
  if (tls_certificate === null || tls_key === null) return undefined;
  return { cert: Deno.readTextFileSync(tls_certificate), key: Deno.readTextFileSync(tls_key) };
}

/**
 * The options of the server but for the service and the Unix socket; `problem` is what of it does not work, in
 * one line.
 *
 * @param directory of this service's state.
 * @throws {Error} for a token or certificate that cannot be used; one line.
 */
export function serverOptions(
  { http }: Config,
  directory: string,
): Pick<ServerOptions, "tcp" | "processMetrics" | "bodyLimit"> & { problem: string | null } {
  const options = {
    processMetrics: http.process_metrics,
    bodyLimit: http.request_body_limit,
    problem: null,
  };
  if (http.listen === null) return options;
  const { host, port } = parseAddress(http.listen);
  const token = loadToken(http.token_file ?? join(directory, "http.token"));
  const tcp: TcpListener = {
    hostname: host,
    port,
    access: {
      token: token.state === "ok" ? token.token : null,
      requireTokenForReads: http.require_token_for_reads,
      hosts: [...http.allowed_hosts, host.includes(":") ? `[${host}]` : host],
    },
    ratePerSecond: http.rate_limit_per_s,
    limits: { connections: http.max_connections },
  };
  const tls = readCertificate(http);
  if (tls !== undefined) tcp.tls = tls;
  const problem = token.state === "ok" ? null : `nothing can be changed over TCP: ${token.reason}`;
  return { ...options, tcp, problem };
}
