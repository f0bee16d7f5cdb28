/**
 * Choosing GPUs by what people type after `--gpu`.
 *
 * A selector is a list of terms with commas between them:
 *
 * | Term | Chooses |
 * |-|-|
 * | `all` | every device |
 * | `0`, `0-2` | devices by their index in the listing |
 * | `nvidia`, `amd`, `intel`, `mthreads`, … | devices of a vendor |
 * | `discrete`, `integrated`, `virtual`, `display`, `software` | devices of a kind |
 * | `pci:0000:06:00.0`, `06:00.0` | the device with this PCI address |
 * | `uuid:…`, `GPU-…` | the device with this UUID |
 * | `drm:card1`, `platform:…`, `vulkan:0`, … | the device with this id |
 * | `name:5090` | devices with this in their name, in any case |
 * | `!TERM` | takes away what the term chooses; without another term, from all |
 *
 * @module
 */

import { closest } from "./closest.ts";
import type { Gpu, GpuKind } from "./gpu.ts";
import { parsePciAddress, type PciAddress } from "./pci_address.ts";
import { parseUuid } from "./uuid.ts";
import { type Vendor, vendorNames } from "./vendor.ts";

/** What one term asks of a device. */
export type GpuCriterion =
  | { by: "all" }
  | { by: "index"; first: number; last: number }
  | { by: "vendor"; vendor: Vendor }
  | { by: "kind"; kind: GpuKind }
  | { by: "pci"; address: PciAddress }
  | { by: "uuid"; uuid: string }
  | { by: "id"; id: string }
  | { by: "name"; part: string };

/** One term of a selector. */
export interface GpuTerm {
  /** As it was typed, without the `!`. */
  text: string;
  /** Whether it takes away what it chooses. */
  exclude: boolean;
  /** What it asks of a device. */
  criterion: GpuCriterion;
}

/** A parsed selector. */
export interface GpuSelector {
  /** Its terms in the order in which they were typed. */
  terms: readonly GpuTerm[];
}

/** The selector is not written as one can be. */
export class GpuSelectorError extends Error {
  override readonly name = "GpuSelectorError";
}

/** The selector names a device that is not there. */
export class GpuNotFoundError extends Error {
  override readonly name = "GpuNotFoundError";
}

const KINDS: readonly GpuKind[] = ["discrete", "integrated", "virtual", "display", "software"];

/** Prefixes of ids that no parser of their own checks. */
const ID = /^(drm|platform|vulkan|opencl|cuda|level_zero|hip|nvml):\S+$/;

const isVendor = (word: string): word is Vendor => (vendorNames() as string[]).includes(word);
const isKind = (word: string): word is GpuKind => (KINDS as string[]).includes(word);

function parseCriterion(text: string): GpuCriterion {
  const word = text.toLowerCase();
  if (word === "all") return { by: "all" };
  if (isVendor(word)) return { by: "vendor", vendor: word };
  if (isKind(word)) return { by: "kind", kind: word };
  const range = /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(word);
  if (range) {
    const first = Number(range[1]);
    const last = Number(range[2] ?? range[1]);
    if (last < first) {
      throw new GpuSelectorError(`GPU range '${text}' runs backwards: write ${last}-${first}`);
    }
    return { by: "index", first, last };
  }
  const address = parsePciAddress(word.replace(/^pci:/, ""));
  if (address !== undefined) return { by: "pci", address };
  if (word.startsWith("pci:")) {
    throw new GpuSelectorError(`'${text}' is no PCI address: write it like pci:0000:06:00.0`);
  }
  const uuid = parseUuid(word.replace(/^uuid:/, ""));
  if (uuid !== undefined) return { by: "uuid", uuid };
  if (word.startsWith("uuid:")) {
    throw new GpuSelectorError(
      `'${text}' is no UUID: write all of it, as 'mvgal info' shows it`,
    );
  }
  if (word.startsWith("name:")) {
    const part = text.slice("name:".length).trim();
    if (part === "") throw new GpuSelectorError("'name:' needs a part of a GPU's name behind it");
    return { by: "name", part };
  }
  if (ID.test(word)) return { by: "id", id: text };
  const meant = closest(word, ["all", ...vendorNames(), ...KINDS]);
  throw new GpuSelectorError(
    `'${text}' chooses no GPU` +
      (meant === undefined
        ? `: write an index, a vendor, a PCI address, or name:${text} for a part of the name`
        : ` (Did you mean ${meant}?)`),
  );
}

