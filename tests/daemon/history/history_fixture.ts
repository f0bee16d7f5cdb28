/** A history in a directory of its own, with clocks that tests move. */

import { join } from "node:path";
import {
  type HistoryOptions,
  type HistoryStore,
  openHistory,
} from "../../../lib/daemon/history/history.ts";
import type { GpuSample } from "../../../lib/telemetry/metrics.ts";
import { gpuSample } from "../../render/status_samples.ts";

/** 2026-01-01, at a full hour. */
export const START = Date.UTC(2026, 0, 1);

/** Clocks that stand still until they are moved. */
export class TestClock {
  wall = START;
  mono = 0;
  now = () => this.wall;
  monotonic = () => this.mono;

  /** Moves both on. */
  pass(ms: number): void {
    this.wall += ms;
    this.mono += ms;
  }
}

/** A directory, clocks, and what the history told. */
export class HistoryFixture implements Disposable {
  readonly directory: string = Deno.makeTempDirSync({ prefix: "mvgal-history-" });
  readonly clock: TestClock = new TestClock();
  readonly told: string[] = [];
  path: string = join(this.directory, "history.db");

  /** Opens the history. */
  open(options: Partial<HistoryOptions> = {}): HistoryStore {
    return openHistory({
      path: this.path,
      clock: this.clock,
      tell: (_level, text) => void this.told.push(text),
      ...options,
    });
  }

  /** What a kill of this moment would leave: goes on with a copy of the files. */
  copyFiles(): void {
    const next = `${this.path}x`;
    for (const end of ["", "-wal"]) {
      try {
        Deno.copyFileSync(this.path + end, next + end);
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    }
    this.path = next;
  }

  /** Names of the files. */
  files(): string[] {
    return [...Deno.readDirSync(this.directory)].map(({ name }) => name).sort();
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.directory, { recursive: true });
  }
}

/** A look at one GPU. */
export function look(utilization_pct: number | null, index = 0): GpuSample[] {
  return [gpuSample({ index, utilization_pct })];
}

/** Records a look a second for so many seconds: its utilization is the second's number. */
export function recordSeconds(store: HistoryStore, clock: TestClock, seconds: number): void {
  for (let i = 0; i < seconds; i++) {
    store.record(look(i), clock.wall);
    clock.pass(1000);
  }
}
