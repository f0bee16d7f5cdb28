/**
 * The part of the service that follows programs with a shim, places them, and tells them what to do.
 *
 * @module
 */

import type { BenchReport } from "../bench/report.ts";
import type { Gpu, GpuId } from "../gpu/gpu.ts";
import type { StatusDocument } from "../render/status_document.ts";
import type { Scheduler, StrategyName } from "../schedule/strategies.ts";
import type { Session, SessionRegistry } from "../session/registry.ts";
import { weightsOf } from "./bench_weights.ts";
import { oneLine } from "./one_line.ts";
import {
  allowedGpus,
  place,
  type Placement,
  type PlacementRules,
  policyFor,
  schedulerFor,
  strategyOf,
  unplaced,
  USUAL_RULES,
} from "./placement.ts";
import {
  changeState,
  rebase,
  type SchedulerBase,
  type SchedulerState,
  viewOf,
  withWeights,
} from "./scheduler_state.ts";
import type { SchedulerStore } from "./scheduler_store.ts";
import type { SchedulerChange, SchedulerView, ServiceEvents, SessionView } from "./service_api.ts";
import { type Counted, countedIn, sessionView } from "./session_view.ts";

/** A state that could not be written is tried again after so long, in ms. */
const RETRY_MS = 5_000;

/** What the part works with. */
export interface SchedulingOptions {
  registry: Pick<SessionRegistry, "look" | "push" | typeof Symbol.dispose>;
  /** Where the state is kept. */
  store: Pick<SchedulerStore, "load" | "save" | "check">;
  /** What the configuration says. */
  base: SchedulerBase;
  rules?: PlacementRules;
  /** Told of each program that begins or ends. */
  told: (event: ServiceEvents["session"]) => void;
  /** Takes lines of the log. */
  log: (level: "info" | "warning", text: string, gpu: GpuId | null) => void;
  /** A clock that does not go back, in ms. */
  now?: () => number;
}

interface Placed {
  session: Session;
  placement: Placement;
  /** What it had counted when counting began anew; undefined where that is its own beginning. */
  before?: Counted;
}

/** Follows sessions from look to look. Dispose it to close their pages; programs keep their policies. */
export class Scheduling implements Disposable {
  readonly #options: SchedulingOptions;
  #state: SchedulerState;
  #rules: PlacementRules;
  #gpus: readonly Gpu[] = [];
  #load = new Map<GpuId, number | null>();
  #lost = new Set<GpuId>();
  readonly #placed = new Map<string, Placed>();
  readonly #schedulers = new Map<StrategyName, Scheduler>();
  /** What was said of a path or a session, so that it is said once. */
  #said = new Map<string, string>();
  #unsaved: string | null = null;
  /** The write that is under way, and the one behind it, which takes all changes until then. */
  #writing: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;
  /** Whether there is something that could not be written. */
  #isBehind = false;
  #retryAt = 0;
  readonly #now: () => number;

  /** Reads the state; one that is damaged is told in the log, and one that could not be written. */
  constructor(options: SchedulingOptions) {
    this.#options = options;
    this.#rules = options.rules ?? USUAL_RULES;
    const { state, problem } = options.store.load(options.base);
    this.#state = state;
    if (problem !== null) options.log("warning", problem, null);
    this.#now = options.now ?? (() => performance.now());
    this.#writing = this.#attempt(() => options.store.check());
  }

  /** Why changes will not outlive the service; null where they will. */
  get degraded(): string | null {
    return this.#unsaved;
  }

  /** The configuration was read again. */
  configure(base: SchedulerBase, rules: PlacementRules = USUAL_RULES): void {
    if (JSON.stringify(rules.options) !== JSON.stringify(this.#rules.options)) {
      this.#schedulers.clear();
    }
    this.#rules = rules;
    this.#change(rebase(this.#state, base));
  }

  /** GPUs were measured. */
  measured(report: BenchReport): void {
    const weights = weightsOf(report);
    if (Object.keys(weights).length > 0) this.#change(withWeights(this.#state, weights));
  }

  /** Told of each look at the GPUs: looks at the sessions. */
  looked({ gpus }: StatusDocument, listed: readonly Gpu[]): void {
    this.#gpus = listed;
    this.#load = new Map(gpus.map(({ id, utilization_pct }) => [id, utilization_pct]));
    this.#lost = new Set(gpus.filter(({ state }) => state === "lost").map(({ id }) => id));
    const { sessions, ended, problems } = this.#options.registry.look();
    for (const session of ended) this.#end(session);
    for (const session of sessions) this.#follow(session);
    this.#apply();
    if (this.#unsaved !== null && this.#now() >= this.#retryAt) this.#write();
    this.#sayNew(
      problems.map(({ path, reason }) => [path, reason] as const),
      sessions.flatMap(({ id, problem }) => problem === null ? [] : [[id, problem] as const]),
    );
  }

  #follow(session: Session): void {
    const known = this.#placed.get(session.id);
    if (known !== undefined) {
      known.session = session;
      return;
    }
    const placement = this.#place(session);
    this.#placed.set(session.id, { session, placement });
    const { pid, page } = session;
    const name = page.command ?? "a program";
    this.#options.log("info", `${name} (${pid}) begins: ${placement.reason}`, placement.gpu);
    this.#options.told({ edge: "begin", session: sessionView(session, placement) });
  }

