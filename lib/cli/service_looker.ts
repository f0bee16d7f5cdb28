/**
 * Looks through the service that runs: one sampler for all who look.
 *
 * @module
 */

import type { ServiceClient } from "../client/service_client.ts";
import type { ServiceHealth } from "../daemon/service_api.ts";
import type { InventoryDocument } from "../discovery/inventory.ts";
import { selectGpus } from "../gpu/selector.ts";
import type { StatusDocument } from "../render/status_document.ts";
import type { Looker, LookOptions } from "../telemetry/looker.ts";
import type { CommandContext } from "./command.ts";
import { findHostService, type FoundService } from "./service_host.ts";

/** A service that looks more seldom, in ms, is not asked: what it knows is of long ago. */
const MOST_INTERVAL_MS = 2000;

/** Whether what a service knows is of now. */
function isFresh({ ready, interval_ms }: ServiceHealth): boolean {
  return ready && interval_ms <= MOST_INTERVAL_MS;
}

/** A look through the service, and by oneself once it does not answer any more. */
class ServiceLooker implements Looker {
  readonly gpus: Looker["gpus"];
  readonly #client: ServiceClient;
  readonly #options: LookOptions;
  readonly #direct: (options: LookOptions) => Promise<Looker>;
  #last: StatusDocument;
  #own: Looker | undefined;
  #isClosed = false;
  #asking = false;

  constructor(
    client: ServiceClient,
    gpus: Looker["gpus"],
    first: StatusDocument,
    options: LookOptions,
    direct: (options: LookOptions) => Promise<Looker>,
  ) {
    this.#client = client;
    this.gpus = gpus;
    this.#last = first;
    this.#options = options;
    this.#direct = direct;
  }

  /** The service's last look, of the GPUs that are wanted. */
  look(processes = true): StatusDocument {
    if (this.#own !== undefined) return this.#own.look(processes);
    const { gpus, processes: programs = [], partial = null, health, ...rest } = this.#last;
    // For the next look: what it shows is no older than the time between two.
    this.#ask();
    const wanted = new Set(this.gpus.map(({ id }) => id));
    const judged = health && { ...health, gpus: health.gpus.filter(({ id }) => wanted.has(id)) };
    return {
      ...rest,
      gpus: gpus.filter(({ id }) => wanted.has(id)),
      ...(this.#options.processes && processes && {
        processes: programs.filter(({ gpu }) => wanted.has(gpu)),
        partial,
      }),
      ...(this.#options.health !== undefined && judged && { health: judged }),
    };
  }

  #ask(): void {
    if (this.#asking || this.#isClosed) return;
    this.#asking = true;
    this.#client.get<StatusDocument>("/api/v1/status").then((document) => {
      this.#last = document;
    }, async () => {
      // The service has ended: this program goes on by itself.
      const own = await this.#direct(this.#options);
      if (this.#isClosed) own[Symbol.dispose]();
      else this.#own = own;
    }).catch(() => {
      // Neither: the next look tries again.
    }).finally(() => this.#asking = false);
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#own?.[Symbol.dispose]();
  }
}

/**
 * Looks through the service that runs on this host; undefined where none does, or what it knows is not of now.
 *
 * @param direct looks without it.
 * @throws {GpuNotFoundError} for a selector that chooses none.
 */
export async function openServiceLooker(
  context: Pick<CommandContext, "env" | "stderr">,
  options: LookOptions,
  direct: (options: LookOptions) => Promise<Looker>,
  find: typeof findHostService = findHostService,
): Promise<Looker | undefined> {
  const found: FoundService | undefined = await find(context);
  if (found === undefined || !isFresh(found.health)) return undefined;
  const { client } = found;
  let inventory: InventoryDocument, status: StatusDocument | null;
  try {
    [inventory, status] = await Promise.all([
      client.get<InventoryDocument>("/api/v1/inventory"),
      client.get<StatusDocument | null>("/api/v1/status"),
    ]);
  } catch {
    return undefined;
  }
  if (status === null) return undefined;
  const seen = new Set(status.gpus.map(({ id }) => id));
  const listed = [...inventory.gpus, ...inventory.other_devices];
  const gpus = options.selector === undefined ? listed : selectGpus(listed, options.selector);
  const known = gpus.filter(({ id }) => seen.has(id));
  // Devices that the service does not follow are looked at without it.
  if (known.length < gpus.length && options.selector !== undefined) return undefined;
  return new ServiceLooker(client, known, status, options, direct);
}
