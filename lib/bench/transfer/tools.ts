/**
 * What the transfers of a run share.
 *
 * @module
 */

import { HostBlocks } from "./blocks.ts";
import { ImportedBlocks } from "./imported_blocks.ts";
import { type RuntimeOptions, Runtimes } from "./runtimes.ts";
import type { TransferTools, Verdicts } from "./target.ts";

/** Sizes of blocks are multiples of this. */
const GRAIN = 2 << 20;

/** Tools to be disposed before the devices that they were used with. */
export type OwnedTools = TransferTools & Disposable;

/**
 * Blocks of host memory with all that they are brought to.
 *
 * @param blocks of the size and with the data of most transfers. Disposed with the tools.
 * @param verdicts what trying paths in a process of its own has shown.
 * @param options of the vendors' runtimes.
 */
export function sharedTools(
  blocks: HostBlocks,
  verdicts: Verdicts,
  options: RuntimeOptions = {},
): OwnedTools {
  const owner = new DisposableStack();
  owner.use(blocks);
  const runtimes = owner.use(new Runtimes(blocks, options));
  const imported = owner.use(new ImportedBlocks(blocks));
  /** For other efforts, by size and data. */
  const others = new Map<string, OwnedTools>();
  const tools: OwnedTools = {
    blocks,
    runtimes,
    imported,
    verdicts,
    forEffort: ({ data = "random", memoryScale = 1 }) => {
      if (data === "random" && memoryScale >= 1) return tools;
      const size = Math.max(GRAIN, Math.floor((blocks.size * memoryScale) / GRAIN) * GRAIN);
      const key = `${size} ${data}`;
      const known = others.get(key);
      if (known !== undefined) return known;
      const made = owner.use(sharedTools(new HostBlocks(size, data), verdicts, options));
      others.set(key, made);
      return made;
    },
    [Symbol.dispose]: () => owner.dispose(),
  };
  return tools;
}