  #place({ page }: Session): Placement {
    if (!this.#rules.places) return unplaced(this.#state, this.#usable(), page.asked);
    const strategy = strategyOf(this.#state, page.asked);
    const scheduler = this.#schedulers.get(strategy) ?? schedulerFor(strategy, this.#rules);
    this.#schedulers.set(strategy, scheduler);
    return place(this.#state, this.#usable(), (id) => this.#loadOf(id), page, scheduler);
  }

  #usable(): Gpu[] {
    return this.#gpus.filter(({ id }) => !this.#lost.has(id));
  }

  #loadOf(id: GpuId): { load_pct: number | null; sessions: number } {
    const placed = [...this.#placed.values()].filter(({ placement }) => placement.gpu === id);
    return { load_pct: this.#load.get(id) ?? null, sessions: placed.length };
  }

  #end(session: Session): void {
    const placed = this.#placed.get(session.id);
    if (placed === undefined) return;
    this.#placed.delete(session.id);
    this.#said.delete(session.id);
    const { pid, page } = session;
    this.#options.log("info", `${page.command ?? "a program"} (${pid}) ended`, null);
    this.#options.told({
      edge: "end",
      session: sessionView(session, placed.placement, placed.before),
    });
  }

  /** Brings what sessions are told in line with the state. A program moves only where it has to. */
  #apply(): void {
    // Those that were told something before keep it.
    if (!this.#rules.places) return;
    const usable = this.#usable();
    for (const placed of this.#placed.values()) {
      const { session, placement } = placed;
      const { asked } = session.page;
      const { gpus } = allowedGpus(this.#state, usable, asked);
      if (placement.gpu === null ? gpus.length > 0 : !gpus.includes(placement.gpu)) {
        const moved = this.#place(session);
        // Where there is none for it now, it stays with what it was told before.
        if (moved.gpu !== placement.gpu && moved.gpu !== null) {
          this.#options.log("info", `${session.id} moves: ${moved.reason}`, moved.gpu);
        }
        placed.placement = moved;
      } else {
        placed.placement = { ...placement, gpus, strategy: strategyOf(this.#state, asked) };
      }
      this.#push(session, placed.placement);
    }
  }

  #push(session: Session, placement: Placement): void {
    const policy = policyFor(this.#state, this.#gpus, placement, this.#rules);
    if (policy === undefined) return;
    try {
      this.#options.registry.push(session.id, policy, { keepsLimits: true });
    } catch (error) {
      // It ended meanwhile, mostly: the next look finds out.
      this.#sayOnce(session.id, `cannot be told what to do: ${oneLine(error)}`);
    }
  }

  #sayOnce(what: string, text: string): void {
    if (this.#said.get(what) === text) return;
    this.#said.set(what, text);
    this.#options.log("warning", `${what}: ${text}`, null);
  }

  /** Says problems that are new, and forgets those that are over. */
  #sayNew(...lists: (readonly (readonly [string, string])[])[]): void {
    const now = new Map(lists.flat());
    for (const what of this.#said.keys()) {
      if (!now.has(what) && !this.#placed.has(what)) this.#said.delete(what);
    }
    for (const [what, text] of now) this.#sayOnce(what, text);
  }

  /** The sessions, by pid. */
  sessions(): SessionView[] {
    return Array.from(
      this.#placed.values(),
      ({ session, placement, before }) => sessionView(session, placement, before),
    ).sort((a, b) => a.pid - b.pid);
  }

  /** Counts from now on. */
  resetStats(): void {
    for (const placed of this.#placed.values()) placed.before = countedIn(placed.session);
  }

  /** The scheduler as clients see it. */
  view(): SchedulerView {
    return viewOf(this.#state, this.#gpus, (id) => this.#loadOf(id));
  }

  /**
   * Makes a change; programs are told at once, and {@linkcode saved} says when it outlives the service.
   *
   * @throws {ServiceError} where it cannot be; nothing changes then.
   */
  change(change: SchedulerChange): SchedulerView {
    this.#change(changeState(this.#state, this.#gpus, change));
    return this.view();
  }

  #change(state: SchedulerState): void {
    this.#state = state;
    this.#apply();
    this.#isBehind = true;
    this.#write();
  }

  #write(): void {
    this.#next ??= this.#writing.then(() => {
      this.#next = undefined;
      const { store } = this.#options;
      // A file that nobody changed is left alone: one that is damaged may be looked at.
      return this.#writing = this.#attempt(() =>
        this.#isBehind ? store.save(this.#state) : store.check()
      );
    });
  }

  /** Writes, and says where that fails, and when it works again. Never rejects. */
  async #attempt(write: () => Promise<void>): Promise<void> {
    const { log } = this.#options;
    const behind = this.#state;
    this.#retryAt = this.#now() + RETRY_MS;
    try {
      await write();
      if (behind === this.#state) this.#isBehind = false;
      if (this.#unsaved !== null) log("info", "changes outlive the service again", null);
      this.#unsaved = null;
    } catch (error) {
      const problem = `changes do not outlive the service: ${oneLine(error)}`;
      if (this.#unsaved !== problem) log("warning", problem, null);
      this.#unsaved = problem;
    }
  }

  /** Resolves when what was changed is on the disk, or cannot be: see {@linkcode degraded}. */
  saved(): Promise<void> {
    return this.#next ?? this.#writing;
  }

  [Symbol.dispose](): void {
    this.#options.registry[Symbol.dispose]();
  }
}
