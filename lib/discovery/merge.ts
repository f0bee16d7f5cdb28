/**
 * Joins what the sources saw into GPUs. No I/O.
 *
 * @module
 */

import {
  type ApiName,
  type FactName,
  type Gpu,
  type GpuFacts,
  type GpuId,
  unknownFacts,
} from "../gpu/gpu.ts";
import { comparePciAddresses } from "../gpu/pci_address.ts";
import { type Standing, standing, STANDINGS } from "../gpu/standing.ts";
import { type Vendor, vendorFromId } from "../gpu/vendor.ts";
import { precedence, UNITED_FACTS, USUAL_REASONS, usualRank } from "./precedence.ts";
import { reconcile } from "./reconcile.ts";
import type { Sighting } from "./source.ts";

/** The sightings of one source. */
export interface SourceSightings {
  source: string;
  sightings: readonly Sighting[];
}

/** What {@linkcode mergeSightings} gives. */
export interface MergeResult {
  gpus: Gpu[];
  /** What could not be joined for certain, one sentence each. */
  notes: string[];
}

interface Seen {
  source: string;
  sighting: Sighting;
}

/** The sightings of one device. */
type Cluster = Seen[];

/** A name without what drivers put around it: case, `(R)`, `(TM)`, punctuation. */
function plainName(name: string): string {
  return name.toLowerCase().replaceAll(/\((r|tm)\)/g, "").replaceAll(/[^a-z0-9]+/g, " ").trim();
}

/** Clusters by keys of one kind. Two clusters may have the same key. */
class Index<K> {
  readonly #clusters = new Map<K, Set<Cluster>>();

  add(key: K, cluster: Cluster): void {
    const known = this.#clusters.get(key);
    if (known) known.add(cluster);
    else this.#clusters.set(key, new Set([cluster]));
  }

  get(key: K): Cluster[] {
    return [...this.#clusters.get(key) ?? []];
  }
}

/** The keys by which one cluster finds another's sightings, software apart from hardware. */
class Clusters {
  readonly all: Cluster[] = [];
  readonly notes: string[] = [];
  readonly #byPci = new Index<string>();
  readonly #byUuid = new Index<string>();
  readonly #byMinor = new Index<number>();
  readonly #byName = new Index<string>();

  /** Adds a sighting to a cluster, or to a new one, and remembers its keys. */
  #put(seen: Seen, cluster: Cluster | undefined): void {
    let into = cluster;
    if (into === undefined) this.all.push(into = []);
    into.push(seen);
    const { match } = seen.sighting;
    if (match.pci !== undefined) this.#byPci.add(match.pci, into);
    if (match.uuid !== undefined) this.#byUuid.add(match.uuid, into);
    for (const minor of match.drm_minors ?? []) this.#byMinor.add(minor, into);
    const name = match.name ?? seen.sighting.facts.name;
    if (name) this.#byName.add(plainName(name), into);
  }

