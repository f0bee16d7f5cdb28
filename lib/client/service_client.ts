/**
 * Speaking to the service over its Unix socket.
 *
 * @module
 */

import { request } from "node:http";

/** How long an answer may take, in ms. */
const LIMIT_MS = 5000;

/** The service refused, or could not be reached. One line. */
export class ClientError extends Error {
  override readonly name = "ClientError";
  /** The HTTP status; undefined where there was no answer. */
  readonly status: number | undefined;
  /** Whether somebody listens at the socket: false where it was left behind, or is not for this user. */
  readonly reached: boolean;

  /** Takes the line and the status. */
  constructor(message: string, status?: number, reached = true) {
    super(message);
    this.status = status;
    this.reached = reached;
  }
}

/** What the service answers. */
interface Answer {
  status: number;
  text: string;
}

/** Errors of connect(2) where nobody listens, or not for this user. */
const UNREACHABLE = ["ENOENT", "ECONNREFUSED", "EACCES", "EPERM", "ENOTSOCK"];

function isUnreachable(error: unknown): boolean {
  return error instanceof Error && "code" in error && UNREACHABLE.includes(String(error.code));
}

/** Asks the service that listens at a socket. */
export class ServiceClient {
  /** Path of the socket. */
  readonly path: string;

  /** Connects to nothing yet. */
  constructor(path: string) {
    this.path = path;
  }

  #ask(method: string, path: string, body: unknown): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const text = body === undefined ? undefined : JSON.stringify(body);
    const asked = request({
      socketPath: this.path,
      path,
      method,
      headers: {
        host: "localhost",
        connection: "close",
        ...(text !== undefined && { "content-type": "application/json" }),
        // Without it an absent body goes out as one of no chunks, which is a body to the service.
        ...(method !== "GET" && { "content-length": new TextEncoder().encode(text).length }),
      },
      timeout: LIMIT_MS,
    }, (response) => {
      let received = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => received += chunk);
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text: received }));
      response.on("error", reject);
    });
    asked.on("timeout", () => asked.destroy(new Error(`no answer within ${LIMIT_MS / 1000} s`)));
    asked.on("error", reject);
    asked.end(text);
    return promise;
  }

  async #json<T>(method: string, path: string, body?: unknown): Promise<T> {
    let answer: Answer;
    try {
      answer = await this.#ask(method, path, body);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new ClientError(
        `the service at ${this.path} does not answer: ${why}`,
        undefined,
        !isUnreachable(error),
      );
    }
    const { status, text } = answer;
    let document: unknown;
    try {
      document = JSON.parse(text);
    } catch {
      throw new ClientError(
        `the service at ${this.path} answers no JSON (status ${status})`,
        status,
      );
    }
    if (status >= 200 && status < 300) return document as T;
    const { detail = `status ${status}` } = document as { detail?: string };
    throw new ClientError(detail, status);
  }

  /** Asks for a document. @throws {ClientError} by rejection. */
  get<T>(path: string): Promise<T> {
    return this.#json("GET", path);
  }

  /** Replaces something. @throws {ClientError} by rejection. */
  put<T>(path: string, body: unknown): Promise<T> {
    return this.#json("PUT", path, body);
  }

  /** Does something. @throws {ClientError} by rejection. */
  post<T>(path: string, body: unknown = undefined): Promise<T> {
    return this.#json("POST", path, body);
  }
}

/** Whether a socket is there; who answers is another question. */
export function hasSocket(path: string): boolean {
  try {
    return Deno.statSync(path).isSocket === true;
  } catch {
    return false;
  }
}
