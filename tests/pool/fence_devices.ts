/**
 * Members for tests of fences, and gates that hold their queues.
 *
 * @module
 */

import { basename, isAbsolute, join } from "node:path";
import { Device } from "../../ffi/vulkan/device.ts";
import { Instance } from "../../ffi/vulkan/instance.ts";
import { TimelineSemaphore } from "../../ffi/vulkan/semaphore.ts";
import type { FenceMember } from "../../lib/pool/fence.ts";
import { openSoftwareInstance, SOFTWARE_DRIVERS } from "../vulkan_devices.ts";

/** Software drivers that a test needs and this host lacks. */
export const MISSING_DRIVERS: readonly string[] = ["llvmpipe", "SwiftShader"]
  .filter((driver) => !SOFTWARE_DRIVERS.has(driver));

/** A test that needs both software drivers; skipped by name where one is missing. */
export function poolTest(name: string, fn: () => void | Promise<void>): void {
  const missing = MISSING_DRIVERS.length > 0;
  const why = missing ? ` (skipped: ${MISSING_DRIVERS.join(", ")} not installed)` : "";
  Deno.test({ name: `${name}${why}`, ignore: missing, fn });
}

/** Where distributions put libraries that a manifest names without a folder. */
const LIBRARY_FOLDERS = [`/usr/lib/${Deno.build.arch}-linux-gnu`, "/usr/lib64", "/usr/lib"];

/** A manifest of a copy of llvmpipe in `directory`: a driver of its own. Null where there is none to copy. */
function copiedLlvmpipe(directory: string): string | null {
  const manifest = JSON.parse(Deno.readTextFileSync(SOFTWARE_DRIVERS.get("llvmpipe") ?? ""));
  const library: string = manifest.ICD.library_path;
  const places = isAbsolute(library)
    ? [library]
    : LIBRARY_FOLDERS.map((folder) => join(folder, library));
  const copy = join(directory, basename(library));
  for (const place of places) {
    try {
      Deno.copyFileSync(place, copy);
    } catch {
      continue;
    }
    manifest.ICD.library_path = copy;
    const path = join(directory, "copy.json");
    Deno.writeTextFileSync(path, JSON.stringify(manifest));
    return path;
  }
  return null;
}

/** How many objects of a kind were created and not destroyed. */
export type Alive = Map<string, number>;

/** Counts what an instance's devices create and destroy. */
function counted(instance: Instance): Alive {
  const alive: Alive = new Map();
  const real = instance.symbols;
  const symbols: Record<string, unknown> = { ...real };
  for (const kind of ["Semaphore", "Fence", "Device"]) {
    const add = (count: number) => alive.set(kind, (alive.get(kind) ?? 0) + count);
    const [create, destroy] = [`vkCreate${kind}`, `vkDestroy${kind}`] as const;
    const calls = real as unknown as Record<string, (...args: unknown[]) => unknown>;
    symbols[create] = (...args: unknown[]) => {
      const result = calls[create]?.(...args);
      if (result === 0) add(1);
      return result;
    };
    symbols[destroy] = (...args: unknown[]) => {
      add(-1);
      return calls[destroy]?.(...args);
    };
  }
  Object.defineProperty(instance, "symbols", { value: symbols });
  return alive;
}

/** Holds a queue until it is opened; opened for good when it is disposed. */
export class Gate {
  readonly #semaphore: TimelineSemaphore;
  readonly #member: FenceMember;
  #shut = 0n;
  #open = 0n;

  /** Makes one, open. */
  constructor(member: FenceMember) {
    this.#member = member;
    this.#semaphore = new TimelineSemaphore(member.device);
  }

  /** Holds the queue from here on. */
  shut(): void {
    this.#semaphore.submitWait(this.#member.queue, ++this.#shut, 0n);
  }

  /** Lets the queue go. */
  open(): void {
    if (this.#open === this.#shut) return;
    this.#open = this.#shut;
    this.#semaphore.signal(this.#open);
  }

  /** Lets the queue go, and destroys what held it once it is idle. */
  [Symbol.dispose](): void {
    this.open();
    try {
      this.#member.device.waitIdle();
    } catch {
      // Lost: nothing is in use.
    }
    this.#semaphore[Symbol.dispose]();
  }
}

/** llvmpipe, SwiftShader, a copy of llvmpipe where it can be made, and SwiftShader once more. */
export class FenceDevices implements Disposable {
  readonly llvmpipe: FenceMember;
  readonly swiftshader: FenceMember;
  /** Another device of the same GPU and driver as `swiftshader`. */
  readonly again: FenceMember;
  /** Another driver with the same ids as `llvmpipe`. */
  readonly copy: FenceMember | undefined;
  /** What was created and not destroyed, beyond the devices here. */
  readonly alive: Alive;
  readonly #owned = new DisposableStack();

  /** Opens them. */
  constructor() {
    const directory = Deno.makeTempDirSync({ prefix: "mvgal-fences-" });
    this.#owned.defer(() => Deno.removeSync(directory, { recursive: true }));
    const manifests = [...SOFTWARE_DRIVERS.values(), copiedLlvmpipe(directory)];
    const list = manifests.filter((path) => path !== null).join(":");
    const environment = { VK_DRIVER_FILES: list, VK_ICD_FILENAMES: list };
    const instance = this.#owned.use(openSoftwareInstance(environment));
    this.alive = counted(instance);
    const found = instance.physicalDevices();
    const physical = (name: string) => found.filter((each) => each.name.includes(name));
    const [first, second] = physical("llvmpipe");
    const [swiftshader] = physical("SwiftShader");
    if (first === undefined || swiftshader === undefined) {
      throw new Error("the loader does not show both drivers");
    }
    const open = (index: number, device: Device): FenceMember => {
      const [queue] = this.#owned.use(device).queues;
      if (queue === undefined) throw new Error(`${device.physical.name} has no queue`);
      return { index, device, queue };
    };
    this.llvmpipe = open(0, new Device(instance, first));
    this.swiftshader = open(1, new Device(instance, swiftshader));
    this.copy = second && open(2, new Device(instance, second));
    this.again = open(3, this.swiftshader.device.sibling());
    this.alive.clear();
  }

  /** All of them. */
  get members(): FenceMember[] {
    return [...this.distinct, this.again];
  }

  /** A member of each driver. */
  get distinct(): FenceMember[] {
    return [this.llvmpipe, this.swiftshader, ...(this.copy ? [this.copy] : [])];
  }

  /** Closes them. */
  [Symbol.dispose](): void {
    this.#owned.dispose();
  }
}
