/**
 * One open NVML for all who read NVIDIA's GPUs.
 *
 * While it is open no GPU of the driver can go to sleep: it is closed with the last of its users.
 *
 * @module
 */

import { type Nvml, type NvmlDevice, openNvml } from "../../ffi/nvml.ts";
import { NvmlProcesses } from "../../ffi/nvml_processes.ts";
import { NvmlTelemetry } from "../../ffi/nvml_telemetry.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { SharedLibrary } from "./shared_library.ts";

/** NVML and what telemetry asks it. */
export class OpenNvml implements Disposable {
  readonly nvml: Nvml;
  readonly telemetry: NvmlTelemetry;
  readonly processes: NvmlProcesses;
  readonly #close: DisposableStack;

  /** Takes an open NVML, which it closes. */
  constructor(nvml: Nvml) {
    using undo = new DisposableStack();
    this.nvml = undo.use(nvml);
    this.telemetry = undo.use(new NvmlTelemetry(nvml));
    this.processes = undo.use(new NvmlProcesses(nvml));
    this.#close = undo.move();
  }

  /** A GPU's handle, or one line: why there is none. Asks for that GPU alone, so that no other one wakes. */
  device(gpu: Gpu): NvmlDevice | string {
    const why: string[] = [];
    if (gpu.pci_slot !== null) {
      const answer = this.telemetry.deviceAt(gpu.pci_slot);
      if (answer.ok) return answer.value;
      why.push(answer.refusal.message);
    }
    if (gpu.uuid !== null) {
      const answer = this.telemetry.deviceWithUuid(gpu.uuid);
      if (answer.ok) return answer.value;
      why.push(answer.refusal.message);
    }
    const index = /^nvml:(\d+)$/.exec(gpu.id)?.[1];
    if (index !== undefined) {
      try {
        return this.nvml.device(Number(index));
      } catch (error) {
        why.push(error instanceof Error ? error.message : String(error));
      }
    }
    return why.join("; ") || "it has no PCI address, UUID or index by which NVML could find it";
  }

  [Symbol.dispose](): void {
    this.#close.dispose();
  }
}

/** Shares one NVML. */
export class NvmlShare extends SharedLibrary<OpenNvml> {
  /** Takes names or paths of the library, best first. Opens nothing. */
  constructor(options: { sonames?: readonly string[] } = {}) {
    super(() => {
      const opened = openNvml(options);
      return opened.state === "ok" ? new OpenNvml(opened.nvml) : opened.reason;
    });
  }
}
