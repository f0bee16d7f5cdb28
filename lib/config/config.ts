/**
 * From the text of `mvgal.conf` to values: all keys, checked, with what is wrong by line. Pure.
 *
 * @module
 */

import { closest } from "../gpu/closest.ts";
import { HealthThresholdError, healthThresholds } from "../telemetry/health/thresholds.ts";
import { type IniDocument, iniEntries, type IniEntry, parseIni } from "./ini_document.ts";
import { ConfigValueError } from "./key.ts";
import { isLoopback, parseAddress } from "./listen_address.ts";
import {
  ALL_SECTION_NAMES,
  GPU_SECTION,
  type GpuReference,
  type GpuValues,
  parseGpuSection,
  placeOf,
  SECTION_NAMES,
  type SectionName,
  SECTIONS,
} from "./schema.ts";
import type { AnyKey, OtherName, ValuesOf } from "./section.ts";

/** What the file says of one GPU; keys that it does not have are absent. */
export interface GpuConfig {
  readonly reference: GpuReference;
  /** The section's name in its canonical form. */
  readonly section: string;
  readonly values: Partial<GpuValues>;
}

/** All values; of keys that the file does not have, the defaults. Frozen. */
export type Config =
  & { readonly [Name in SectionName]: ValuesOf<typeof SECTIONS[Name]["keys"]> }
  & {
    /** In the order of the file, those by index before those by id, which win. */
    readonly gpus: readonly GpuConfig[];
  };

/** What is wrong with a file, or might be. */
export interface ConfigProblem {
  /** With an error the file is not taken. */
  readonly severity: "error" | "warning";
  /** Counted from 1; null for what is about no line. */
  readonly line: number | null;
  readonly section: string | null;
  readonly key: string | null;
  /** One line. */
  readonly message: string;
}

/** A file that was read. */
export interface ReadConfig {
  /** Where there are errors, with the defaults in place of what is wrong. */
  readonly config: Config;
  /** In the order of the lines. */
  readonly problems: readonly ConfigProblem[];
  /** Whether there is no error. */
  readonly valid: boolean;
  /** The lines of the keys that are set: `section.key` in its canonical form -> line. */
  readonly given: ReadonlyMap<string, number>;
  readonly document: IniDocument;
}

/** A section's name and a key as people write them: `[core] enabled`. */
export function keyName(section: string, key: string): string {
  return `[${section}] ${key}`;
}

class Reader {
  readonly problems: ConfigProblem[] = [];
  /** By canonical section. */
  readonly values = new Map<string, Map<string, unknown>>();
  readonly given = new Map<string, number>();

  say(
    severity: ConfigProblem["severity"],
    message: string,
    at: { line?: number; section?: string; key?: string } = {},
  ): void {
    const { line = null, section = null, key = null } = at;
    this.problems.push({ severity, line, section, key, message });
  }

  header(name: string, line: number): void {
    const isKnown = ALL_SECTION_NAMES.includes(name) || parseGpuSection(name) !== undefined;
    if (isKnown) return;
    const near = closest(name, ALL_SECTION_NAMES);
    const hint = /^gpu\b|^gpu_/i.test(name)
      ? ": write [gpu pci:0000:06:00.0] or [gpu_0]"
      : near === undefined
      ? `: there are ${SECTION_NAMES.join(", ")} and those of GPUs`
      : `: did you mean [${near}]?`;
    this.say("error", `there is no section [${name}]${hint}`, { line, section: name });
  }

