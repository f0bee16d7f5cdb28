/**
 * GPUs of Moore Threads: by the management library of their driver, libmtml, or by the command
 * `mthreads-gmi` where there is no library.
 *
 * Written to the published interfaces and never tried on a device. What the library's header leaves open,
 * and is therefore taken on trust: that the utilisation of the memory is a share of time and not of its
 * size, and what the sampling periods are.
 *
 * @module
 */

import { type Mtml, MTML_SONAMES, type MtmlDevice, openMtml } from "../../ffi/mtml.ts";
import { MTML_RESULT } from "../../ffi/mtml_abi.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { parseUuid } from "../gpu/uuid.ts";
import { type AnswerMeanings, AnswerReading } from "./answer_reading.ts";
import {
  ReadingBuilder,
  type TelemetryContext,
  type TelemetryDriver,
  type TelemetryReader,
} from "./driver.ts";
import { METRIC_NAMES, type MetricName, type Reading } from "./metrics.ts";
import { readMooreThreadsMetrics } from "./moore_threads_metrics.ts";
import type { GmiGpu } from "./mthreads_gmi.ts";
import { type GmiOutcome, GmiRunner, type GmiRunnerOptions } from "./mthreads_gmi_runner.ts";
import { type Lease, SharedLibrary } from "./shared_library.ts";

/** Options of {@linkcode mooreThreadsDriver}. */
export interface MooreThreadsOptions {
  /** Names or paths of the library, best first. */
  sonames?: readonly string[];
  /** How the command is run. */
  gmi?: GmiRunnerOptions;
}

/** The driver `mtgpu`, and the library that its readers share. */
export interface MooreThreadsDriver extends TelemetryDriver {
  readonly share: SharedLibrary<Mtml>;
}

/** Makes the driver. Opens nothing before the first reader. */
export function mooreThreadsDriver(options: MooreThreadsOptions = {}): MooreThreadsDriver {
  const { sonames = MTML_SONAMES, gmi } = options;
  let absent: string | undefined;
  const share = new SharedLibrary<Mtml>(() => {
    const opened = openMtml({ sonames });
    absent = opened.state === "absent" && !opened.present ? opened.reason : undefined;
    return opened.state === "ok" ? opened.mtml : opened.reason;
  });
  const runner = new GmiRunner(gmi);
  return {
    name: "mtgpu",
    share,
    claims: (gpu) => gpu.vendor === "mthreads" && gpu.driver !== "vfio-pci",
    open(gpu: Gpu, { sysroot }: TelemetryContext): TelemetryReader | string {
      if (!sysroot.isHost) {
        return "Moore Threads' driver tells it through libmtml alone, and a copy of a host's files has none";
      }
      const lease = share.acquire();
      if (typeof lease === "string") {
        // A library that is there and fails is not passed over: the command uses the same one.
        if (absent === undefined) return lease;
        if (runner.find() !== undefined) return new GmiReader(gpu, runner);
        return `${lease}; mthreads-gmi is not there either: both come with Moore Threads' driver`;
      }
      if (gpu.pci_slot !== null) {
        const device = lease.library.deviceAt(gpu.pci_slot);
        if (device.ok) return new MtmlReader(lease, device.value, gpu);
        lease[Symbol.dispose]();
        return device.refusal.message;
      }
      lease[Symbol.dispose]();
      return "it has no PCI address by which libmtml could find it";
    },
  };
}

/** The driver as it is on a host. */
export const mooreThreads: MooreThreadsDriver = mooreThreadsDriver();

const RELEASES = "libmtml and the kernel driver are of different releases: install both of one";

const MTML: AnswerMeanings = {
  source: "mtml",
  gone: [],
  lacking: [MTML_RESULT.notSupported, MTML_RESULT.driverTooOld, MTML_RESULT.driverTooNew],
  advice: { [MTML_RESULT.driverTooOld]: RELEASES, [MTML_RESULT.driverTooNew]: RELEASES },
};

/** Reads one GPU by the library. */
class MtmlReader implements TelemetryReader {
  readonly #lease: Lease<Mtml>;
  readonly #device: MtmlDevice;
  readonly #gpu: Gpu;
  #lost: string | undefined;
  #disposed = false;

  constructor(lease: Lease<Mtml>, device: MtmlDevice, gpu: Gpu) {
    this.#lease = lease;
    this.#device = device;
    this.#gpu = gpu;
  }

  read(): Reading {
    const answers = new AnswerReading(MTML);
    this.#device.retryParts();
    readMooreThreadsMetrics(this.#device, this.#gpu, answers);
    this.#lost = answers.lost();
    return answers.builder.reading;
  }

  lost(): string | undefined {
    return this.#lost;
  }

  [Symbol.dispose](): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#device[Symbol.dispose]();
    this.#lease[Symbol.dispose]();
  }
}

/** What the command never shows, or not in a form that is known. */
const NOT_SHOWN = "mthreads-gmi does not show it, and there is no libmtml to ask";

/** Reads one GPU by the command, all of it slowly. */
class GmiReader implements TelemetryReader {
  readonly #gpu: Gpu;
  readonly #runner: GmiRunner;

  constructor(gpu: Gpu, runner: GmiRunner) {
    this.#gpu = gpu;
    this.#runner = runner;
  }

  /** Nothing: a program is not run while others wait. */
  read(): Reading {
    return { values: {}, sources: {}, absent: {} };
  }

  async readSlow(): Promise<Reading> {
    const builder = new ReadingBuilder();
    const found = this.#find(await this.#runner.ask());
    if (typeof found === "string") {
      builder.lack(METRIC_NAMES, found);
      return builder.reading;
    }
    for (const [name, value] of Object.entries(found.values)) {
      builder.put(name as MetricName, value, "mthreads-gmi", NOT_SHOWN);
    }
    builder.lack(METRIC_NAMES, NOT_SHOWN);
    return builder.reading;
  }

  #find(outcome: GmiOutcome): GmiGpu | string {
    if (typeof outcome === "string") return outcome;
    const uuid = parseUuid(this.#gpu.uuid ?? "");
    return outcome.find(({ address }) => address !== null && address === this.#gpu.pci_slot) ??
      outcome.find((gpu) => gpu.uuid !== null && gpu.uuid === uuid) ??
      "mthreads-gmi does not show this GPU";
  }

  /** Never: a command that fails once may be answered the next time. */
  lost(): undefined {
    return undefined;
  }

  [Symbol.dispose](): void {}
}