/**
 * Parses a selector.
 *
 * @throws {GpuSelectorError} where a term is empty or means nothing.
 * @example
 * ```ts
 * import { parseGpuSelector } from "./selector.ts";
 *
 * parseGpuSelector("nvidia,!1"); // all of NVIDIA's but the second device of the listing
 * ```
 */
export function parseGpuSelector(text: string): GpuSelector {
  const terms = text.split(",").map((part): GpuTerm => {
    const exclude = part.trim().startsWith("!");
    const term = part.trim().replace(/^!\s*/, "");
    if (term === "") {
      throw new GpuSelectorError(
        `GPU selector '${text}' has an empty term: write e.g. 0,2 or nvidia or all`,
      );
    }
    return { text: term, exclude, criterion: parseCriterion(term) };
  });
  return { terms };
}

function meets(gpu: Gpu, criterion: GpuCriterion): boolean {
  switch (criterion.by) {
    case "all":
      return true;
    case "index":
      return gpu.index >= criterion.first && gpu.index <= criterion.last;
    case "vendor":
      return gpu.vendor === criterion.vendor;
    case "kind":
      return gpu.kind === criterion.kind;
    case "pci":
      return gpu.pci_slot === criterion.address || gpu.id === `pci:${criterion.address}`;
    case "uuid":
      return parseUuid(gpu.uuid ?? "") === criterion.uuid || gpu.id === `uuid:${criterion.uuid}`;
    case "id":
      return gpu.id.toLowerCase() === criterion.id.toLowerCase();
    case "name":
      return gpu.name?.toLowerCase().includes(criterion.part.toLowerCase()) ?? false;
  }
}

/** `0 NVIDIA H200 (pci:0000:06:00.0), 1 …`: what there is to choose from. */
function whatThereIs(gpus: readonly Gpu[]): string {
  if (gpus.length === 0) return "this host has no GPU that mvgal can see";
  return `there is ${
    gpus.map((gpu) => `${gpu.index} ${gpu.name ?? gpu.vendor} (${gpu.id})`).join(", ")
  }`;
}

/** Why a term that chooses nothing does so. */
function missing(term: GpuTerm, gpus: readonly Gpu[]): GpuNotFoundError {
  const id = term.criterion.by === "id" || term.criterion.by === "pci"
    ? closest(term.text, gpus.map((gpu) => gpu.id))
    : undefined;
  const hint = id === undefined ? "" : ` (Did you mean ${id}?)`;
  return new GpuNotFoundError(`no GPU is '${term.text}'${hint}: ${whatThereIs(gpus)}`);
}

/**
 * The devices that a selector chooses, in the order of the listing.
 *
 * @throws {GpuNotFoundError} where a term, other than one that takes away, chooses no device, or where
 * nothing is left.
 */
export function selectGpus(gpus: readonly Gpu[], selector: GpuSelector): Gpu[] {
  const chosen = new Set<Gpu>();
  const including = selector.terms.filter((term) => !term.exclude);
  if (including.length === 0) { for (const gpu of gpus) chosen.add(gpu); }
  for (const term of including) {
    const found = gpus.filter((gpu) => meets(gpu, term.criterion));
    const { criterion } = term;
    // Of a range, every index has to be there: a missing one is a mistake, not a smaller range.
    const wanted = criterion.by === "index" ? criterion.last - criterion.first + 1 : 1;
    if (found.length < wanted && !(criterion.by === "all")) throw missing(term, gpus);
    for (const gpu of found) chosen.add(gpu);
  }
  for (const { criterion } of selector.terms.filter((term) => term.exclude)) {
    for (const gpu of chosen) if (meets(gpu, criterion)) chosen.delete(gpu);
  }
  if (chosen.size === 0 && gpus.length > 0) {
    const text = selector.terms.map((term) => `${term.exclude ? "!" : ""}${term.text}`).join(",");
    throw new GpuNotFoundError(`'${text}' leaves no GPU: ${whatThereIs(gpus)}`);
  }
  return gpus.filter((gpu) => chosen.has(gpu));
}
