/**
 * `[daemon]`, `[http]`, `[history]`, `[health]`: the service.
 *
 * @module
 */

import {
  DEFAULT_THRESHOLDS,
  describeThreshold,
  THRESHOLD_NAMES,
  type ThresholdName,
  thresholdRange,
} from "../../telemetry/health/thresholds.ts";
import { bool, integer, type Key, list, number, path, text } from "../key.ts";
import { formatAddress, parseAddress } from "../listen_address.ts";
import { section } from "../section.ts";

const GROUP = /^[a-z_][\w-]*\$?$/i;

/** `[daemon]`. */
export const daemon = section({
  describe: "The service: mvgal daemon.",
  keys: {
    socket: path({
      describe:
        "The Unix socket of the API. Empty: /run/mvgal/mvgal.sock for root, else mvgal/mvgal.sock in XDG_RUNTIME_DIR.",
    }),
    socket_group: text("the name of a group", {
      default: "mvgal",
      describe:
        "The group that may use the socket, where the service runs as root; empty for none.",
      caution: (name) =>
        name === null || GROUP.test(name) ? null : "does not look like a group's name",
    }),
    interval_ms: integer(1000, {
      least: 100,
      most: 3_600_000,
      unit: "ms",
      describe: "Time between two looks at the GPUs.",
    }),
    processes: bool(true, { describe: "Whether the service looks at the programs that use GPUs." }),
    rescan_s: integer(30, {
      least: 1,
      most: 86_400,
      unit: "s",
      describe:
        "Time between two searches for GPUs that came or went and that the kernel told nothing of.",
    }),
  },
  otherNames: { socket_path: { to: "daemon.socket" } },
  withoutEffect: {
    daemon_mode:
      "mvgal daemon stays in the foreground, and mvgal start puts it into the background",
    pid_file: "the socket says whether a service runs",
    run_as_user: "who starts the service decides: User= in its systemd unit",
    run_as_group: "who starts the service decides: Group= in its systemd unit",
  },
});

/** `[http]`. */
export const http = section({
  describe: "The API and the dashboard over TCP. The Unix socket is there without it.",
  keys: {
    listen: text("address:port", {
      default: "127.0.0.1:7474",
      read: (given) => formatAddress(parseAddress(given)),
      describe: "Where it listens: 127.0.0.1:7474, [::1]:7474. Empty: nowhere.",
    }),
    token_file: path({
      describe:
        "The file with the token that changes need, made at the first start. Empty: http.token in the state directory.",
    }),
    require_token_for_reads: bool(false, { describe: "Whether reading needs the token too." }),
    tls_certificate: path({
      describe: "File with the certificate and its chain (PEM), for HTTPS; with tls_key.",
    }),
    tls_key: path({ describe: "File with the certificate's key (PEM)." }),
    allowed_hosts: list([], {
      form: "names with commas between them",
      describe: "Names under which browsers may reach it, beside localhost and the address itself.",
    }),
    request_body_limit: integer(1_048_576, {
      least: 1024,
      most: 67_108_864,
      unit: "bytes",
      describe: "The longest body of a request.",
    }),
    max_connections: integer(256, {
      least: 1,
      most: 65_536,
      describe: "How many connections there may be at a time.",
    }),
    rate_limit_per_s: integer(200, {
      least: 0,
      most: 1_000_000,
      unit: "1/s",
      describe: "How many requests a client may make each second; 0 for as many as it likes.",
    }),
    process_metrics: bool(false, {
      describe: "Whether /metrics has series by program. There may be very many.",
    }),
  },
});

/** `[history]`. */
export const history = section({
  describe: "What was measured, on the disk.",
  keys: {
    enabled: bool(true, { describe: "Whether it is kept." }),
    path: path({ describe: "The file. Empty: history.db in the state directory." }),
    raw_hours: number(1, {
      least: 0.2,
      most: 720,
      unit: "h",
      describe: "For how long every look is kept.",
    }),
    ten_second_days: number(1, {
      least: 0.1,
      most: 365,
      unit: "d",
      describe: "For how long means of 10 seconds are kept.",
    }),
    five_minute_days: number(31, {
      least: 1,
      most: 3650,
      unit: "d",
      describe: "For how long means of 5 minutes are kept.",
    }),
    one_hour_days: number(31, {
      least: 1,
      most: 3650,
      unit: "d",
      describe: "For how long means of an hour are kept.",
    }),
  },
});

function thresholdKey(name: ThresholdName): Key<number> {
  const { least, most, whole } = thresholdRange(name);
  const describe = describeThreshold(name);
  const about = {
    least,
    most,
    describe: `${describe.charAt(0).toUpperCase()}${describe.slice(1)}.`,
  };
  return (whole ? integer : number)(DEFAULT_THRESHOLDS[name], about);
}

/** `[health]`: every threshold of docs/health.md. */
export const health = section({
  describe: "From where on a GPU is not well: see docs/health.md.",
  keys: Object.fromEntries(THRESHOLD_NAMES.map((name) => [name, thresholdKey(name)])) as Readonly<
    Record<ThresholdName, Key<number>>
  >,
});