  entry(entry: IniEntry): void {
    const { section, key, value, line } = entry;
    if (section === "") {
      return this.say("error", `${key} stands before the first [section]: put it into one`, entry);
    }
    const place = placeOf(section, key);
    switch (place.is) {
      case "unknown_section": // Said at its header.
        return;
      case "unknown_key": {
        const near = closest(key, place.names);
        const hint = near === undefined
          ? "mvgal config show lists what there is"
          : `did you mean ${near}?`;
        return this.say("error", `${keyName(section, key)}: there is no such key: ${hint}`, entry);
      }
      case "without_effect":
        return this.say(
          "warning",
          `${keyName(section, key)} has no effect: ${place.why}`,
          entry,
        );
      case "key":
        return this.#take(entry, place.section, place.name, place.key, value);
      case "other_name": {
        const [to, name, spec] = target(place.other);
        return this.#take({ section, key, line }, to, name, spec, scaled(value, place.other.times));
      }
    }
  }

  #take(
    at: { section: string; key: string; line: number },
    section: string,
    key: string,
    spec: AnyKey,
    text: string,
  ): void {
    const name = keyName(at.section, at.key);
    const before = this.given.get(`${section}.${key}`);
    if (before !== undefined) {
      this.say("error", `${name} is set in line ${before} already: leave one of them out`, at);
    }
    this.given.set(`${section}.${key}`, at.line);
    try {
      const value: unknown = spec.parse(text);
      const caution = spec.caution(value);
      if (caution !== null) this.say("warning", `${name} ${caution}`, at);
      const values = this.values.get(section) ?? new Map<string, unknown>();
      this.values.set(section, values.set(key, value));
    } catch (error) {
      if (!(error instanceof ConfigValueError)) throw error;
      this.say("error", `${name} cannot be '${shown(text)}': ${error.message}`, at);
    }
  }
}

/** A value in a message: on one line, and not without end. */
function shown(text: string): string {
  const line = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"');
  return line.length > 60 ? `${line.slice(0, 57)}...` : line;
}

/** Section, name and key that another name leads to. */
function target({ to }: OtherName): [string, string, AnyKey] {
  const [section = "", key = ""] = to.split(".");
  const place = placeOf(section, key);
  if (place.is !== "key") throw new TypeError(`the schema has no key ${to}`);
  return [place.section, place.name, place.key];
}

function scaled(text: string, times: number | undefined): string {
  const number = text === "" ? NaN : Number(text);
  return times === undefined || !Number.isFinite(number) ? text : String(number * times);
}

/** `true` where all keys have their defaults but these. */
function withDefaults(keys: Readonly<Record<string, AnyKey>>, given?: Map<string, unknown>) {
  return Object.freeze(Object.fromEntries(
    Object.entries(keys).map(([name, key]) => [
      name,
      given?.has(name) ? given.get(name) : key.default,
    ]),
  ));
}

function gpusOf(values: ReadonlyMap<string, ReadonlyMap<string, unknown>>): GpuConfig[] {
  const gpus = [...values].flatMap(([section, given]): GpuConfig[] => {
    const reference = parseGpuSection(section);
    const values = Object.freeze(Object.fromEntries(given)) as Partial<GpuValues>;
    return reference === undefined ? [] : [Object.freeze({ reference, section, values })];
  });
  const rank = ({ reference }: GpuConfig) => reference.by === "index" ? 0 : 1;
  return gpus.sort((a, b) => rank(a) - rank(b));
}

/** Keys of `[power]` of which the first must not be above the second. */
const RISING = [
  ["idle_timeout_ms", "sustained_timeout_ms"],
  ["sustained_timeout_ms", "park_timeout_ms"],
  ["thermal_threshold", "critical_threshold"],
] as const;

