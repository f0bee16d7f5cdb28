/**
 * What the sources that ask a vendor's library have in common: facts that may be refused one by one,
 * and libraries that fail as a whole, or print.
 *
 * @module
 */

import { CallError } from "../../ffi/call_error.ts";
import { captureOutput } from "../../ffi/capture.ts";
import type { FactName, GpuFacts } from "../gpu/gpu.ts";
import { FactNotes } from "./fact_notes.ts";
import type { SourceReport } from "./source.ts";

/** An error on one line. */
function oneLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/\s*\n\s*/g, " ").trim();
}

/** Why a call gave nothing: `nvmlDeviceGetTemperature: NVML_ERROR_NOT_SUPPORTED (Not Supported)`. */
export function refusal(error: unknown): string {
  if (!(error instanceof CallError)) throw error;
  return oneLine(error);
}

/** What `read` gives; undefined where the library refuses. */
export function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    refusal(error);
    return undefined;
  }
}

/** Gathers the facts of one device, with where each came from, or why it did not. */
export class FactGatherer extends FactNotes {
  readonly #source: string;

  /** Takes the name of the source, which stands before each call: `nvml:nvmlDeviceGetName`. */
  constructor(source: string) {
    super();
    this.#source = source;
  }

  /** Records a fact that is known. */
  set<K extends FactName>(name: K, value: Exclude<GpuFacts[K], null>, call: string): void {
    this.facts[name] = value;
    this.sources[name] = `${this.#source}:${call}`;
  }

  /** Records why facts are not known. */
  miss(names: readonly FactName[], reason: string): void {
    for (const name of names) this.absent[name] = reason;
  }

  /**
   * Records what `read` gives as the fact `name`; where the library refuses, why.
   *
   * @returns what `read` gave.
   */
  ask<K extends FactName>(
    name: K,
    call: string,
    read: () => Exclude<GpuFacts[K], null>,
  ): Exclude<GpuFacts[K], null> | undefined {
    return this.askFor([name], read, (value) => this.set(name, value, call));
  }

  /** Like {@linkcode ask} for several facts that one call gives: `record` sets them. */
  askFor<T>(
    names: readonly FactName[],
    read: () => T,
    record: (value: T) => void,
  ): T | undefined {
    let value: T;
    try {
      value = read();
    } catch (error) {
      this.miss(names, refusal(error));
      return undefined;
    }
    record(value);
    return value;
  }
}

/**
 * Asks a library for devices. Whatever it throws becomes a `failed` report, and what it prints a part of
 * the report, not of mvgal's output.
 *
 * @param capture as in `DiscoveryContext`.
 */
export function reportLibrary(ask: () => SourceReport, capture = true): SourceReport {
  const attempted = (): SourceReport => {
    try {
      return ask();
    } catch (error) {
      return { state: "failed", reason: oneLine(error) };
    }
  };
  const { value, printed } = capture
    ? captureOutput(attempted)
    : { value: attempted(), printed: "" };
  if (printed === "") return value;
  const said = `the driver printed: ${printed.split("\n", 1)[0]}`;
  if (value.state !== "ok") return { ...value, reason: `${value.reason}; ${said}` };
  return { ...value, note: joinNotes(value.note, said) ?? said };
}

/** Notes that there are, as one line; undefined for none. */
export function joinNotes(...notes: (string | undefined)[]): string | undefined {
  const said = notes.filter((note) => note !== undefined && note !== "");
  return said.length === 0 ? undefined : said.join("; ");
}

/**
 * A note for the variables by which users hide devices from an API: what it shows may then be a part of
 * what there is.
 */
export function hidingNote(
  variables: readonly string[],
  environment: (name: string) => string | undefined = (name) => Deno.env.get(name),
): string | undefined {
  const set = variables.flatMap((name) => {
    const value = environment(name);
    return value === undefined ? [] : [`${name}=${value}`];
  });
  return set.length === 0 ? undefined : `${set.join(" ")} may hide devices`;
}

/** A hexadecimal PCI id in the form of sysfs: `0x10de`. */
export function pciId(value: number): string {
  return `0x${value.toString(16).padStart(4, "0")}`;
}
