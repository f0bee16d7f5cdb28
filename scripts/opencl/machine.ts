/**
 * OpenCL programs on a member alone and on the pool.
 *
 * @module
 */

import { copyFileSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { isPoclsOwnEnd } from "../../tests/shims/opencl/pool.ts";
import { type Counts, Follower } from "./follow.ts";
import { demandPool } from "./jobs.ts";

/** How a program ended, and what it said. */
export interface Ended {
  code: number;
  out: string;
  errors: string;
  seconds: number;
  /** Null without a pool, and where its page was not seen. */
  counts: Counts | null;
}

/** What the members are, and the pool of them. */
export interface MachineOptions {
  /** `.icd` files, or directories of such; the first one's first device is the member alone. */
  vendors: readonly string[];
  /** The built shim. */
  shim: string;
  /** An empty directory. */
  scratch: string;
  /** The longest that a program may run. */
  seconds: number;
}

const POCL = /^pocl.*\.icd$/;

/** Runs programs on this host's OpenCL devices. */
export class Machine {
  readonly #alone: string;
  readonly #pool: string;
  readonly #all: string;
  readonly #runtime: string;
  readonly #options: MachineOptions;
  readonly #env: Record<string, string> = {};
  readonly scratch: string;
  #runs = 0;

  /** @throws {Error} where a vendor's file is missing. */
  constructor(options: MachineOptions) {
    const { scratch, vendors, shim } = options;
    this.#options = options;
    this.scratch = scratch;
    const [alone, pool, all, runtime] = ["alone", "pool", "all", "run"]
      .map((name) => join(scratch, name));
    if (!alone || !pool || !all || !runtime) throw new Error("no place");
    for (const place of [alone, pool, all, runtime]) mkdirSync(place);
    [this.#alone, this.#pool, this.#all, this.#runtime] = [alone, pool, all, runtime];
    const files = vendors.flatMap(icdFiles);
    files.forEach((file, i) => {
      if (i === 0) copyFileSync(file, join(alone, basename(file)));
      copyFileSync(file, join(all, `${String(i).padStart(2, "0")}-${basename(file)}`));
    });
    if (files.length === 0) throw new Error(`no .icd file in ${vendors.join(", ")}`);
    writeFileSync(join(pool, "mvgal.icd"), `${shim}\n`);
    // One device of PoCL's makes no pool.
    if (vendors.length === 1 && files.every((file) => POCL.test(basename(file)))) {
      this.#env["POCL_DEVICES"] = Deno.env.get("POCL_DEVICES") ?? "pthread pthread";
    }
  }

  /** @throws {Error} where programs do not get what is meant for them. */
  demandPool(): Promise<void> {
    return demandPool({
      ...this.#env,
      MVGAL_RUNTIME_DIR: this.#runtime,
      OCL_ICD_VENDORS: this.#pool,
      MVGAL_OPENCL_VENDORS: this.#all,
    });
  }

  /** On the first vendor's device; no shim is there. */
  alone(command: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
    return this.#run(command, { ...env, OCL_ICD_VENDORS: this.#alone });
  }

  /** On the pool of all, split as `MVGAL_SPLIT` has it. */
  pooled(
    command: readonly string[],
    split: string,
    env: Record<string, string> = {},
  ): Promise<Ended> {
    return this.#run(command, {
      ...env,
      OCL_ICD_VENDORS: this.#pool,
      MVGAL_OPENCL_VENDORS: this.#all,
      MVGAL_SPLIT: split,
    });
  }

  async #run(command: readonly string[], env: Record<string, string>): Promise<Ended> {
    for (let attempt = 0;; attempt++) {
      const ended = await this.#once(command, env);
      if (attempt === 3 || !isPoclsOwnEnd(ended)) return ended;
    }
  }

  async #once(command: readonly string[], env: Record<string, string>): Promise<Ended> {
    const runtime = join(this.#runtime, String(this.#runs++));
    mkdirSync(runtime);
    using follower = new Follower(runtime);
    const begin = performance.now();
    const child = new Deno.Command("timeout", {
      args: [String(this.#options.seconds), ...command],
      cwd: this.scratch,
      env: { ...this.#env, ...env, MVGAL_RUNTIME_DIR: runtime, NO_COLOR: "1" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const follow = setInterval(() => follower.look(), 2);
    try {
      const { code, stdout, stderr } = await child.output();
      const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
      return {
        code,
        out: text(stdout),
        errors: text(stderr),
        seconds: (performance.now() - begin) / 1000,
        counts: follower.counts(),
      };
    } finally {
      clearInterval(follow);
    }
  }
}

/** The files that an entry of `--vendors` names. */
function icdFiles(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return [...Deno.readDirSync(path)].map(({ name }) => name)
    .filter((name) => name.endsWith(".icd")).sort().map((name) => join(path, name));
}