/** What single keys cannot know: whether they fit together. */
function checkTogether(config: Config, reader: Reader): void {
  const { http, power, health } = config;
  const at = (section: string, key: string) => {
    const line = reader.given.get(`${section}.${key}`);
    return line === undefined ? { section, key } : { section, key, line };
  };
  for (const [lower, upper] of RISING) {
    if (power[lower] <= power[upper]) continue;
    reader.say(
      "error",
      `[power] ${lower} is ${power[lower]}, above ${upper}, which is ${power[upper]}: ` +
        "lower it, or raise the other",
      at("power", reader.given.has(`power.${lower}`) ? lower : upper),
    );
  }
  const halves = [["tls_certificate", "tls_key"], ["tls_key", "tls_certificate"]] as const;
  for (const [one, other] of halves) {
    if (http[one] !== null && http[other] === null) {
      reader.say("error", `[http] ${one} needs ${other} beside it`, at("http", one));
    }
  }
  if (http.listen !== null && http.tls_certificate === null) {
    if (!isLoopback(parseAddress(http.listen))) {
      reader.say(
        "warning",
        `[http] listen = ${http.listen} is open to other hosts, and the token goes over the wire as it is: ` +
          "set tls_certificate and tls_key",
        at("http", "listen"),
      );
    }
  }
  try {
    healthThresholds(health);
  } catch (error) {
    if (!(error instanceof HealthThresholdError)) throw error;
    const key = Object.keys(health).find((name) => error.message.includes(name)) ?? "";
    reader.say("error", `[health] ${error.message}`, at("health", key));
  }
}

/**
 * Reads the text of a configuration file. Total.
 *
 * @example
 * ```ts
 * import { readConfig } from "./config.ts";
 * import assert from "node:assert/strict";
 *
 * const { config, problems } = readConfig("[core]\ndefault_strategy = afr\nenabeld = true\n");
 * assert.equal(config.core.default_strategy, "afr");
 * assert.equal(problems[0]?.line, 3);
 * assert.match(problems[0]?.message ?? "", /did you mean enabled\?/);
 * ```
 */
export function readConfig(text: string): ReadConfig {
  const document = parseIni(text);
  const reader = new Reader();
  document.lines.forEach(({ meaning }, index) => {
    const line = index + 1;
    if (meaning.kind === "section") reader.header(meaning.name, line);
    if (meaning.kind === "bad") reader.say("error", `the line ${meaning.problem}`, { line });
  });
  for (const entry of iniEntries(document)) reader.entry(entry);
  const sections = SECTION_NAMES.map((name) => [
    name,
    withDefaults(SECTIONS[name].keys, reader.values.get(name)),
  ]);
  const config = Object.freeze({
    ...Object.fromEntries(sections),
    gpus: Object.freeze(gpusOf(reader.values)),
  }) as Config;
  checkTogether(config, reader);
  const problems = reader.problems.sort((a, b) => (a.line ?? Infinity) - (b.line ?? Infinity));
  const valid = problems.every(({ severity }) => severity !== "error");
  return { config, problems, valid, given: reader.given, document };
}

/** The configuration of a host that has no file. */
export const DEFAULT_CONFIG: Config = readConfig("").config;

/**
 * The values by section and key, as JSON and people see them: lists and curves as the text that stands for
 * them. Sections of GPUs have the keys alone that the file has.
 */
export function configValues(
  config: Config,
): Record<string, Record<string, string | number | boolean | null>> {
  const plain = (key: AnyKey, value: unknown) =>
    typeof value === "object" && value !== null
      ? key.format(value)
      : value as string | number | boolean | null;
  const rows = (
    keys: Readonly<Record<string, AnyKey>>,
    values: Readonly<Record<string, unknown>>,
  ) =>
    Object.fromEntries(
      Object.entries(keys).flatMap(([name, key]) =>
        values[name] === undefined ? [] : [[name, plain(key, values[name])]]
      ),
    );
  return Object.fromEntries([
    ...SECTION_NAMES.map((name) => [name, rows(SECTIONS[name].keys, config[name])]),
    ...config.gpus.map(({ section, values }) => [section, rows(GPU_SECTION.keys, values)]),
  ]);
}

/** A problem as compilers write theirs: `FILE:LINE: error: MESSAGE`. */
export function formatProblem(file: string, { severity, line, message }: ConfigProblem): string {
  return `${file}${line === null ? "" : `:${line}`}: ${severity}: ${message}`;
}
