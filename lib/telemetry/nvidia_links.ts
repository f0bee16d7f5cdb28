/**
 * What changes over time on NVIDIA's GPUs and comes through NVML's fields: traffic over NVLinks, which is
 * counted since the driver was loaded, and the temperature of the memory, which is asked in the same call.
 *
 * @module
 */

import { type Answer, answerOf } from "../../ffi/answer.ts";
import { NVLINK_MAX_LINKS, type NvmlDevice } from "../../ffi/nvml.ts";
import { fieldQuery, type NvmlFieldQuery } from "../../ffi/nvml_fields.ts";
import { ALL_LINKS, NVML_RESULT, TELEMETRY_FIELDS } from "../../ffi/nvml_telemetry_abi.ts";
import type { AnswerReading } from "./answer_reading.ts";
import { FIRST_LOOK } from "./driver.ts";
import type { OpenNvml } from "./nvml_share.ts";

/** Links train when the GPU starts, and seldom after: one look at all of them costs as much as the rest. */
const LOOK_EVERY_MS = 5000;

/** Which links there are is asked anew so often: while a driver starts it may say that there are none. */
const FIND_EVERY_MS = 60_000;

const { memoryTemperature, nvlinkDataTx, nvlinkDataRx } = TELEMETRY_FIELDS;

/** Bytes counted in one direction at a time in milliseconds. */
interface Mark {
  bytes: number;
  at: number;
}

/** The links of one GPU over time. */
export class NvidiaLinks {
  readonly #open: OpenNvml;
  readonly #device: NvmlDevice;
  readonly #now: () => number;
  /** Which links the GPU has, by number: it refuses the others. A failure on the way proves nothing. */
  readonly #there: ("yes" | "no" | "unsure" | undefined)[] = [];
  /** The numbers of those that it has, or may have. */
  #links: readonly number[] = [];
  #refused = "";
  #foundAt = -Infinity;
  #active: Answer<number> | undefined;
  #lookedAt = -Infinity;
  #query: NvmlFieldQuery;
  #marks: { tx?: Mark | undefined; rx?: Mark | undefined } = {};

  /** Finds out which links there are. `now` is a monotonic clock in ms. */
  constructor(open: OpenNvml, device: NvmlDevice, now: () => number) {
    this.#open = open;
    this.#device = device;
    this.#now = now;
    this.#query = this.#fields(false);
    this.#find(now());
  }

  /** Finds out which links there are. One that was seen stays. */
  #find(at: number): void {
    this.#foundAt = at;
    for (let link = 0; link < NVLINK_MAX_LINKS; link++) {
      if (this.#there[link] === "yes") continue;
      const state = this.#state(link);
      this.#there[link] = isThere(state);
      if (link === 0) this.#refused = state.ok ? "" : state.refusal.message;
    }
    const links = this.#there.flatMap((there, link) => there === "no" ? [] : [link]);
    if (links.join() === this.#links.join()) return;
    this.#links = links;
    this.#marks = {};
    this.#active = undefined;
    this.#query = this.#fields(false);
    if (links.length === 0 || this.#adds()) return;
    this.#query = this.#fields(true);
    if (!this.#adds()) this.#query = this.#fields(false);
  }

  /** Whether the driver counts what is asked for now. */
  #adds(): boolean {
    const [, ...traffic] = this.#open.telemetry.fields(this.#device, this.#query);
    return traffic.every(({ ok }) => ok);
  }

  #state(link: number): Answer<boolean> {
    return answerOf(
      "nvmlDeviceGetNvLinkState",
      () => this.#open.nvml.nvlinkActive(this.#device, link),
    );
  }

  /**
   * The memory's temperature, then what is sent, then what is received: of all links, or of each alone, for
   * drivers that do not add them up.
   */
  #fields(alone: boolean): NvmlFieldQuery {
    const scopes = this.#links.length === 0 ? [] : alone ? this.#links : [ALL_LINKS];
    return fieldQuery([
      { field: memoryTemperature },
      ...scopes.map((scope) => ({ field: nvlinkDataTx, scope })),
      ...scopes.map((scope) => ({ field: nvlinkDataRx, scope })),
    ]);
  }