  /** Tries the keys best first: PCI address, UUID, DRM node, name. */
  add(seen: Seen): void {
    const { match } = seen.sighting;
    if (match.pci !== undefined) return this.#put(seen, this.#byPci.get(match.pci)[0]);
    const exact = [
      match.uuid === undefined ? [] : this.#byUuid.get(match.uuid),
      [...new Set(match.drm_minors?.flatMap((minor) => this.#byMinor.get(minor)))],
    ];
    for (const found of exact) {
      if (found.length === 1) return this.#put(seen, found[0]);
    }
    const named = match.name === undefined ? [] : this.#byName.get(plainName(match.name))
      // Two devices of one name that a source tells apart by nothing else are two.
      .filter((cluster) =>
        !cluster.some((other) => other.source === seen.source && certainty(other.sighting) === 3)
      );
    if (named.length > 1) {
      // Any choice would be a guess, and one more entry would be a device that is not there.
      this.notes.push(
        `${seen.source} shows ${match.name} and does not tell which of ${named.length} it is`,
      );
      return;
    }
    this.#put(seen, named[0]);
  }
}

/** How sure a sighting's own keys are: those with better ones go first, so that others find them. */
function certainty({ match }: Sighting): number {
  return match.pci !== undefined
    ? 0
    : match.uuid !== undefined
    ? 1
    : match.drm_minors?.length
    ? 2
    : 3;
}

function cluster(seen: readonly Seen[]): { clusters: Cluster[]; notes: string[] } {
  const groups = [new Clusters(), new Clusters()] as const;
  for (const one of seen.toSorted((a, b) => certainty(a.sighting) - certainty(b.sighting))) {
    groups[one.sighting.match.software ? 1 : 0].add(one);
  }
  return {
    clusters: groups.flatMap((group) => group.all),
    notes: groups.flatMap((group) => group.notes),
  };
}

function isKnown(fact: FactName, value: unknown): boolean {
  return value !== undefined && value !== null && !(fact === "kind" && value === "unknown");
}

const FACT_NAMES = Object.keys(unknownFacts()) as FactName[];

/** The facts of a cluster by precedence, with sources and reasons. */
function mergeFacts(seen: Cluster): Pick<Gpu, "sources" | "absent"> & { facts: GpuFacts } {
  const facts = unknownFacts();
  const sources: Gpu["sources"] = {};
  const absent: Gpu["absent"] = {};
  const take = <K extends FactName>(fact: K) => {
    const ranked = seen.toSorted((a, b) => precedence(fact, a.source) - precedence(fact, b.source));
    const tellers = ranked.filter(({ sighting }) => isKnown(fact, sighting.facts[fact]));
    const [best] = tellers;
    const value = best?.sighting.facts[fact];
    if (best === undefined || value === undefined) {
      absent[fact] = ranked.map(({ sighting }) => sighting.absent?.[fact])
        .find((reason) => reason) ?? USUAL_REASONS[fact] ?? "no source that was asked tells it";
      return;
    }
    facts[fact] = value;
    const names = UNITED_FACTS.has(fact) ? tellers : [best];
    sources[fact] = [
      ...new Set(names.map(({ source, sighting }) => sighting.sources?.[fact] ?? source)),
    ].join(", ");
  };
  for (const fact of FACT_NAMES) take(fact);
  facts.device_nodes = [
    ...new Set(seen.flatMap(({ sighting }) => sighting.facts.device_nodes ?? [])),
  ];
  return { facts, sources, absent };
}

function apisOf(seen: Cluster): Gpu["apis"] {
  const apis: Gpu["apis"] = {};
  for (const { sighting: { api } } of seen) {
    if (api === undefined) continue;
    const name: ApiName = api.name;
    (apis[name] ??= []).push(api.device);
  }
  return apis;
}

/**
 * A stable name: a program by its API, a device by its PCI address or its place in the device tree,
 * which do not depend on which libraries are installed; else its UUID, or what its source calls it.
 */
function idOf(seen: Cluster): GpuId {
  const [first] = seen;
  const fallback = first?.sighting.fallback_id ?? "unknown";
  if (first?.sighting.match.software) return fallback;
  const pci = seen.find(({ sighting }) => sighting.match.pci)?.sighting.match.pci;
  if (pci !== undefined) return `pci:${pci}`;
  const uuid = seen.find(({ sighting }) => sighting.match.uuid)?.sighting.match.uuid;
  return uuid === undefined || fallback.startsWith("platform:") ? fallback : `uuid:${uuid}`;
}

function vendorOf(seen: Cluster): Vendor {
  const id = seen.find(({ sighting }) => sighting.vendor_id !== undefined)?.sighting.vendor_id;
  return id === undefined ? "other" : vendorFromId(id);
}

function toGpu(found: Cluster): Gpu {
  const seen = found.toSorted((a, b) => usualRank(a.source) - usualRank(b.source));
  const { facts, sources, absent } = mergeFacts(seen);
  if (seen.some(({ sighting }) => sighting.match.software)) {
    facts.kind = "software";
    sources.kind = seen[0]?.source ?? "";
    delete absent.kind;
  }
  return reconcile({
    ...facts,
    id: idOf(seen),
    index: -1,
    vendor: vendorOf(seen),
    seen_by: [...new Set(seen.map(({ source }) => source))],
    apis: apisOf(seen),
    enabled: true,
    sources,
    absent,
  });
}

const BY_TEXT = new Intl.Collator("en", { numeric: true });

/** Counted GPUs first; within a standing those with a PCI address in PCI order, then the rest. */
function inListingOrder(a: Gpu, b: Gpu): number {
  const rank = (gpu: Gpu) => STANDINGS.indexOf(standing(gpu) satisfies Standing);
  const place = (gpu: Gpu) => gpu.id.startsWith("pci:") ? 0 : 1;
  if (rank(a) !== rank(b)) return rank(a) - rank(b);
  if (place(a) !== place(b)) return place(a) - place(b);
  const address = (gpu: Gpu) => gpu.id.slice("pci:".length);
  return place(a) === 0 ? comparePciAddresses(address(a), address(b)) : BY_TEXT.compare(a.id, b.id);
}

/**
 * Joins sightings of the same device by PCI address, then UUID, then DRM node, then name, and decides
 * between sources that differ by {@linkcode precedence}. A device that one source alone saw is kept;
 * `seen_by` says so. Software devices are never joined with hardware.
 */
export function mergeSightings(reports: readonly SourceSightings[]): MergeResult {
  const seen = reports.flatMap(({ source, sightings }) =>
    sightings.map((sighting) => ({ source, sighting }))
  );
  const { clusters, notes } = cluster(seen);
  const gpus = clusters.map(toGpu).sort(inListingOrder);
  const taken = new Map<string, number>();
  gpus.forEach((gpu, index) => {
    gpu.index = index;
    const before = taken.get(gpu.id) ?? 0;
    taken.set(gpu.id, before + 1);
    if (before > 0) gpu.id = `${gpu.id}#${before + 1}`;
  });
  return { gpus, notes };
}
