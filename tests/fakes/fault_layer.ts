/**
 * The Vulkan layer that makes devices fail, built and made known to the loader.
 *
 * @module
 */

import { join } from "node:path";
import { compile } from "./cc.ts";

/** What the layer does: the variables that `vulkan_fault_layer.c` names, by what they mean. */
export interface Faults {
  /** Part of the name of the devices that fail. */
  device: string;
  /** `lose`: the device is lost; `hang`: it does not answer any more. */
  fault?: "lose" | "hang";
  /** How many submissions succeed before that. */
  after?: number;
  /** Instead: a file, from whose existence on the device fails. */
  marker?: string;
  /** Larger allocations fail, in bytes. */
  memoryLimit?: number;
  /** What the device lacks of timestamps. */
  timestamps?: "no_bits" | "no_period";
  /** How many times each dispatch is recorded. */
  slow?: number;
}

/** The layer. Dispose it to remove its manifest. */
export interface FaultLayer extends Disposable {
  /** Environment in which a program's devices fail so. */
  environment(faults: Faults): Record<string, string>;
}

const NAME = "VK_LAYER_MVGAL_fault";

/** Builds the layer. Needs a C compiler and the header `vulkan/vk_layer.h`. */
export function faultLayer(): FaultLayer {
  const library = compile({
    name: "libmvgal_fault.so",
    source: { file: join(import.meta.dirname ?? ".", "vulkan_fault_layer.c") },
    args: ["-D_GNU_SOURCE", "-shared", "-fPIC", "-fvisibility=hidden", "-pthread"],
  });
  const directory = Deno.makeTempDirSync({ prefix: "mvgal-fault-layer-" });
  const manifest = {
    file_format_version: "1.1.2",
    layer: {
      name: NAME,
      type: "GLOBAL",
      library_path: library,
      api_version: "1.3.239",
      implementation_version: "1",
      description: "makes devices fail",
    },
  };
  Deno.writeTextFileSync(join(directory, "fault.json"), JSON.stringify(manifest));
  return {
    environment: ({ device, fault, after, marker, memoryLimit, timestamps, slow }) => {
      const settings: Record<string, string | number | undefined> = {
        MVGAL_FAULT_DEVICE: device,
        MVGAL_FAULT: fault,
        MVGAL_FAULT_AFTER: after,
        MVGAL_FAULT_MARKER: marker,
        MVGAL_FAULT_MEMORY_LIMIT: memoryLimit,
        MVGAL_FAULT_TIMESTAMPS: timestamps,
        MVGAL_FAULT_SLOW: slow,
      };
      const set = Object.entries(settings).flatMap(([name, value]): [string, string][] =>
        value === undefined ? [] : [[name, String(value)]]
      );
      return {
        VK_LAYER_PATH: directory,
        VK_INSTANCE_LAYERS: NAME,
        ...Object.fromEntries(set),
      };
    },
    [Symbol.dispose]: () => Deno.removeSync(directory, { recursive: true }),
  };
}
