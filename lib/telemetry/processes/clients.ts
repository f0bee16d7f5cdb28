/**
 * What programs do with GPUs, as the fdinfo of their device files tells: each client once.
 *
 * A client is one opening of a device. Descriptors of it are duplicated, inherited and passed on, so that
 * several in several processes may be the same; its number tells.
 *
 * @module
 */

import type { GpuId } from "../../gpu/gpu.ts";
import { isIdleWithoutCounters, ownMemoryBytes, residentBytes, sharesByKind } from "./engines.ts";
import { type Fdinfo, parseFdinfo } from "./fdinfo.ts";
import type { Identities } from "./identity.ts";
import type { ProcessUse, SourcedUse } from "./merge.ts";
import { GpuFinder, type GpuNodes } from "./nodes.ts";
import { type Holder, isBroker, ownerOf } from "./owner.ts";
import type { ProcFiles } from "./proc_files.ts";
import { FileSweep, type GpuFile } from "./sweep.ts";
import { ClientUsage } from "./usage.ts";

/** A client at one look, and who holds it. */
interface Client {
  gpu: GpuId;
  info: Fdinfo;
  /** Shares of 100 by the driver's names of engines; null where there was no look before. */
  shares: Map<string, number> | null;
  holders: Set<number>;
}

/** What a look at all clients gave. */
export interface ClientUses {
  /** Programs of whose use the drivers tell. */
  used: SourcedUse[];
  /** Programs that hold a device file open of which nothing more is known: the driver is silent, or asleep. */
  held: SourcedUse[];
}

/** A process's device files of one GPU without anything told of them. */
interface Held {
  pid: number;
  gpu: GpuId;
}

/** Looks at the clients of some GPUs. */
export class ClientSweep {
  readonly #proc: ProcFiles;
  readonly #identities: Identities;
  readonly #files: FileSweep;
  readonly #finder: GpuFinder;
  readonly #usage = new ClientUsage();
  /** The client that a descriptor was seen to be, by pid and descriptor. */
  #clientOf = new Map<GpuFile, string>();

  constructor(proc: ProcFiles, identities: Identities, gpus: readonly GpuNodes[]) {
    this.#proc = proc;
    this.#identities = identities;
    this.#finder = new GpuFinder(gpus);
    this.#files = new FileSweep(proc, (pid) => identities.stat(pid)?.kernelThread === true);
  }

  /** How many processes' open files may not be looked at. */
  get denied(): number {
    return this.#files.denied;
  }

  /**
   * Looks at all clients.
   *
   * @param now a monotonic clock in ms. It is asked at each file: a sweep takes its time.
   * @param asleep GPUs whose fdinfo is not read, since drivers wake them for it (xe).
   */
  sweep(now: () => number, asleep: ReadonlySet<GpuId>): ClientUses {
    this.#files.update(now());
    const clients = new Map<string, Client>();
    const held: Held[] = [];
    const known = this.#clientOf;
    this.#clientOf = new Map();
    // A copy: a process that turns out to have changed is looked at again, and moves to the end.
    for (const pid of [...this.#files.holders.keys()]) {
      if (this.#readProcess(pid, known, now, asleep, clients, held)) continue;
      this.#files.look(pid);
      this.#readProcess(pid, known, now, asleep, clients, held);
    }
    this.#usage.forgetUnseen();
    return { used: this.#usesOf(clients, now()), held: this.#heldBy(held, now()) };
  }

  /** Reads a process's device files; false where one is no longer there, and the list of them is old. */
  #readProcess(
    pid: number,
    known: ReadonlyMap<GpuFile, string>,
    now: () => number,
    asleep: ReadonlySet<GpuId>,
    clients: Map<string, Client>,
    held: Held[],
  ): boolean {
    for (const file of this.#files.holders.get(pid) ?? []) {
      const gpu = this.#finder.node(file.node);
      // A node that is not known may belong to any GPU.
      if (gpu === undefined ? asleep.size > 0 : asleep.has(gpu)) {
        if (gpu !== undefined) held.push({ pid, gpu });
        continue;
      }
      const before = known.get(file);
      const twin = before === undefined ? undefined : clients.get(before);
      if (before !== undefined && twin !== undefined) {
        this.#clientOf.set(file, before);
        twin.holders.add(pid);
        continue;
      }
      const read = this.#proc.read(pid, `fdinfo/${file.fd}`);
      if (read.access === "gone") return false;
      const info = read.access === "ok" ? parseFdinfo(read.text) : undefined;
      if (info === undefined && before !== undefined) return false;
      const at = info === undefined ? gpu : this.#gpuOf(info, gpu);
      if (at === undefined) continue;
      if (info === undefined) held.push({ pid, gpu: at });
      else this.#note(file, pid, at, info, now(), clients);
    }
    return true;
  }

  /** By PCI address where the driver gives one; a GPU that is not asked for is none by its node either. */
  #gpuOf(info: Fdinfo, byNode: GpuId | undefined): GpuId | undefined {
    return info.pdev === null ? byNode : this.#finder.pci(info.pdev) ?? byNode;
  }

  #note(
    file: GpuFile,
    pid: number,
    gpu: GpuId,
    info: Fdinfo,
    now: number,
    clients: Map<string, Client>,
  ): void {
    // Without a number no two descriptors can be told to be the same.
    const key = `${gpu} ${info.client ?? `fd ${pid} ${file.fd}`}`;
    this.#clientOf.set(file, key);
    const client = clients.get(key);
    if (client !== undefined) client.holders.add(pid);
    else {
      const shares = this.#usage.look(key, info, now);
      clients.set(key, { gpu, info, shares, holders: new Set([pid]) });
    }
  }

