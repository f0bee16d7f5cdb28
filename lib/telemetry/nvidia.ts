/**
 * NVIDIA's GPUs, by the management library of their driver.
 *
 * Power is the mean of a second from Ampere on (except GA100: there, and before Ampere, it is what it is
 * at the moment); utilisation is of the driver's own sample period of 1/6 s to 1 s.
 * Source: NVML API reference, device queries.
 *
 * @module
 */

import type { NvmlDevice } from "../../ffi/nvml.ts";
import { NVML_RESULT } from "../../ffi/nvml_telemetry_abi.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { type AnswerMeanings, AnswerReading } from "./answer_reading.ts";
import type { TelemetryContext, TelemetryDriver, TelemetryReader } from "./driver.ts";
import type { Reading } from "./metrics.ts";
import { readNvidiaMetrics } from "./nvidia_metrics.ts";
import { NvidiaLinks } from "./nvidia_links.ts";
import { NvmlShare, type OpenNvml } from "./nvml_share.ts";
import { SeldomAsked } from "./seldom.ts";
import type { Lease } from "./shared_library.ts";

/** The driver `nvidia`, and the library that it shares with the list of programs. */
export interface NvidiaDriver extends TelemetryDriver {
  readonly share: NvmlShare;
}

/** Makes the driver. Opens nothing before the first reader. */
export function nvidiaDriver(share: NvmlShare = new NvmlShare()): NvidiaDriver {
  return {
    name: "nvidia",
    share,
    claims: claimsNvidia,
    open(gpu: Gpu, context: TelemetryContext): TelemetryReader | string {
      if (!context.sysroot.isHost) {
        return "NVIDIA's driver tells it through NVML alone, and a copy of a host's files has none";
      }
      const lease = share.acquire();
      if (typeof lease === "string") return lease;
      const device = lease.library.device(gpu);
      if (typeof device !== "string") return new NvidiaReader(lease, device, () => context.now());
      lease[Symbol.dispose]();
      return device;
    },
  };
}

/** The driver as it is on a host. */
export const nvidia: NvidiaDriver = nvidiaDriver();

/** Whether NVML may know a GPU: its kernel driver is NVIDIA's, or it has none (WSL) and NVML showed it. */
export function claimsNvidia(gpu: Gpu): boolean {
  if (gpu.vendor !== "nvidia") return false;
  return gpu.driver === "nvidia" || (gpu.driver === null && gpu.seen_by.includes("nvml"));
}

/** `NVML_ERROR_UNKNOWN` may come from a single call to a GPU that is well: it is none of these. */
const NVML: AnswerMeanings = {
  source: "nvml",
  gone: [NVML_RESULT.gpuIsLost, NVML_RESULT.resetRequired],
  lacking: [NVML_RESULT.notSupported, NVML_RESULT.noPermission],
};

/** How old limits and counts of what is rare may be, in ms. */
const SELDOM_MS = 5000;

/** How old a count of the traffic over PCIe may be, in ms: it is of 20 ms, in which NVML keeps a thread busy. */
const THROUGHPUT_MS = 1900;

/** Reads one GPU. */
class NvidiaReader implements TelemetryReader {
  readonly #lease: Lease<OpenNvml>;
  readonly #device: NvmlDevice;
  readonly #links: NvidiaLinks;
  readonly #seldom: SeldomAsked;
  readonly #throughput: { at: number; reading: Reading | undefined } = {
    at: -Infinity,
    reading: undefined,
  };
  readonly #now: () => number;
  #lost: string | undefined;
  /** The slow reading that is under way: the library must not be closed under it. */
  #slow: Promise<Reading> | undefined;
  #disposed = false;

  constructor(lease: Lease<OpenNvml>, device: NvmlDevice, now: () => number) {
    this.#lease = lease;
    this.#device = device;
    this.#links = new NvidiaLinks(lease.library, device, now);
    this.#seldom = new SeldomAsked(SELDOM_MS, now);
    this.#now = now;
  }

  read(): Reading {
    const answers = new AnswerReading(NVML);
    readNvidiaMetrics(this.#lease.library, this.#device, answers, this.#seldom);
    this.#links.read(answers);
    this.#lost = answers.lost();
    if (this.#lost !== undefined) this.#seldom.forget();
    return answers.builder.reading;
  }

  readSlow(): Promise<Reading> {
    this.#slow ??= this.#readThroughput().finally(() => {
      this.#slow = undefined;
      if (this.#disposed) this.#lease[Symbol.dispose]();
    });
    return this.#slow;
  }

  async #readThroughput(): Promise<Reading> {
    const now = this.#now(), { at, reading } = this.#throughput;
    if (reading !== undefined && now - at < THROUGHPUT_MS) return reading;
    const answers = new AnswerReading(NVML);
    const { telemetry } = this.#lease.library;
    const bytes = (kilobytes: number) => kilobytes * 1000;
    // One after the other: each holds a thread, and the GPU counts for one caller at a time.
    answers.put("pcie_rx_bytes_per_s", await telemetry.pcieThroughput(this.#device, "rx"), bytes);
    answers.put("pcie_tx_bytes_per_s", await telemetry.pcieThroughput(this.#device, "tx"), bytes);
    this.#throughput.at = now;
    return this.#throughput.reading = answers.builder.reading;
  }

  lost(): string | undefined {
    return this.#lost;
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    if (this.#slow === undefined) this.#lease[Symbol.dispose]();
  }
}