  /** Notes what is known now. Rates are since the call before. */
  read(to: AnswerReading): void {
    const at = this.#now();
    const findEvery = this.#there.includes("unsure") ? LOOK_EVERY_MS : FIND_EVERY_MS;
    if (at - this.#foundAt >= findEvery && to.lost() === undefined) this.#find(at);
    const answers = this.#open.telemetry.fields(this.#device, this.#query);
    const [temperature, ...traffic] = answers;
    if (temperature !== undefined) {
      to.put(
        "temperature_memory_c",
        temperature,
        // Boards without the sensor answer, with 0.
        (value) => value > 0 ? value : undefined,
        "NVML gives 0 °C for the memory: it has no sensor",
      );
    }
    const gone = to.lost();
    if (gone !== undefined) {
      // What was seen before is not true of a GPU that comes back, and would hide that it went.
      this.#active = undefined;
      this.#marks = {};
    }
    if (gone !== undefined || this.#links.length === 0) {
      to.builder.lack(
        ["peer_links_active_count", "peer_rx_bytes_per_s", "peer_tx_bytes_per_s"],
        gone ?? this.#refused,
      );
      return;
    }
    this.#readActive(to, at);
    const half = traffic.length / 2;
    this.#readTraffic(to, "tx", traffic.slice(0, half), at);
    this.#readTraffic(to, "rx", traffic.slice(half), at);
  }

  #readActive(to: AnswerReading, at: number): void {
    if (at - this.#lookedAt >= LOOK_EVERY_MS || this.#active?.ok !== true) {
      this.#lookedAt = at;
      this.#active = this.#count();
    }
    to.put("peer_links_active_count", this.#active ?? this.#count(), (value) => value);
  }

  #count(): Answer<number> {
    let value = 0;
    for (const link of this.#links) {
      const state = this.#state(link);
      if (!state.ok) return state;
      if (state.value) value++;
    }
    return { ok: true, value, call: "nvmlDeviceGetNvLinkState" };
  }

  #readTraffic(
    to: AnswerReading,
    way: "tx" | "rx",
    answers: readonly Answer<number>[],
    at: number,
  ): void {
    const name = `peer_${way}_bytes_per_s` as const;
    const counted = sum(answers);
    const before = this.#marks[way];
    this.#marks[way] = counted.ok ? { bytes: counted.value * 1024, at } : undefined;
    const after = this.#marks[way];
    to.put(
      name,
      counted,
      () => before && after && rate(before, after),
      before === undefined ? FIRST_LOOK : "the driver began to count anew",
    );
  }
}

/** Whether the GPU has a link. */
function isThere(state: Answer<boolean>): "yes" | "no" | "unsure" {
  if (state.ok) return "yes";
  const { code } = state.refusal;
  const isNone = code === NVML_RESULT.notSupported || code === NVML_RESULT.invalidArgument ||
    code === NVML_RESULT.functionNotFound || code === NVML_RESULT.notFound;
  return isNone ? "no" : "unsure";
}

/** What links count together; the first refusal where one does not count. */
function sum(answers: readonly Answer<number>[]): Answer<number> {
  let value = 0;
  for (const answer of answers) {
    if (!answer.ok) return answer;
    value += answer.value;
  }
  const call = answers[0]?.ok ? answers[0].call : "nvmlDeviceGetFieldValues";
  return { ok: true, value, call };
}

/** Bytes a second; undefined for a counter that fell, or a clock that stood still. */
function rate(before: Mark, after: Mark): number | undefined {
  const seconds = (after.at - before.at) / 1000;
  if (seconds <= 0 || after.bytes < before.bytes) return undefined;
  return (after.bytes - before.bytes) / seconds;
}
