/**
 * A kernel of the benchmark with its buffers on a logical device, ready to be run again and again.
 *
 * @module
 */

import type { LogicalBuffer } from "../../pool/buffer.ts";
import type { Binding } from "../../pool/dispatch.ts";
import type { Explanation } from "../../pool/explain.ts";
import type { LogicalKernel } from "../../pool/kernel.ts";
import type { DispatchOptions, LogicalDevice } from "../../pool/logical_device.ts";
import type { KernelSize, PoolKernel } from "./kernel.ts";

/** A kernel with its buffers on a logical device. */
export class Prepared implements Disposable {
  readonly kernel: PoolKernel;
  readonly size: KernelSize;
  readonly #device: LogicalDevice;
  readonly #logical: LogicalKernel;
  readonly #buffers: LogicalBuffer[];

  private constructor(device: LogicalDevice, kernel: PoolKernel, size: KernelSize) {
    this.#device = device;
    this.kernel = kernel;
    this.size = size;
    this.#logical = device.createKernel({ words: kernel.code.words });
    this.#buffers = kernel.buffers(size).map(({ bytes }) =>
      device.allocate(Math.ceil(bytes / 4) * 4, ["LAZY_ALLOCATE"])
    );
  }

  static async make(
    device: LogicalDevice,
    kernel: PoolKernel,
    size: KernelSize,
  ): Promise<Prepared> {
    const prepared = new Prepared(device, kernel, size);
    await prepared.fill();
    return prepared;
  }

  /** Writes the inputs, as they were at first. */
  async fill(): Promise<void> {
    const inputs = this.kernel.fill(this.size);
    await Promise.all(inputs.map((bytes, i) => bytes && this.#buffers[i]?.write(bytes)));
  }

  get #bindings(): Binding[] {
    return this.#buffers.map((buffer, binding) => ({ binding, buffer }));
  }

  /** Dispatches, and waits for the results on the host. */
  async run(options: DispatchOptions) {
    const begun = performance.now();
    const result = await this.#device.dispatch(
      this.#logical,
      this.kernel.groups(this.size),
      this.#bindings,
      { ...options, push: this.kernel.push(this.size) },
    );
    await Promise.all(this.#outputs.map((buffer) => buffer.sync()));
    return { ...result, ms: performance.now() - begun };
  }

  get #outputs(): LogicalBuffer[] {
    const roles = this.kernel.buffers(this.size).map(({ role }) => role);
    return this.#buffers.filter((_, i) => roles[i] !== "in");
  }

  explain(): Explanation {
    const push = this.kernel.push(this.size);
    const groups = this.kernel.groups(this.size);
    return this.#device.explain(this.#logical, groups, this.#bindings, { push });
  }

  /** The results of one dispatch from the first contents; null for buffers that are read alone. */
  async results(options: DispatchOptions): Promise<(Uint8Array<ArrayBuffer> | null)[]> {
    await this.fill();
    await this.run(options);
    const outputs = this.#outputs;
    return Promise.all(
      this.#buffers.map((buffer) => outputs.includes(buffer) ? buffer.read() : null),
    );
  }

  [Symbol.dispose](): void {
    for (const buffer of this.#buffers) buffer[Symbol.dispose]();
  }
}