  #usesOf(clients: ReadonlyMap<string, Client>, now: number): SourcedUse[] {
    const owned = new Map<string, { pid: number; clients: Client[] }>();
    for (const client of clients.values()) {
      const pid = this.#ownerOf(client, now);
      if (pid === undefined) continue;
      const key = `${pid} ${client.gpu}`;
      const use = owned.get(key);
      if (use === undefined) owned.set(key, { pid, clients: [client] });
      else use.clients.push(client);
    }
    return Array.from(owned.values(), ({ pid, clients }) => {
      return { source: "fdinfo", use: sumUp(pid, clients) };
    });
  }

  #ownerOf({ holders }: Client, now: number): number | undefined {
    const candidates = [...holders].flatMap((pid): Holder[] => {
      const known = this.#identities.of(pid, now);
      return known ? [{ pid, name: known.identity.name, start: known.stat.start }] : [];
    });
    return ownerOf(candidates)?.pid;
  }

  #heldBy(held: readonly Held[], now: number): SourcedUse[] {
    return held.flatMap(({ pid, gpu }): SourcedUse[] => {
      const known = this.#identities.of(pid, now);
      if (known === undefined || isBroker(known.identity.name)) return [];
      return [{ source: "fd", use: { pid, gpu, kinds: [], vram_bytes: null } }];
    });
  }
}

/**
 * What a process's clients on one GPU come to. They share the engines, so that their shares of one add up;
 * merging them with other sources keeps them within 100.
 */
function sumUp(
  pid: number,
  clients: readonly Pick<Client, "gpu" | "info" | "shares">[],
): ProcessUse {
  const engines = new Map<string, number>();
  const memory = new Map<string, number>();
  let told = false;
  for (const { info, shares } of clients) {
    const silent = info.engines.size === 0 && info.shares.size === 0;
    told ||= shares !== null && (shares.size > 0 || (silent && isIdleWithoutCounters(info.driver)));
    for (const [name, share] of shares ?? []) {
      engines.set(name, (engines.get(name) ?? 0) + share);
    }
    for (const [name, bytes] of residentBytes(info.memory)) {
      memory.set(name, (memory.get(name) ?? 0) + bytes);
    }
  }
  const shares = told ? sharesByKind(clients[0]?.info.driver ?? null, engines) : null;
  return {
    gpu: clients[0]?.gpu ?? "",
    pid,
    kinds: [],
    engine_utilization_pct: shares,
    utilization_pct: shares && Math.max(0, ...Object.values(shares)),
    memory_bytes: Object.fromEntries(memory),
    vram_bytes: ownMemoryBytes(memory),
  };
}
