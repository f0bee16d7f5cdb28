/**
 * How fast workers are at each kind of work, by what was measured. Pure.
 *
 * @module
 */

/** Options of {@linkcode ThroughputBook}. */
export interface ThroughputOptions {
  /** Weight of the newest measurement in the mean; 0.3 by default. */
  newest?: number;
  /** How far a measurement may be from the mean before it counts as a drift, in shares; 1, a factor of two, by default. */
  tolerance?: number;
  /** How many in a row have to be that far before the times are no longer steady; 5 by default. */
  patience?: number;
  /** How many classes are remembered; 1024 by default. The one that was used least lately goes first. */
  classes?: number;
}

/** Measurements that a speed needs: the first of a kernel holds its compilation. */
const NEEDED = 2;

/** One worker at one class of work. */
interface Entry {
  /** Units a ms. */
  speed: number;
  /** How often it was measured. */
  samples: number;
  /** Measurements in a row that were far from it. */
  astray: number;
  /** The newest measurement against the speed before it. */
  ratio: number;
}

/** Speeds by class of work and worker. */
export class ThroughputBook {
  readonly #options: Required<ThroughputOptions>;
  readonly #classes = new Map<string, Map<string, Entry>>();

  constructor(options: ThroughputOptions = {}) {
    this.#options = { newest: 0.3, tolerance: 1, patience: 5, classes: 1024, ...options };
  }

  /** Notes that a worker did `units` of a class in `ms`. What is no time is not noted. */
  record(workClass: string, worker: string, units: number, ms: number): void {
    const speed = units / ms;
    if (!(speed > 0 && speed < Infinity)) return;
    const workers = this.#classes.get(workClass) ?? new Map<string, Entry>();
    this.#touch(workClass, workers);
    const { newest, tolerance, patience } = this.#options;
    const entry = workers.get(worker);
    if (entry === undefined || entry.samples < NEEDED) {
      workers.set(worker, { speed, samples: (entry?.samples ?? 0) + 1, astray: 0, ratio: 1 });
      return;
    }
    const ratio = speed / entry.speed;
    const isAstray = ratio > 1 + tolerance || ratio < 1 / (1 + tolerance);
    if (entry.astray >= patience) {
      // Measured anew: what was before counts no more.
      workers.set(worker, { speed, samples: NEEDED, astray: 0, ratio: 1 });
      return;
    }
    entry.astray = isAstray ? entry.astray + 1 : 0;
    entry.ratio = ratio;
    // A single stray time moves it no further than a factor of two would.
    const near = entry.speed * Math.min(2, Math.max(0.5, ratio));
    entry.speed += newest * (near - entry.speed);
  }

  #touch(workClass: string, workers: Map<string, Entry>): void {
    this.#classes.delete(workClass);
    this.#classes.set(workClass, workers);
    const [oldest] = this.#classes.keys();
    if (this.#classes.size > this.#options.classes && oldest !== undefined) {
      this.#classes.delete(oldest);
    }
  }

  /** Units a ms of the workers that were measured at a class. */
  speeds(workClass: string): ReadonlyMap<string, number> {
    const workers = this.#classes.get(workClass) ?? new Map<string, Entry>();
    return new Map(Array.from(workers, ([worker, { speed }]) => [worker, speed]));
  }

  /**
   * Workers of which the newest times at a class are far from the mean: the newest speed against the mean, below
   * 1 for slower. Empty where nothing drifts.
   */
  drift(workClass: string): ReadonlyMap<string, number> {
    const workers = this.#classes.get(workClass) ?? new Map<string, Entry>();
    const astray = [...workers].filter(([, entry]) => entry.astray > 0);
    return new Map(astray.map(([worker, { ratio }]) => [worker, ratio]));
  }

  /** Whether the speeds of a class can be relied on: measured twice, and not astray for long. */
  isSteady(workClass: string): boolean {
    const workers = this.#classes.get(workClass);
    if (workers === undefined || workers.size === 0) return false;
    const { patience } = this.#options;
    return [...workers.values()].every(({ samples, astray }) =>
      samples >= NEEDED && astray < patience
    );
  }
}
