/**
 * The app on a Unix socket.
 *
 * @module
 */

import type { App } from "./app.ts";

/** How long requests that are answered may take when the server ends, in ms. */
const FAREWELL_MS = 5000;

/** When to listen again where accepting failed, in ms: descriptors that were lacking may be free then. */
const AGAIN_MS = 1000;

/** What is served where. */
export interface UnixServerOptions {
  path: string;
  app: App;
  /** Whose requests these are; undefined for those who have the rights of the socket's file. */
  address: string | undefined;
  /** Gives the socket its rights: until then it is the process's own. */
  place?: (path: string) => void;
  /** Told that no connection could be accepted; those that there are go on. */
  failed: (error: unknown) => void;
}

/**
 * Serves an app on a socket, until it is disposed: what is answered then has a while.
 *
 * @throws {Error} where the socket cannot be made, or `place` throws.
 */
export function serveUnix(options: UnixServerOptions): AsyncDisposable {
  const { path, app, address, place, failed } = options;
  const ending = new AbortController();
  let server: Deno.HttpServer | undefined;
  let again: ReturnType<typeof setTimeout> | undefined;
  let ended = false;

  const listen = () => {
    const before = Deno.umask(0o177);
    try {
      server = Deno.serve(
        {
          path,
          signal: ending.signal,
          onListen: () => {},
          onError: () => new Response(null, { status: 500 }),
        },
        (request) => app(request, { address }),
      );
    } finally {
      Deno.umask(before);
    }
    // Deno's server (2.9) ends when there is no descriptor for a connection, and takes the socket with it.
    server.finished.catch((error) => {
      server = undefined;
      if (ended) return;
      failed(error);
      listenLater();
    });
    try {
      place?.(path);
    } catch (error) {
      void server.shutdown();
      throw error;
    }
  };
  const listenLater = () => {
    again = setTimeout(() => {
      try {
        listen();
      } catch {
        listenLater();
      }
    }, AGAIN_MS);
  };

  listen();
  return {
    async [Symbol.asyncDispose]() {
      ended = true;
      clearTimeout(again);
      const timer = setTimeout(() => ending.abort(), FAREWELL_MS);
      await server?.shutdown().catch(() => {});
      clearTimeout(timer);
    },
  };
}
