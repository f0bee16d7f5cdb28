/**
 * TLS on connections that Deno has accepted.
 *
 * `Deno.listenTls` (2.9) has no `setNoDelay`, so that an answer in several pieces takes 40 ms more; it keeps the
 * descriptor of a handshake that does not go on, though the connection is closed; and its certificate stays.
 * `node:tls` over a plain connection has none of this.
 *
 * @module
 */

import { createPrivateKey, X509Certificate } from "node:crypto";
import { Duplex } from "node:stream";
import { createSecureContext, type SecureContext, TLSSocket } from "node:tls";
import type { GateConnection } from "./gate.ts";

/** Bytes of a client that are read at once: requests are short, and there are as many buffers as clients. */
const READ_BYTES = 4 << 10;

/** Certificate chain and key, PEM. */
export interface Certificate {
  cert: string;
  key: string;
}

/**
 * What handshakes need. Deno's `createSecureContext` (2.9) takes anything, and handshakes fail later.
 *
 * @throws {Error} where it cannot be used; one line.
 */
function contextOf({ cert, key }: Certificate): SecureContext {
  const parse = <T>(what: string, of: () => T): T => {
    try {
      return of();
    } catch {
      throw new Error(`the TLS ${what} is none in PEM: see [http] tls_certificate and tls_key`);
    }
  };
  const certificate = parse("certificate", () => new X509Certificate(cert));
  const privateKey = parse("key", () => createPrivateKey(key));
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new Error("the TLS key is not that of the certificate: see [http] tls_key");
  }
  return createSecureContext({ cert, key, minVersion: "TLSv1.2" });
}

/** The bytes of a connection as Node's streams have them. */
function streamOf(connection: Deno.Conn): Duplex {
  const buffer = new Uint8Array(READ_BYTES);
  const writeAll = async (bytes: Uint8Array) => {
    for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
  };
  return new Duplex({
    read() {
      connection.read(buffer).then(
        (read) => this.push(read === null ? null : buffer.slice(0, read)),
        (error) => this.destroy(error),
      );
    },
    write(bytes: Uint8Array, _encoding, done) {
      writeAll(bytes).then(() => done(), done);
    },
    final(done) {
      connection.closeWrite().then(() => done(), done);
    },
    destroy(error, done) {
      try {
        connection.close();
      } catch {
        // It is closed.
      }
      done(error);
    },
  });
}

/** The server's side of TLS; the first read or write waits for the handshake. */
class TlsServerConnection implements GateConnection {
  readonly #plain: Duplex;
  readonly #socket: TLSSocket;
  readonly #parts: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array();

  constructor(connection: Deno.Conn, secureContext: SecureContext) {
    this.#plain = streamOf(connection);
    this.#socket = new TLSSocket(this.#plain, {
      isServer: true,
      secureContext,
      ALPNProtocols: ["http/1.1"],
    });
    // Whoever reads or writes is told; nobody else needs to be.
    for (const stream of [this.#plain, this.#socket]) stream.on("error", () => {});
    this.#parts = this.#socket[Symbol.asyncIterator]();
  }

  async read(into: Uint8Array): Promise<number | null> {
    while (this.#rest.length === 0) {
      const { value, done } = await this.#parts.next();
      if (done) return null;
      this.#rest = value;
    }
    const length = Math.min(into.length, this.#rest.length);
    into.set(this.#rest.subarray(0, length));
    this.#rest = this.#rest.subarray(length);
    return length;
  }

  write(bytes: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#socket.write(bytes, (error) => error ? reject(error) : resolve(bytes.length));
    });
  }

  closeWrite(): Promise<void> {
    return new Promise((resolve) => this.#socket.end(resolve));
  }

  close(): void {
    this.#socket.destroy();
    this.#plain.destroy();
  }
}

/** The server's side of TLS 1.2 and later, with a certificate that can be changed. */
export class TlsServer {
  #context: SecureContext;

  /** @throws {Error} where the certificate, or the key, cannot be used; one line. */
  constructor(certificate: Certificate) {
    this.#context = contextOf(certificate);
  }

  /**
   * Takes another certificate for the connections to come.
   *
   * @throws {Error} where it cannot be used; one line. The one before stays.
   */
  renew(certificate: Certificate): void {
    this.#context = contextOf(certificate);
  }

  /** Speaks TLS on a connection, and closes it with it. */
  secure(connection: Deno.Conn): GateConnection {
    return new TlsServerConnection(connection, this.#context);
  }
}
