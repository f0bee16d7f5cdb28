/**
 * The inventory of the service. Drivers' libraries are asked in a process of its own: they are large, keep
 * GPUs awake, and may hang or crash.
 *
 * @module
 */

import { discover, type Discovery } from "../discovery/mod.ts";
import {
  INVENTORY_SCHEMA,
  type InventoryDocument,
  inventoryDocument,
} from "../discovery/inventory.ts";
import { SOURCES } from "../discovery/mod.ts";
import type { Sysroot } from "../sysfs/sysroot.ts";
import { oneLine } from "./one_line.ts";

/** How long the process may take, in ms. */
const LIMIT_MS = 30_000;

/** What the files alone say. */
function fromFiles(sysroot: Sysroot): InventoryDocument {
  const found: Discovery = discover({
    sysroot,
    sources: SOURCES.filter(({ reads }) => reads === "files"),
  });
  return inventoryDocument(found);
}

/** @throws {Error} where it fails: one line. */
async function fromProcess(command: readonly string[]): Promise<InventoryDocument> {
  const [program = "", ...args] = command;
  const child = new Deno.Command(program, {
    // Without --direct it would ask the service, which is who asks.
    args: [...args, "info", "--json", "--direct"],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(LIMIT_MS),
  }).spawn();
  const [text, said, { code, signal }] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.status,
  ]);
  if (signal !== null) throw new Error(`mvgal info was ended by ${signal}`);
  if (code !== 0) throw new Error(said.trimEnd().split("\n").at(-1) || `status ${code}`);
  const document: InventoryDocument = JSON.parse(text);
  if (document.schema !== INVENTORY_SCHEMA) throw new Error(`mvgal info gave ${document.schema}`);
  return document;
}

/** Options of {@linkcode InventoryDesk}. */
export interface InventoryDeskOptions {
  sysroot: Sysroot;
  /** The command that starts mvgal; undefined to ask the files alone. */
  command: (() => readonly string[]) | undefined;
  /** Told why the libraries could not be asked. */
  failed(why: string): void;
}

/** The last inventory. */
export class InventoryDesk {
  readonly #options: InventoryDeskOptions;
  #document: InventoryDocument;
  #running: Promise<void> | undefined;

  /** Reads the files. */
  constructor(options: InventoryDeskOptions) {
    this.#options = options;
    this.#document = fromFiles(options.sysroot);
  }

  /** What is known now. */
  get document(): InventoryDocument {
    return this.#document;
  }

  /** Looks anew: the files at once, the libraries as soon as they have answered. */
  refresh(): Promise<void> {
    const { sysroot, command, failed } = this.#options;
    this.#document = fromFiles(sysroot);
    if (command === undefined) return Promise.resolve();
    // What is under way may have looked before the change.
    const before = this.#running ?? Promise.resolve();
    const running = before.then(async () => {
      try {
        this.#document = await fromProcess(command());
      } catch (error) {
        failed(oneLine(error));
      }
    });
    this.#running = running;
    return running;
  }
}
