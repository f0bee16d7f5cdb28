/** Somebody who listens to the events of a service. */

import { type ClientRequest, request } from "node:http";
import type { ServiceEvent } from "../../../lib/daemon/service_api.ts";
import type { ServiceProcess } from "../service_process.ts";

/** Keeps all events. Dispose it to hang up. */
export class Listener implements Disposable {
  readonly events: ServiceEvent[] = [];
  readonly #request: ClientRequest;

  private constructor(service: ServiceProcess, listens: () => void) {
    const headers = { host: "localhost" };
    const options = { socketPath: service.socket, path: "/api/v1/events", headers };
    this.#request = request(options, (response) => {
      listens();
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        const parts = (text + chunk).split("\n\n");
        text = parts.pop() ?? "";
        for (const part of parts) this.#take(part);
      });
      // The service may end first.
      response.on("error", () => {});
    });
    this.#request.on("error", () => {});
    this.#request.end();
  }

  /** Listens from now on. */
  static async open(service: ServiceProcess): Promise<Listener> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const listener = new Listener(service, resolve);
    await promise;
    return listener;
  }

  #take(text: string): void {
    const fields = new Map(
      text.split("\n").map((line): [string, string] => {
        const at = line.indexOf(": ");
        return [line.slice(0, at), line.slice(at + 2)];
      }),
    );
    const data = fields.get("data"), kind = fields.get("event");
    if (data === undefined || kind === undefined) return;
    this.events.push({ id: fields.get("id"), kind, ...JSON.parse(data) });
  }

  /** The data of the events of a kind. */
  of<K extends ServiceEvent["kind"]>(kind: K): Extract<ServiceEvent, { kind: K }>["data"][] {
    return this.events.flatMap((event) => event.kind === kind ? [event.data as never] : []);
  }

  [Symbol.dispose](): void {
    this.#request.destroy();
  }
}
