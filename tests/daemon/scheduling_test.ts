/** The part of the service that follows sessions. */

import assert from "node:assert/strict";
import { parsePage } from "../../lib/session/page.ts";
import type { Policy } from "../../lib/session/policy.ts";
import type { Session, SessionLook } from "../../lib/session/registry.ts";
import { USUAL_RULES } from "../../lib/daemon/placement.ts";
import { Scheduling } from "../../lib/daemon/scheduling.ts";
import { initialState, type SchedulerState } from "../../lib/daemon/scheduler_state.ts";
import { samplePage } from "../session/page_fuzz.ts";
import { gpus, idOf, look } from "./gpus.ts";

function session(pid: number): Session {
  const reading = parsePage(samplePage());
  assert.ok(reading.state === "page");
  const page = { ...reading.page, pid, asked: { strategy: null, mask: null, gpus: null } };
  return { id: `${pid}.1`, pid, uid: 0, page, problem: null };
}

/** A part with a registry and a store in memory. */
class Rig implements Disposable {
  running: Session[] = [];
  problems: SessionLook["problems"] = [];
  readonly policies = new Map<string, Policy>();
  readonly lines: string[] = [];
  readonly edges: string[] = [];
  saved: SchedulerState | undefined;
  full = false;
  writes = 0;
  checks = 0;
  clock = 0;
  #isSaving = false;
  #before = new Set<string>();
  #last: Session[] = [];
  readonly part: Scheduling;
  readonly listed = gpus(3);

