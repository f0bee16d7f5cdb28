/**
 * Sample after sample of GPUs whose drivers fail at random.
 *
 * @module
 */

import { join } from "node:path";
import { setImmediate } from "node:timers";
import type { Gpu } from "../../lib/gpu/gpu.ts";
import { type EntryKind, Sysroot } from "../../lib/sysfs/sysroot.ts";
import { HealthMonitor } from "../../lib/telemetry/health.ts";
import { openProcessSweep } from "../../lib/telemetry/processes.ts";
import { openSampler, RETRY_MS, type Sample } from "../../lib/telemetry/sampler.ts";
import { Tree } from "../../tests/sysfs/tree.ts";
import { AmdPart } from "./amd.ts";
import { brokenRule, FindingCheck, wrongNumber } from "./checks.ts";
import { judgeGrowth, type Mark, mark } from "./growth.ts";
import { mooreThreadsPart, nvidiaPart } from "./libraries.ts";
import { count, type CountedDriver, countSlow, type SoakPart, type Tally } from "./part.ts";
import { SoakProcesses, SWEPT, wrongList } from "./processes.ts";
import { Random } from "./random.ts";

/** What a soak may be made to do wrong, to see that it is found. */
export const PLANTS = ["heap", "descriptor", "number"] as const;

/** Options of {@linkcode soak}. */
export interface SoakOptions {
  /** Looks at all GPUs. */
  samples: number;
  /** It ends after so many minutes even so. */
  minutes?: number;
  seed?: number;
  /** GPUs of the fake NVML; one of AMD and one of Moore Threads are added. */
  gpus?: number;
  plant?: (typeof PLANTS)[number];
}

/** What came of it. */
export interface SoakResult {
  samples: number;
  recoveries: number;
  /** How often what happened: faults, and states of GPUs in samples. */
  tally: Tally;
  marks: Mark[];
  figures: string[];
  /** One line each; none for a soak that went well. It ends with the first wrong sample. */
  faults: string[];
}

/** From one recovery to the next. */
const SAMPLES_A_ROUND = 400;

/** Faults begin or end so often, and programs are looked at so often, in samples. */
const DISTURB_EVERY = 8, SWEEP_EVERY = 20;

/** The event loop turns so often, in samples: slow readings and files on other threads need it. */
const TURN_EVERY = 8;

/** Looks that a finding of health takes to clear, at the most. */
const CLEARING_LOOKS = 8;

/**
 * Whatever failed was tried again after this time, in milliseconds: a GPU that was left alone or lost is
 * read, its links are looked for, and the programs are looked at anew.
 */
const SETTLED_MS = 70_000;

const MARKS = 40;

/** The files of a tree, to drivers that ask whether they are on a host: fakes of libraries are loaded there. */
class HostTree extends Sysroot {
  readonly #files: Sysroot;

  constructor(directory: string) {
    super(directory);
    this.#files = new Sysroot(directory);
  }

  override get isHost(): boolean {
    return true;
  }

  override resolve(path: string): string | undefined {
    return this.#files.resolve(path);
  }

  override kind(path: string): EntryKind | undefined {
    return this.#files.kind(path);
  }

  override list(path: string): string[] {
    return this.#files.list(path);
  }

  override readLink(path: string): string | undefined {
    return this.#files.readLink(path);
  }

  override bytes(path: string, limit?: number): Uint8Array | undefined {
    return this.#files.bytes(path, limit);
  }
}

const turn = () => new Promise<void>((done) => setImmediate(done));

/** Looks at GPUs that fail, and checks each look. */
export async function soak(
  options: SoakOptions,
  progress: (mark: Mark) => void = () => undefined,
): Promise<SoakResult> {
  using run = new Run(options);
  await run.all(progress);
  return run.result;
}

class Run implements Disposable {
  readonly result: SoakResult = {
    samples: 0,
    recoveries: 0,
    tally: new Map(),
    marks: [],
    figures: [],
    faults: [],
  };
  readonly #options: SoakOptions;
  readonly #random: Random;
  readonly #undo = new DisposableStack();
  readonly #tree: Tree;
  readonly #amd: AmdPart;
  readonly #parts: readonly SoakPart[];
  readonly #drivers: readonly CountedDriver[];
  readonly #gpus: readonly Gpu[];
  readonly #sampler;
  readonly #processes: SoakProcesses;
  readonly #sweep;
  readonly #health = new HealthMonitor();
  readonly #findings = new FindingCheck();
  readonly #planted: unknown[] = [];
  #clock = 0;
  /** Whether a reader was opened on files that are not what they should be: it knows them for good. */
  #openedOnSpoilt = false;

