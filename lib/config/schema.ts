/**
 * Every section and key of `mvgal.conf`.
 *
 * Names are those of the original's files where it had them. A key either does what its sentence says, or
 * is accepted with a warning that says why it does nothing; what is neither is an error.
 *
 * @module
 */

import { parsePciAddress } from "../gpu/pci_address.ts";
import { parseUuid } from "../gpu/uuid.ts";
import type { AnyKey, OtherName, Section, ValuesOf } from "./section.ts";
import { core, log } from "./sections/core.ts";
import { gpu } from "./sections/gpu.ts";
import { originalSections, SECTIONS_WITHOUT_EFFECT } from "./sections/original.ts";
import { power } from "./sections/power.ts";
import { daemon, health, history, http } from "./sections/service.ts";
import { strategies } from "./sections/strategies.ts";

/** The sections with keys, other than those of GPUs, in the order in which they are shown. */
export const SECTIONS = { core, log, ...strategies, power, daemon, http, history, health } as const;

/** A section's name. */
export type SectionName = keyof typeof SECTIONS;

/** The sections' names. */
export const SECTION_NAMES = Object.keys(SECTIONS) as readonly SectionName[];

/** What holds for one GPU. */
export type GpuValues = ValuesOf<typeof gpu.keys>;

/** The section of a GPU, whichever. */
export const GPU_SECTION = gpu;

/** What a section is about: a GPU by its stable id, or by its index in the listing. */
export type GpuReference =
  | { readonly by: "id"; readonly id: string }
  | { readonly by: "index"; readonly index: number };

/**
 * The GPU that a section's name means: `gpu_0`, `gpu pci:0000:06:00.0`, `gpu uuid:…`. Undefined where it
 * means none.
 *
 * @example
 * ```ts
 * import { parseGpuSection } from "./schema.ts";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(parseGpuSection("gpu 06:00.0"), { by: "id", id: "pci:0000:06:00.0" });
 * assert.equal(parseGpuSection("core"), undefined);
 * ```
 */
export function parseGpuSection(name: string): GpuReference | undefined {
  const index = /^gpu_(\d{1,4})$/.exec(name)?.[1];
  if (index !== undefined) return { by: "index", index: Number(index) };
  const word = /^gpu\s+(\S+)$/.exec(name)?.[1];
  if (word === undefined) return undefined;
  const address = parsePciAddress(word.replace(/^pci:/i, ""));
  if (address !== undefined) return { by: "id", id: `pci:${address}` };
  const uuid = parseUuid(word.replace(/^uuid:/i, ""));
  if (uuid !== undefined) return { by: "id", id: `uuid:${uuid}` };
  return /^(?:drm|platform|vulkan|opencl|cuda|level_zero|hip|nvml):\S+$/.test(word)
    ? { by: "id", id: word }
    : undefined;
}

/** The canonical name of a GPU's section. */
export function gpuSectionName(reference: GpuReference): string {
  return reference.by === "id" ? `gpu ${reference.id}` : `gpu_${reference.index}`;
}

/** What a key of a file is. */
export type Place =
  | { readonly is: "key"; readonly section: string; readonly name: string; readonly key: AnyKey }
  | { readonly is: "other_name"; readonly other: OtherName }
  | { readonly is: "without_effect"; readonly why: string }
  | { readonly is: "unknown_section" }
  | { readonly is: "unknown_key"; readonly names: readonly string[] };

/** The section of a name, whether it has effects or not. */
function sectionOf(name: string): Section | undefined {
  if (parseGpuSection(name) !== undefined) return GPU_SECTION;
  for (const table of [SECTIONS, originalSections] as Readonly<Record<string, Section>>[]) {
    if (Object.hasOwn(table, name)) return table[name];
  }
  return undefined;
}

/** What a section's key is. */
export function placeOf(section: string, key: string): Place {
  const nothing = Object.hasOwn(SECTIONS_WITHOUT_EFFECT, section)
    ? SECTIONS_WITHOUT_EFFECT[section]
    : undefined;
  if (nothing !== undefined) return { is: "without_effect", why: nothing };
  const found = sectionOf(section);
  if (found === undefined) return { is: "unknown_section" };
  const { keys, otherNames = {}, withoutEffect = {} } = found;
  const known = Object.hasOwn(keys, key) ? keys[key] : undefined;
  if (known !== undefined) {
    const reference = parseGpuSection(section);
    const name = reference === undefined ? section : gpuSectionName(reference);
    return { is: "key", section: name, name: key, key: known };
  }
  const other = Object.hasOwn(otherNames, key) ? otherNames[key] : undefined;
  if (other !== undefined) return { is: "other_name", other };
  const why = Object.hasOwn(withoutEffect, key) ? withoutEffect[key] : undefined;
  if (why !== undefined) return { is: "without_effect", why };
  const names = [keys, otherNames, withoutEffect].flatMap((each) => Object.keys(each));
  return { is: "unknown_key", names };
}

/** All names of sections, for suggestions. */
export const ALL_SECTION_NAMES: readonly string[] = [
  ...SECTION_NAMES,
  ...Object.keys(originalSections),
  ...Object.keys(SECTIONS_WITHOUT_EFFECT),
];
