/** Requests without a pause. */

import type { ServiceProcess } from "../service_process.ts";
import { wait } from "./fault.ts";

/** Asks and changes without a pause, until it is disposed; counts what was answered. */
export class Traffic implements AsyncDisposable {
  answered = 0;
  /** The last change that was answered. */
  priority: number | undefined;
  /** The last that was sent. */
  sent: number | undefined;
  readonly #running: Promise<void>[];
  #isOver = false;

  constructor(service: ServiceProcess) {
    const paths = ["gpus", "status", "history?metric=power_w", "logs", "processes"];
    this.#running = paths.map((path) =>
      this.#again(async () => void await service.client.get(`/api/v1/${path}`))
    );
    let priority = 0;
    this.#running.push(this.#again(async () => {
      priority = (priority + 1) % 100;
      this.sent = priority;
      await service.client.put("/api/v1/scheduler", { gpus: [{ id: "0", priority }] });
      this.priority = priority;
    }));
  }

  async #again(ask: () => Promise<void>): Promise<void> {
    while (!this.#isOver) {
      try {
        await ask();
        this.answered++;
      } catch {
        // It was killed, or has ended.
        await wait(5);
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#running);
  }
}
