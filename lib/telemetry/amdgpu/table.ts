/**
 * What a GPU's `gpu_metrics` adds to its files, look by look.
 *
 * @module
 */

import { FIRST_LOOK, type ReadingBuilder } from "../driver.ts";
import type { GpuMetricsResult, GpuMetricsTable, Throttling } from "./gpu_metrics.ts";
import { throttledSince } from "./throttle.ts";

/** Counters of the look before. */
interface Before {
  at: number;
  throttling: Throttling | undefined;
  read: number | undefined;
  written: number | undefined;
}

/** How much a counter goes up in a second; undefined where it fell, or nothing is known. */
function perSecond(before?: number, now?: number, ms?: number): number | undefined {
  if (before === undefined || now === undefined || ms === undefined) return undefined;
  return ms > 0 && now >= before ? (now - before) / (ms / 1000) : undefined;
}

/** Notes what the tables of one GPU tell. It keeps the counters from look to look. */
export class TableNotes {
  #before: Before | undefined;

  /**
   * Notes what is not known yet from the table, or why the table tells nothing.
   *
   * @param at when the table was read, in milliseconds of a monotonic clock.
   */
  put(into: ReadingBuilder, result: GpuMetricsResult, at: number): void {
    const table: GpuMetricsTable = result.state === "ok" ? result.table : { version: "" };
    const source = result.state === "ok" ? `gpu_metrics:v${table.version}` : "";
    const whyNot = result.state === "ok"
      ? `gpu_metrics v${table.version} does not tell`
      : result.reason;
    into.put("utilization_pct", table.gfx_activity_pct, source, whyNot);
    into.put("gfx_utilization_pct", table.gfx_activity_pct, source, whyNot);
    into.put("memory_utilization_pct", table.memory_activity_pct, source, whyNot);
    into.put("encode_utilization_pct", table.video_activity_pct, source, whyNot);
    into.put("temperature_c", table.temperature_c ?? table.temperature_hotspot_c, source, whyNot);
    into.put("temperature_hotspot_c", table.temperature_hotspot_c, source, whyNot);
    into.put("temperature_memory_c", table.temperature_memory_c, source, whyNot);
    into.put("power_w", table.power_w, source, whyNot);
    into.put(
      "energy_j",
      table.energy_j,
      source,
      result.state === "ok" && /^1\.[0-3]$/.test(table.version)
        ? `gpu_metrics v${table.version} gives energy in a unit that the driver does not tell`
        : whyNot,
    );
    into.put("core_clock_mhz", table.core_clock_mhz, source, whyNot);
    into.put("memory_clock_mhz", table.memory_clock_mhz, source, whyNot);
    into.put("video_clock_mhz", table.video_clock_mhz, source, whyNot);
    into.put("fan_rpm", table.fan_rpm, source, whyNot);
    into.put("voltage_v", table.voltage_v, source, whyNot);
    into.put("pcie_link_gen", table.pcie_link_gen, source, whyNot);
    into.put("pcie_link_width", table.pcie_link_width, source, whyNot);
    if (table.xgmi_links_active_count !== undefined) {
      // Where the table does not tell, the inventory may.
      into.put("peer_links_active_count", table.xgmi_links_active_count, source, "");
    }

    const before = this.#before, ms = before && at - before.at;
    const first = before === undefined;
    const read = perSecond(before?.read, table.xgmi_read_bytes, ms);
    const written = perSecond(before?.written, table.xgmi_write_bytes, ms);
    const counted = table.xgmi_read_bytes !== undefined;
    const whyNoRate = !counted ? whyNot : first ? FIRST_LOOK : "the driver's counter was reset";
    into.put("peer_rx_bytes_per_s", read, source, whyNoRate);
    into.put("peer_tx_bytes_per_s", written, source, whyNoRate);
    this.#putThrottling(into, table.throttling, source, whyNot);
    this.#before = {
      at,
      throttling: table.throttling,
      read: table.xgmi_read_bytes,
      written: table.xgmi_write_bytes,
    };
  }

  #putThrottling(
    into: ReadingBuilder,
    now: Throttling | undefined,
    source: string,
    whyNot: string,
  ): void {
    const before = this.#before?.throttling;
    const { reasons, reason }: { reasons?: string[]; reason: string } = now === undefined
      ? { reason: whyNot }
      : now.kind === "reasons"
      ? { reasons: now.reasons, reason: "" }
      : now.kind === "opaque"
      ? {
        reason: `the driver says 0x${
          now.bits.toString(16)
        }, whose bits mean other things on each chip`,
      }
      : before?.kind === "counters"
      ? { reasons: throttledSince(before.counters, now.counters), reason: "" }
      : { reason: FIRST_LOOK };
    into.put("throttle_reasons", reasons, source, reason);
  }
}