  constructor(options: SoakOptions) {
    this.#options = options;
    this.#random = new Random(options.seed ?? 1);
    const tree = this.#tree = this.#undo.use(new Tree());
    const amd = this.#amd = new AmdPart(tree);
    this.#parts = [nvidiaPart(options.gpus ?? 2), mooreThreadsPart(), amd]
      .map((part) => this.#undo.use(part));
    this.#gpus = this.#parts.flatMap(({ gpus }) => gpus).map((gpu, index) => ({ ...gpu, index }));
    this.#drivers = this.#parts.map(({ driver }) =>
      countSlow(driver, ({ vendor }) => {
        if (vendor === "amd" && amd.isSpoilt) this.#openedOnSpoilt = true;
      })
    );
    for (const gpu of this.#gpus) this.#power(gpu, "active", "on");
    const now = () => this.#clock;
    this.#sampler = this.#undo.use(openSampler({
      gpus: this.#gpus,
      sysroot: new HostTree(tree.directory),
      drivers: this.#drivers.map(({ driver }) => driver),
      now,
    }));
    this.#processes = new SoakProcesses(tree);
    this.#sweep = this.#undo.use(
      openProcessSweep({ sysroot: tree.sysroot, gpus: [SWEPT], now, except: null }),
    );
  }

  async all(progress: (mark: Mark) => void): Promise<void> {
    const { samples, minutes = Infinity } = this.#options;
    const began = performance.now();
    const share = () =>
      Math.min(
        1,
        Math.max(this.result.samples / samples, (performance.now() - began) / 60_000 / minutes),
      );
    while (this.result.faults.length === 0 && share() < 1) {
      await this.#round();
      await this.#recover();
      const done = this.result.marks.length;
      if (share() * MARKS < done && share() < 1) continue;
      const made = mark(this.result.samples, share());
      this.result.marks.push(made);
      progress(made);
    }
    const { figures, faults } = judgeGrowth(this.result.marks);
    this.result.figures.push(`events of health: ${this.#findings.events}`, ...figures);
    this.result.faults.push(...faults);
  }

  /** Samples while drivers fail. */
  async #round(): Promise<void> {
    for (let i = 0; i < SAMPLES_A_ROUND && this.result.faults.length === 0; i++) {
      if (i % DISTURB_EVERY === 0) await this.#disturb();
      this.#look(this.#random.below(2500));
      if (i % SWEEP_EVERY === 0) this.#sweep.sweep();
      if (i % TURN_EVERY === 0) await turn();
    }
  }

  /** Ends all faults, lets the time go by after which lost GPUs are tried again, and compares. */
  async #recover(): Promise<void> {
    if (this.result.faults.length > 0) return;
    await this.#idle();
    this.#parts.forEach((part) => part.heal());
    this.#processes.heal();
    this.#plant();
    this.#gpus.forEach((gpu) => this.#power(gpu, "active", "on"));
    if (this.#openedOnSpoilt) {
      // Which files a GPU has, and what its sensors are called, is read when its reader is opened.
      this.#amd.gpus.forEach((gpu) => this.#power(gpu, "suspended", "on"));
      this.#look(1);
      this.#amd.gpus.forEach((gpu) => this.#power(gpu, "active", "on"));
      this.#openedOnSpoilt = false;
    }
    this.#look(SETTLED_MS);
    for (let i = 0; i < CLEARING_LOOKS; i++) {
      await this.#idle();
      this.#look(RETRY_MS);
    }
    await this.#idle();
    this.#sweep.sweep();
    const sample = this.#look(SETTLED_MS);
    this.result.recoveries++;
    await this.#idle();
    for (const gpu of sample.gpus) {
      const truth = this.#parts.map((part) => part.truth.get(gpu.id)).find((each) => each) ?? {};
      this.#fault(wrongNumber(gpu, truth), `after recovery: ${gpu.id}`);
    }
    this.#fault(wrongList(this.#sweep.sweep().processes, this.#processes.truth), "after recovery");
    for (const part of this.#parts) this.#fault(part.complaint?.(), "after recovery");
  }

  /** One look at all GPUs after some milliseconds. */
  #look(afterMs: number): Sample {
    this.#clock += afterMs;
    const sample = this.#sampler.sample();
    this.result.samples++;
    const known = sample.gpus.map(({ id }) => id).join();
    if (known !== this.#gpus.map(({ id }) => id).join()) this.#fault(`it has ${known}`, "sample");
    for (const gpu of sample.gpus) {
      count(this.result.tally, `state ${gpu.state}`);
      this.#fault(brokenRule(gpu), gpu.id);
    }
    const isKept = this.#options.plant === "heap" && this.result.samples % 20 === 0;
    if (isKept) this.#planted.push(sample);
    const report = this.#health.judge(sample.gpus, this.#clock);
    this.#fault(this.#findings.see(report), "sample");
    return sample;
  }

  /** Something goes wrong, or right again. */
  async #disturb(): Promise<void> {
    await this.#idle();
    const { tally } = this.result;
    this.#random.pick(this.#parts).disturb(this.#random, tally);
    this.#processes.disturb(this.#random, tally);
    if (!this.#random.chance(0.2)) return;
    const status = this.#random.pick(["active", "active", "suspended", "suspending", "garbage"]);
    this.#power(this.#random.pick(this.#gpus), status, this.#random.pick(["on", "auto"]));
    if (status.startsWith("susp")) count(tally, "a GPU falls asleep");
  }

  /** Waits until no slow reading is under way. */
  async #idle(): Promise<void> {
    while (this.#drivers.some(({ slow }) => slow() > 0)) await turn();
    await turn();
  }

  /** Writes a GPU's power state; nothing for one that is off the bus. */
  #power(gpu: Gpu, status: string, control: string): void {
    const directory = join(
      this.#tree.directory,
      "sys/bus/pci/devices",
      gpu.pci_slot ?? "",
      "power",
    );
    try {
      if (gpu.vendor !== "amd") Deno.mkdirSync(directory, { recursive: true });
      Deno.writeTextFileSync(join(directory, "runtime_status"), `${status}\n`);
      Deno.writeTextFileSync(join(directory, "control"), `${control}\n`);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  #plant(): void {
    const { plant } = this.#options;
    if (plant === "number" && this.result.recoveries === 1) this.#amd.lie();
    if (plant === "descriptor") this.#planted.push(Deno.openSync(this.#tree.directory));
  }

  #fault(what: string | undefined, where: string): void {
    if (what === undefined || this.result.faults.length > 0) return;
    this.result.faults.push(`sample ${this.result.samples}, ${where}: ${what}`);
  }

  [Symbol.dispose](): void {
    for (const each of this.#planted) if (each instanceof Deno.FsFile) each.close();
    this.#undo.dispose();
  }
}
