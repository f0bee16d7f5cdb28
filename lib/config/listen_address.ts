/**
 * Addresses to listen at: `127.0.0.1:7474`, `[::1]:7474`, `localhost:7474`.
 *
 * @module
 */

import { isIP } from "node:net";
import { ConfigValueError } from "./key.ts";

/** Where to listen. */
export interface ListenAddress {
  /** Without the brackets of IPv6. */
  readonly host: string;
  readonly port: number;
}

/**
 * Reads an address.
 *
 * @throws {ConfigValueError} where it is none.
 */
export function parseAddress(text: string): ListenAddress {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^\s:[\]]*)):(\d{1,5})$/i.exec(text.trim());
  const port = Number(match?.[3]);
  const host = match?.[1] ?? match?.[2] ?? "";
  const isHost = match?.[1] === undefined
    ? host === "localhost" || isIP(host) === 4
    : isIP(host) === 6;
  if (match === null || !isHost || !(port <= 65_535)) {
    throw new ConfigValueError(
      "give an IP address and a port, such as 127.0.0.1:7474 or [::1]:7474",
    );
  }
  return { host, port };
}

/** The text that {@linkcode parseAddress} reads as this address. */
export function formatAddress({ host, port }: ListenAddress): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Whether only programs of this host reach the address. */
export function isLoopback({ host }: ListenAddress): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}
