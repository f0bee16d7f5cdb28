/**
 * What amdgpu tells and takes its time for: traffic on PCIe, errors in memory, pages out of use.
 *
 * Source: the kernel's `Documentation/gpu/amdgpu/driver-misc.rst` and `ras.rst`
 * (`amdgpu_get_pcie_bw`, `amdgpu_ras_sysfs_read`, `amdgpu_ras_sysfs_badpages_read`).
 *
 * @module
 */

import { parseInteger } from "../../sysfs/sysroot.ts";
import { ReadingBuilder } from "../driver.ts";
import type { MetricName, Reading } from "../metrics.ts";
import { ASLEEP, type PciDevice } from "../pci_device.ts";
import { readSlowText } from "../slow_file.ts";

/** What `pcie_bw` estimates. */
export interface PcieTraffic {
  rx_bytes_per_s: number;
  tx_bytes_per_s: number;
}

/**
 * Parses `pcie_bw`: messages received and sent in a second, and the most bytes that one may carry. Most
 * carry less, so the products are upper bounds.
 */
export function parsePcieBandwidth(text: string): PcieTraffic | undefined {
  const match = /^(\d+) (\d+) (\d+)$/.exec(text.trim());
  const [, received, sent, payload] = (match ?? []).map(Number);
  // Payloads are 128 to 4096 bytes (PCI Express base specification, section 7.5.3.4).
  if (received === undefined || sent === undefined || payload === undefined) return undefined;
  if (payload < 128 || payload > 4096) return undefined;
  const rx = received * payload, tx = sent * payload;
  if (!Number.isSafeInteger(rx) || !Number.isSafeInteger(tx)) return undefined;
  return { rx_bytes_per_s: rx, tx_bytes_per_s: tx };
}

/** Errors of one part of the GPU. */
export interface ErrorCounts {
  corrected: number;
  uncorrected: number;
}

/** Parses `ras/*_err_count`: lines `ue: 0` and `ce: 1`, in later kernels `de: 0` for deferred ones. */
export function parseErrorCounts(text: string): ErrorCounts | undefined {
  const of = (name: string) => {
    const line = new RegExp(`^${name}: (\\d+)$`, "m").exec(text);
    return line?.[1] === undefined ? undefined : parseInteger(line[1]);
  };
  const corrected = of("ce"), uncorrected = of("ue");
  return corrected === undefined || uncorrected === undefined
    ? undefined
    : { corrected, uncorrected };
}

/**
 * Counts the pages in `ras/gpu_vram_bad_pages` that are out of use: lines `0x00000001 : 0x00001000 : R`.
 * Those marked P are only to be taken out, and F could not be.
 *
 * @returns undefined for what is no such list; 0 for an empty one.
 */
export function countRetiredPages(text: string): number | undefined {
  let retired = 0;
  for (const line of text.split("\n")) {
    if (line.trim() === "") continue;
    const match = /^\s*0x[0-9a-f]+ : 0x[0-9a-f]+ : ([RPF])\s*$/i.exec(line);
    if (match === null) return undefined;
    if (match[1] === "R") retired++;
  }
  return retired;
}

const PCIE: readonly MetricName[] = ["pcie_rx_bytes_per_s", "pcie_tx_bytes_per_s"];
const ERRORS: readonly MetricName[] = ["ecc_corrected_count", "ecc_uncorrected_count"];
const PAGES: readonly MetricName[] = ["retired_pages_count"];

/** A bad page takes 28 bytes or so: this is a list that no GPU survives. */
const MAX_LIST_BYTES = 4 * 1024 * 1024;

async function readTraffic(device: PciDevice): Promise<Reading> {
  const into = new ReadingBuilder();
  if (!device.has("pcie_bw")) {
    into.lack(PCIE, "no file pcie_bw: the driver counts no PCIe messages of this GPU");
    return into.reading;
  }
  const traffic = parsePcieBandwidth(
    await readSlowText(device.sysroot, device.path("pcie_bw"), 4096) ?? "",
  );
  const whyNot = device.whyNot("pcie_bw", "counts of messages");
  const source = "sysfs:pcie_bw (an upper bound)";
  into.put("pcie_rx_bytes_per_s", traffic?.rx_bytes_per_s, source, whyNot);
  into.put("pcie_tx_bytes_per_s", traffic?.tx_bytes_per_s, source, whyNot);
  return into.reading;
}

async function readErrors(device: PciDevice): Promise<Reading> {
  const into = new ReadingBuilder();
  if (!device.has("ras")) {
    into.lack([...ERRORS, ...PAGES], "no directory ras: the driver counts no errors of this GPU");
    return into.reading;
  }
  const [errors, pages] = await Promise.all([
    readSlowText(device.sysroot, device.path("ras/umc_err_count"), 4096),
    readSlowText(device.sysroot, device.path("ras/gpu_vram_bad_pages"), MAX_LIST_BYTES),
  ]);
  const counts = parseErrorCounts(errors ?? "");
  const whyNot = errors?.startsWith("Query currently") === true
    ? "the driver cannot ask the GPU for errors just now"
    : "ras/umc_err_count is missing, cannot be read or holds no counts";
  const source = "sysfs:ras/umc_err_count";
  into.put("ecc_corrected_count", counts?.corrected, source, whyNot);
  into.put("ecc_uncorrected_count", counts?.uncorrected, source, whyNot);
  into.put(
    "retired_pages_count",
    pages === undefined ? undefined : countRetiredPages(pages),
    "sysfs:ras/gpu_vram_bad_pages",
    "ras/gpu_vram_bad_pages is missing, cannot be read or holds no list of pages",
  );
  return into.reading;
}

const together = (a: Reading, b: Reading): Reading => ({
  values: { ...a.values, ...b.values },
  sources: { ...a.sources, ...b.sources },
  absent: { ...a.absent, ...b.absent },
});

/** How often the error counters are read: the driver asks, and clears, registers of each channel. */
const ERRORS_EVERY_MS = 10_000;

/** Reads the slow files of one GPU. */
export class SlowFiles {
  readonly #device: PciDevice;
  readonly #now: () => number;
  #errors: { reading: Reading; at: number } | undefined;

  /** @param now a monotonic clock in milliseconds. */
  constructor(device: PciDevice, now: () => number) {
    this.#device = device;
    this.#now = now;
  }

  /** One look, of a second or so. Errors are looked for every ten seconds, and shown as of then. */
  async read(): Promise<Reading> {
    if (this.#device.files().asleep) {
      const into = new ReadingBuilder();
      into.lack([...PCIE, ...ERRORS, ...PAGES], ASLEEP);
      return into.reading;
    }
    const [traffic, errors] = await Promise.all([readTraffic(this.#device), this.#readErrors()]);
    return together(traffic, errors);
  }

  async #readErrors(): Promise<Reading> {
    const at = this.#now();
    if (this.#errors === undefined || at - this.#errors.at >= ERRORS_EVERY_MS) {
      this.#errors = { reading: await readErrors(this.#device), at };
    }
    return this.#errors.reading;
  }
}
