/**
 * The numbered events of the service, with the last of them kept for those who come back.
 *
 * @module
 */

import type { EventSource, ServiceEvent, ServiceEvents } from "./service_api.ts";

/**
 * How many events are kept. Mostly they are samples, of 10 KB as text on a host with eight GPUs: two minutes of
 * them are enough for who lost a connection.
 */
const KEPT = 128;

interface Listener {
  listener: (event: ServiceEvent) => void;
  kinds: ReadonlySet<string> | undefined;
}

/** Takes events, and gives them to all who listen. */
export class EventHub implements EventSource {
  /** Of this start of the service: ids of an earlier one are not taken for its own. */
  readonly #life: string;
  readonly #kept: ServiceEvent[] = [];
  readonly #limit: number;
  readonly #listeners = new Set<Listener>();
  readonly #now: () => number;
  #last = 0;

  /** @param life names this start of the service; no two are the same. */
  constructor(
    { life = Date.now().toString(36), kept = KEPT, now = Date.now }: {
      life?: string;
      kept?: number;
      now?: () => number;
    } = {},
  ) {
    this.#life = life;
    this.#limit = kept;
    this.#now = now;
  }

  /** How many listen. */
  get listeners(): number {
    return this.#listeners.size;
  }

  /** Numbers an event and gives it to all who listen. */
  publish<K extends keyof ServiceEvents>(kind: K, data: ServiceEvents[K]): void {
    const id = `${this.#life}-${++this.#last}`;
    const at = new Date(this.#now()).toISOString();
    const event = { id, at, kind, data } as ServiceEvent;
    this.#kept.push(event);
    if (this.#kept.length > this.#limit) this.#kept.shift();
    for (const listener of [...this.#listeners]) this.#tell(listener, event);
  }

  #tell(to: Listener, event: ServiceEvent): void {
    if (to.kinds !== undefined && !to.kinds.has(event.kind)) return;
    try {
      to.listener(event);
    } catch {
      // Whoever cannot listen is no reason to fail for those who publish.
      this.#listeners.delete(to);
    }
  }

  /** The number of an id of this life; undefined for any other. */
  #numberOf(id: string): number | undefined {
    const [life, number] = id.split("-");
    if (life !== this.#life || number === undefined || !/^\d{1,15}$/.test(number)) return undefined;
    const known = Number(number);
    return known <= this.#last ? known : undefined;
  }

  subscribe(
    listener: (event: ServiceEvent) => void,
    { after, kinds, gap = () => {} }: {
      after?: string | undefined;
      kinds?: readonly string[];
      gap?: () => void;
    } = {},
  ): Disposable {
    const added: Listener = { listener, kinds: kinds && new Set(kinds) };
    this.#listeners.add(added);
    if (after !== undefined) {
      const known = this.#numberOf(after);
      const first = this.#last - this.#kept.length + 1;
      if (known === undefined || known + 1 < first) gap();
      const missed = known === undefined
        ? this.#kept
        : this.#kept.slice(Math.max(0, known + 1 - first));
      for (const event of [...missed]) this.#tell(added, event);
    }
    return { [Symbol.dispose]: () => void this.#listeners.delete(added) };
  }
}
