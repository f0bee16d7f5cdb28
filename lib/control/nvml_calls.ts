/**
 * NVML for control: opened when it is first needed, closed with its last use.
 *
 * @module
 */

import type { Answer } from "../../ffi/answer.ts";
import { type Nvml, type NvmlDevice, openNvml } from "../../ffi/nvml.ts";
import { NvmlControl } from "../../ffi/nvml_control.ts";
import { NvmlTelemetry } from "../../ffi/nvml_telemetry.ts";
import { ControlError } from "./setting.ts";
import type { Action, Query } from "./step.ts";

/** An open NVML with what control asks of it. */
export class NvmlCalls implements Disposable {
  readonly nvml: Nvml;
  readonly telemetry: NvmlTelemetry;
  readonly control: NvmlControl;
  readonly #close: DisposableStack;

  /** Takes an open NVML, which it closes. */
  constructor(nvml: Nvml) {
    using undo = new DisposableStack();
    this.nvml = undo.use(nvml);
    this.telemetry = undo.use(new NvmlTelemetry(nvml));
    this.control = undo.use(new NvmlControl(nvml));
    this.#close = undo.move();
  }

  /**
   * The handle of the GPU at a PCI address.
   *
   * @throws {ControlError} where NVML has none.
   */
  device(address: string): NvmlDevice {
    const answer = this.telemetry.deviceAt(address);
    if (answer.ok) return answer.value;
    throw new ControlError(`${address}: ${answer.refusal.message}`);
  }

  /**
   * Makes the call of a step.
   *
   * @throws {ControlError} with NVML's name for the result.
   */
  perform(action: Action & { kind: "call" }): void {
    const device = this.device(action.gpu);
    const answer = this.control.set(action.call, device, action.args);
    if (!answer.ok) throw new ControlError(explainRefusal(answer));
  }

  /** What a query gives; undefined where NVML refuses. */
  read(query: Query & { kind: "call" }): string | undefined {
    const device = this.device(query.gpu);
    const [fan = 0] = query.args;
    const answer = query.call === "nvmlDeviceGetPowerManagementLimit"
      ? this.telemetry.powerLimit(device)
      : query.call === "nvmlDeviceGetFanControlPolicy_v2"
      ? this.control.fanPolicy(device, fan)
      : this.control.targetFanSpeed(device, fan);
    return answer.ok ? String(answer.value) : undefined;
  }

  [Symbol.dispose](): void {
    this.#close.dispose();
  }
}

/** A refusal in one line, with what to do about it where that is known. */
export function explainRefusal(answer: Answer<unknown> & { ok: false }): string {
  const { message } = answer.refusal;
  return message.includes("NVML_ERROR_NO_PERMISSION")
    ? `${message}: NVML changes settings for root alone (sudo)`
    : message;
}

/** Opens NVML once. Dispose it to close it. */
export class NvmlOpener implements Disposable {
  readonly #sonames: readonly string[] | undefined;
  #opened: NvmlCalls | string | undefined;

  /** Takes names or paths of the library, best first. Opens nothing. */
  constructor({ sonames }: { sonames?: readonly string[] } = {}) {
    this.#sonames = sonames;
  }

  /** The library, or one line: why there is none. */
  open(): NvmlCalls | string {
    return this.#opened ??= this.#try();
  }

  #try(): NvmlCalls | string {
    try {
      const opened = openNvml(this.#sonames === undefined ? {} : { sonames: this.#sonames });
      return opened.state === "ok" ? new NvmlCalls(opened.nvml) : opened.reason;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  [Symbol.dispose](): void {
    if (typeof this.#opened === "object") this.#opened[Symbol.dispose]();
    this.#opened = undefined;
  }
}