  constructor(full = false) {
    this.full = full;
    const base = { strategy: "hybrid", gpus: {} } as const;
    this.part = new Scheduling({
      base,
      store: {
        load: () => ({ state: initialState(base), problem: "it was damaged" }),
        check: () => {
          this.checks++;
          return this.full ? Promise.reject(new Error("No space left")) : Promise.resolve();
        },
        save: async (state) => {
          assert.equal(this.#isSaving, false, "one write at a time");
          this.#isSaving = true;
          await Promise.resolve();
          this.#isSaving = false;
          this.writes++;
          if (this.full) throw new Error("No space left on device");
          this.saved = state;
        },
      },
      registry: {
        look: () => {
          const now = new Set(this.running.map(({ id }) => id));
          const ended = this.#last.filter(({ id }) => !now.has(id));
          const began = this.running.filter(({ id }) => !this.#before.has(id));
          this.#before = now;
          this.#last = this.running;
          return { sessions: this.running, began, ended, problems: this.problems };
        },
        push: (id, policy) => {
          if (!this.running.some((each) => each.id === id)) throw new Error("it is gone");
          this.policies.set(id, policy);
          return true;
        },
        [Symbol.dispose]: () => {},
      },
      told: ({ edge, session }) => this.edges.push(`${edge} ${session.pid}`),
      log: (level, text) => this.lines.push(`${level} ${text}`),
      now: () => this.clock,
    });
  }

  look(...busy: (number | null | "lost")[]): void {
    this.part.looked(look(this.listed, busy), this.listed);
  }

  preferred(id: string): string | undefined {
    return this.policies.get(id)?.gpus.find(({ preferred }) => preferred)?.id;
  }

  [Symbol.dispose](): void {
    this.part[Symbol.dispose]();
  }
}

Deno.test("Scheduling.looked() places programs, tells them, and lets them stay where they are", () => {
  using rig = new Rig();
  assert.deepEqual(rig.lines, ["warning it was damaged"]);
  rig.running = [session(1), session(2), session(3)];
  rig.look(0, 0, 0);
  assert.deepEqual(rig.edges, ["begin 1", "begin 2", "begin 3"]);
  assert.deepEqual(["1.1", "2.1", "3.1"].map((id) => rig.preferred(id)), [0, 1, 2].map(idOf));
  assert.deepEqual(rig.part.view().gpus.map(({ sessions }) => sessions), [1, 1, 1]);
  rig.running = [session(1), session(3)];
  rig.look(100, 0, 100);
  assert.deepEqual(rig.edges.slice(3), ["end 2"]);
  assert.deepEqual(["1.1", "3.1"].map((id) => rig.preferred(id)), [0, 2].map(idOf));
  assert.deepEqual(rig.part.view().gpus.map(({ load_pct }) => load_pct), [100, 0, 100]);
  const [view] = rig.part.sessions();
  assert.equal(view?.id, "1.1");
  assert.deepEqual(view?.gpus, [0, 1, 2].map(idOf));
  assert.deepEqual(view?.whole, [{ reason: "buffers alias", count: 7 }]);
  assert.equal(view?.counters[0]?.launches, 1);
});

Deno.test("Scheduling.change() tells programs at once, and moves those whose GPU is disabled or lost", async () => {
  using rig = new Rig();
  rig.running = [session(1)];
  rig.look(0, 50, 50);
  assert.equal(rig.preferred("1.1"), idOf(0));
  const view = rig.part.change({ strategy: "task", gpus: [{ id: "0", enabled: false }] });
  assert.equal(view.strategy, "task");
  assert.equal(rig.policies.get("1.1")?.strategy, "task");
  assert.equal(rig.preferred("1.1"), idOf(1));
  await rig.part.saved();
  assert.equal(rig.saved?.strategy, "task");
  assert.match(rig.lines.at(-1) ?? "", /1\.1 moves: task: pci:0000:01:00\.0/);
  rig.look(0, "lost", 50);
  assert.equal(rig.preferred("1.1"), idOf(2));
  rig.look(0, 0, 0);
  assert.equal(rig.preferred("1.1"), idOf(2));
  // With no GPU left it keeps what it was told.
  rig.look("lost", "lost", "lost");
  assert.equal(rig.preferred("1.1"), idOf(2));
  assert.deepEqual(rig.part.sessions()[0]?.gpus, []);
  assert.throws(() => rig.part.change({ gpus: [{ id: "9", enabled: true }] }), /no GPU 9/);
});

Deno.test("Scheduling goes on where its state cannot be written, and says so until it can", async () => {
  using rig = new Rig();
  rig.look(0, 0, 0);
  rig.full = true;
  rig.part.change({ strategy: "afr" });
  rig.part.change({ strategy: "sfr" });
  assert.equal(rig.part.view().strategy, "sfr");
  await rig.part.saved();
  assert.match(rig.part.degraded ?? "", /do not outlive the service: No space left/);
  assert.equal(rig.lines.filter((line) => line.includes("No space left")).length, 1);
  rig.full = false;
  rig.part.change({ strategy: "afr" });
  await rig.part.saved();
  assert.equal(rig.part.degraded, null);
});

Deno.test("Scheduling tries again to write what it could not, and leaves a file that nobody changed", async () => {
  using rig = new Rig(true);
  await rig.part.saved();
  assert.match(rig.part.degraded ?? "", /do not outlive the service: No space left/);
  rig.clock = 4_999;
  rig.look(0, 0, 0);
  await rig.part.saved();
  assert.equal(rig.checks, 1, "it is not time yet");
  rig.full = false;
  rig.clock = 5_001;
  rig.look(0, 0, 0);
  await rig.part.saved();
  assert.equal(rig.part.degraded, null);
  assert.equal(rig.writes, 0, "the damaged file is still there");
  assert.match(rig.lines.at(-1) ?? "", /info changes outlive the service again/);
  rig.full = true;
  rig.part.change({ strategy: "afr" });
  await rig.part.saved();
  rig.full = false;
  rig.clock = 30_000;
  rig.look(0, 0, 0);
  await rig.part.saved();
  assert.equal(rig.saved?.strategy, "afr");
  assert.equal(rig.lines.filter((line) => line.includes("No space left")).length, 2);
});

Deno.test("Scheduling.saved() waits for the last change, and writes those of meanwhile at once", async () => {
  using rig = new Rig();
  rig.look(0, 0, 0);
  await rig.part.saved();
  rig.part.change({ strategy: "afr" });
  const first = rig.part.saved();
  await Promise.resolve();
  for (const strategy of ["sfr", "task", "hybrid"] as const) rig.part.change({ strategy });
  await rig.part.saved();
  await first;
  assert.equal(rig.saved?.strategy, "hybrid");
  assert.equal(rig.writes, 2);
});

Deno.test("Scheduling says each problem of a session once, and again once it was over", () => {
  using rig = new Rig();
  const count = () => rig.lines.filter((line) => line.includes("it is a link")).length;
  rig.problems = [{ path: "/run/mvgal/sessions/9.9", reason: "it is a link" }];
  rig.look(0, 0, 0);
  rig.look(0, 0, 0);
  assert.equal(count(), 1);
  rig.problems = [];
  rig.look(0, 0, 0);
  rig.problems = [{ path: "/run/mvgal/sessions/9.9", reason: "it is a link" }];
  rig.look(0, 0, 0);
  assert.equal(count(), 2);
});

Deno.test("Scheduling.configure() takes what the configuration changed", () => {
  using rig = new Rig();
  rig.look(0, 0, 0);
  rig.part.change({ strategy: "afr" });
  rig.part.configure({ strategy: "hybrid", gpus: { [idOf(1)]: { enabled: false, priority: 1 } } });
  const { strategy, gpus } = rig.part.view();
  assert.equal(strategy, "afr");
  assert.deepEqual(gpus.map(({ enabled }) => enabled), [true, false, true]);
});

Deno.test("Scheduling tells nothing to programs that begin while it places none", () => {
  using rig = new Rig();
  const base = { strategy: "task", gpus: {} } as const;
  rig.running = [session(1)];
  rig.look(0, 0, 0);
  const told = rig.policies.get("1.1");
  rig.part.configure(base, { ...USUAL_RULES, places: false });
  rig.running = [session(1), session(2)];
  rig.look("lost", 0, 0);
  assert.equal(rig.policies.get("1.1"), told, "who runs keeps what it was told");
  assert.equal(rig.policies.has("2.1"), false);
  const view = rig.part.sessions().find(({ pid }) => pid === 2);
  assert.deepEqual([view?.placed_on, view?.gpus], [null, [idOf(1), idOf(2)]]);
  assert.match(view?.placed_because ?? "", /\[core\] enabled is false/);
  rig.part.configure(base);
  rig.look(0, 0, 0);
  assert.ok(rig.preferred("2.1") !== undefined, "it is placed as soon as programs are");
});

Deno.test("Scheduling places by the options of the strategies, and tells limits of memory", () => {
  using rig = new Rig();
  rig.part.configure({ strategy: "single", gpus: {} }, {
    places: true,
    options: { single: { device: idOf(2) } },
    memory_limits: { [idOf(1)]: 1024n },
  });
  rig.running = [session(1)];
  rig.look(0, 0, 0);
  assert.equal(rig.preferred("1.1"), idOf(2));
  const limits = rig.policies.get("1.1")?.gpus.map((gpu) => gpu.memory_limit_bytes);
  assert.deepEqual(limits, [null, 1024n, null]);
  rig.part.configure({ strategy: "single", gpus: {} });
  rig.running = [session(1), session(2)];
  rig.look(0, 0, 0);
  assert.equal(rig.preferred("2.1"), idOf(0), "of the usual options the first");
});
