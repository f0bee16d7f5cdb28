/**
 * A `/proc` in which programs come and go.
 *
 * @module
 */

import { join } from "node:path";
import type { GpuProcess } from "../../lib/telemetry/process.ts";
import type { SweptGpu } from "../../lib/telemetry/processes.ts";
import type { Tree } from "../../tests/sysfs/tree.ts";
import { amdgpu, type OpenFile, processFiles } from "../../tests/telemetry/processes/proc_tree.ts";
import { count, type Tally } from "./part.ts";
import type { Random } from "./random.ts";

/** The GPU that all of them use. */
export const SWEPT: SweptGpu = {
  id: "pci:0000:0a:00.0",
  pci_slot: "0000:0a:00.0",
  drm_node: "/dev/dri/card0",
  render_node: "/dev/dri/renderD128",
  device_nodes: [],
  vram_total_bytes: 17163091968,
};

/** At most so many at a time. */
const MOST = 12;

/** The programs. Pids are used again, by programs that started later. */
export class SoakProcesses {
  readonly #tree: Tree;
  /** MiB of the GPU's memory, by pid; null for a program that uses none. */
  readonly #running = new Map<number, number | null>();
  readonly #spoilt = new Set<number>();
  #started = 0;

  /** Starts with no program. */
  constructor(tree: Tree) {
    this.#tree = tree;
    Deno.mkdirSync(join(tree.directory, "proc"));
  }

  /** What the sweep must list once all is well, by pid: bytes of the GPU's memory. */
  get truth(): Map<number, number> {
    return new Map(
      Array.from(this.#running)
        .flatMap(([pid, mib]) => mib === null ? [] : [[pid, mib * 2 ** 20] as const])
        .sort(([a], [b]) => a - b),
    );
  }

  /** One program starts or ends, or what is known of one is spoilt. */
  disturb(random: Random, tally: Tally): void {
    const pids = [...this.#running.keys()];
    const dice = random.next();
    if (pids.length === 0 || (dice < 0.4 && pids.length < MOST)) {
      this.#start(100 + random.below(40), random);
      count(tally, "a process starts");
    } else if (dice < 0.75) {
      this.#end(random.pick(pids));
      count(tally, "a process ends");
    } else {
      const pid = random.pick(pids);
      const file = random.pick(["stat", "status", "cmdline", "cgroup", "fdinfo/5"]);
      const path = join(this.#tree.directory, "proc", String(pid), file);
      try {
        if (random.chance(0.5)) Deno.truncateSync(path, random.below(9));
        else Deno.writeTextFileSync(path, "garbage\0\x01 : :\n");
      } catch {
        return; // a program without a GPU has no such file
      }
      this.#spoilt.add(pid);
      count(tally, "a file of a process is spoilt");
    }
  }

  /** Ends the programs of which something is spoilt. */
  heal(): void {
    for (const pid of this.#spoilt) this.#end(pid);
  }

  #start(pid: number, random: Random): void {
    if (this.#running.has(pid)) return;
    const mib = random.chance(0.8) ? 1 + random.below(1000) : null;
    const file: OpenFile = mib === null ? { target: "/dev/null" } : {
      target: "/dev/dri/renderD128",
      fdinfo: amdgpu(++this.#started, { gfx: random.below(1e9) }, mib * 1024),
    };
    this.#tree.add(processFiles({ pid, start: ++this.#started, open: { 5: file, 6: file } }));
    this.#running.set(pid, mib);
  }

  #end(pid: number): void {
    Deno.removeSync(join(this.#tree.directory, "proc", String(pid)), { recursive: true });
    this.#running.delete(pid);
    this.#spoilt.delete(pid);
  }
}

/** One line where a list is not what it must be. */
export function wrongList(
  listed: readonly GpuProcess[],
  truth: ReadonlyMap<number, number>,
): string | undefined {
  const show = (entries: Iterable<readonly [number, number | null]>) =>
    Array.from(entries, ([pid, bytes]) => `${pid}=${bytes}`).join(" ");
  const found = show(listed.map(({ pid, vram_bytes }) => [pid, vram_bytes] as const));
  const wanted = show(truth);
  return found === wanted ? undefined : `processes: ${found || "none"}, not ${wanted || "none"}`;
}
