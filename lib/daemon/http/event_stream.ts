/**
 * Server-sent events.
 *
 * Source: the HTML standard, "Server-sent events". A client that comes back sends `Last-Event-ID`.
 *
 * @module
 */

import type { EventSource, ServiceEvent } from "../service_api.ts";

/** Something is sent at least so often, so that both sides notice that the other is gone. In ms. */
const HEARTBEAT_MS = 15_000;

/** Bytes that wait for one client: who reads more slowly is cut off, and comes back for the rest. */
const MOST_WAITING = 256 << 10;

/** Headers of an answer of events. */
export const EVENT_STREAM_HEADERS: Readonly<Record<string, string>> = {
  "content-type": "text/event-stream",
  "cache-control": "no-store",
};

const encoder = new TextEncoder();

/** Each event is put into bytes once, whoever listens. */
const encoded = new WeakMap<ServiceEvent, Uint8Array<ArrayBuffer>>();

function bytesOf(event: ServiceEvent): Uint8Array<ArrayBuffer> {
  let bytes = encoded.get(event);
  if (bytes === undefined) {
    const { id, at, kind, data } = event;
    bytes = encoder.encode(`id: ${id}\nevent: ${kind}\ndata: ${JSON.stringify({ at, data })}\n\n`);
    encoded.set(event, bytes);
  }
  return bytes;
}

/** Streams that are open. */
export class EventStreams {
  readonly #events: EventSource;
  readonly #open = new Set<() => void>();
  #ended = false;

  /** Takes where events come from. */
  constructor(events: EventSource) {
    this.#events = events;
  }

  /** How many there are. */
  get count(): number {
    return this.#open.size;
  }

  /**
   * Answers with events from now on.
   *
   * @param after the last that the client has; `gap` is sent first where those behind it are not known any more.
   */
  respond(after: string | undefined, kinds: readonly string[] | undefined): Response {
    let close = () => {};
    const stream = new ReadableStream<Uint8Array>({
      start: (controller) => {
        const send = (bytes: Uint8Array) => {
          if ((controller.desiredSize ?? 0) <= 0) return close();
          controller.enqueue(bytes);
        };
        const timer = setInterval(() => send(encoder.encode(":\n\n")), HEARTBEAT_MS);
        const listening = new DisposableStack();
        close = () => {
          clearInterval(timer);
          listening.dispose();
          if (!this.#open.delete(close)) return;
          try {
            controller.close();
          } catch {
            // The client closed it.
          }
        };
        this.#open.add(close);
        // Something at once: a client sees that it is connected before anything happens.
        send(encoder.encode("retry: 2000\n\n"));
        const subscribed = this.#events.subscribe((event) => send(bytesOf(event)), {
          after,
          ...(kinds && { kinds }),
          gap: () => send(encoder.encode("event: gap\ndata: {}\n\n")),
        });
        // What came first may have been too much already.
        if (listening.disposed) subscribed[Symbol.dispose]();
        else listening.use(subscribed);
        if (this.#ended) close();
      },
      cancel: () => close(),
    }, { highWaterMark: MOST_WAITING, size: (chunk) => chunk.length });
    return new Response(stream, { headers: EVENT_STREAM_HEADERS });
  }

  /** Ends all of them, and those to come at once. */
  closeAll(): void {
    this.#ended = true;
    for (const close of [...this.#open]) close();
  }
}
