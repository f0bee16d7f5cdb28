/**
 * Keys as people name them, and where a file has them: under their own name, under another, or in a section
 * that is written in another way. Pure.
 *
 * @module
 */

import { closest } from "../gpu/closest.ts";
import {
  getIniValue,
  type IniDocument,
  iniEntries,
  removeIniKey,
  setIniValue,
} from "./ini_document.ts";
import {
  ALL_SECTION_NAMES,
  gpuSectionName,
  parseGpuSection,
  type Place,
  placeOf,
  SECTION_NAMES,
  SECTIONS,
} from "./schema.ts";
import type { AnyKey } from "./section.ts";

/** There is no such key. The message is one line, with what was probably meant. */
export class ConfigKeyError extends Error {
  override readonly name = "ConfigKeyError";
}

/** A key of the configuration. */
export interface ConfigKey {
  /** In its canonical form. */
  readonly section: string;
  readonly key: string;
  /** What it may be; null for a key of the original's that has no effect. */
  readonly spec: AnyKey | null;
}

/** A section's name as people write it: `pci:0000:06:00.0` is `gpu pci:0000:06:00.0`. */
export function canonicalSection(name: string): string {
  const reference = parseGpuSection(name) ??
    (/^[\w]+:|^[0-9a-f]+:/i.test(name) ? parseGpuSection(`gpu ${name}`) : undefined);
  return reference === undefined ? name : gpuSectionName(reference);
}

/** The key that a place is. */
function keyAt(section: string, key: string, place: Place): ConfigKey | undefined {
  switch (place.is) {
    case "key":
      return { section: place.section, key: place.name, spec: place.key };
    case "other_name": {
      const [to = "", name = ""] = place.other.to.split(".");
      return keyAt(to, name, placeOf(to, name));
    }
    case "without_effect":
      return { section, key, spec: null };
    default:
      return undefined;
  }
}

/** Refuses the name of a section in place of a key. */
function checkNoSection(text: string): void {
  const section = SECTION_NAMES.find((name) => name === text);
  if (section === undefined) return;
  const [key = "KEY"] = Object.keys(SECTIONS[section].keys);
  throw new ConfigKeyError(`'${text}' is a section: write ${text}.KEY, such as ${text}.${key}`);
}

/**
 * The key that a text names: `core.default_strategy`, `gpu_0.priority`, `pci:0000:06:00.0.priority`.
 *
 * @throws {ConfigKeyError} where there is no such key.
 */
export function parseConfigKey(text: string): ConfigKey {
  const dot = text.lastIndexOf(".");
  if (dot < 0) {
    checkNoSection(text);
    const homes = SECTION_NAMES.filter((name) => Object.hasOwn(SECTIONS[name].keys, text));
    throw new ConfigKeyError(
      `'${text}' names no section: write ` +
        (homes.length === 0
          ? "SECTION.KEY, such as core.default_strategy"
          : homes.map((home) => `${home}.${text}`).join(" or ")),
    );
  }
  const section = canonicalSection(text.slice(0, dot).trim());
  const key = text.slice(dot + 1).trim();
  const place = placeOf(section, key);
  const found = keyAt(section, key, place);
  if (found !== undefined) return found;
  const [what, near] = place.is === "unknown_key"
    ? [`section [${section}] has no key '${key}'`, closest(key, place.names)]
    : [`there is no section '${section}'`, closest(section, ALL_SECTION_NAMES)];
  const suffix = place.is === "unknown_key" ? "" : `.${key}`;
  const hint = near === undefined
    ? "mvgal config show lists what there is"
    : `did you mean ${place.is === "unknown_key" ? `${section}.` : ""}${near}${suffix}?`;
  throw new ConfigKeyError(`${what}: ${hint}`);
}

/** Where a file has a key. */
interface Spot {
  readonly section: string;
  readonly key: string;
  /** By what the value is multiplied when it is read. */
  readonly times: number;
}

function spotsOf(document: IniDocument, wanted: ConfigKey): Spot[] {
  return iniEntries(document).flatMap(({ section, key }) => {
    const place = placeOf(section, key);
    const found = keyAt(section, key, place);
    const isIt = found?.section === wanted.section && found.key === wanted.key;
    const times = place.is === "other_name" ? place.other.times ?? 1 : 1;
    return isIt ? [{ section, key, times }] : [];
  });
}

/** The name that a section has in this file, where it is there already. */
function sectionIn({ lines }: IniDocument, section: string): string {
  const names = lines.flatMap(({ meaning }) => meaning.kind === "section" ? [meaning.name] : []);
  return names.findLast((name) => canonicalSection(name) === section) ?? section;
}

/** The text of a key in the file; undefined where it is not set. */
export function givenValue(document: IniDocument, wanted: ConfigKey): string | undefined {
  const spot = spotsOf(document, wanted).at(-1);
  return spot === undefined ? undefined : getIniValue(document, spot.section, spot.key);
}

/**
 * The file with a key set, in the line where it is set already, under whichever name.
 *
 * @param text the value, in its canonical form.
 */
export function setConfigKey(document: IniDocument, wanted: ConfigKey, text: string): IniDocument {
  const spot = spotsOf(document, wanted).at(-1);
  if (spot === undefined) {
    return setIniValue(document, sectionIn(document, wanted.section), wanted.key, text);
  }
  const written = spot.times === 1 || text === "" ? text : String(Number(text) / spot.times);
  return setIniValue(document, spot.section, spot.key, written);
}

/** The file without a key, under all its names. */
export function unsetConfigKey(document: IniDocument, wanted: ConfigKey): IniDocument {
  return spotsOf(document, wanted)
    .reduce((rest, { section, key }) => removeIniKey(rest, section, key), document);
}
