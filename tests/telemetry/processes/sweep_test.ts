import assert from "node:assert/strict";
import type { Access, LinkVisitor } from "../../../lib/telemetry/processes/proc_files.ts";
import {
  FileSweep,
  type SweepFiles,
  TURN_COUNTED_MS,
  TURN_MS,
} from "../../../lib/telemetry/processes/sweep.ts";

/** A `/proc` that notes which processes are looked at, and of which all open files are. */
class FakeProc implements SweepFiles {
  readonly processes = new Map<number, { links: Map<number, string>; access: Access }>();
  looked = new Set<number>();
  followed: number[] = [];

  constructor(readonly countsOpenFiles: boolean, pids: Iterable<number> = []) {
    for (const pid of pids) this.set(pid);
  }

  set(pid: number, links: Record<number, string> = { 0: "/dev/null" }, access: Access = "ok") {
    const entries = Object.entries(links).map(([fd, target]) => [Number(fd), target] as const);
    this.processes.set(pid, { links: new Map(entries), access });
  }

  pids(into: number[]): void {
    into.splice(0, into.length, ...this.processes.keys());
  }

  openFileCount(pid: number): number {
    return this.countsOpenFiles ? this.processes.get(pid)?.links.size ?? 0 : 0;
  }

  descriptors(pid: number): number {
    this.looked.add(pid);
    const process = this.processes.get(pid);
    if (process === undefined) return -1;
    return [...process.links.keys()].reduce((mask, fd) => mask | 1 << fd, 0);
  }

  forEachLink(pid: number, visit: LinkVisitor): Access {
    this.looked.add(pid);
    this.followed.push(pid);
    const process = this.processes.get(pid);
    if (process === undefined) return "gone";
    if (process.access !== "ok") return process.access;
    for (const [fd, target] of process.links) {
      const bytes = new TextEncoder().encode(target);
      visit(fd, bytes, bytes.length);
    }
    return "ok";
  }

  /** The processes that were looked at since the last call. */
  take(): number[] {
    const looked = [...this.looked];
    this.looked.clear();
    return looked;
  }

  /** Those of them of which all open files were. */
  takeFollowed(): number[] {
    return this.followed.splice(0);
  }
}

const pids = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

Deno.test("FileSweep looks at everything first, then at each process within the turn's time", () => {
  const proc = new FakeProc(false, pids(10));
  const sweep = new FileSweep(proc, () => false);
  sweep.update(0);
  assert.deepEqual(proc.take(), pids(10));
  const turns = [1, 2, 3, 4, 5].map((step) => {
    sweep.update(step * TURN_MS / 5);
    return proc.take();
  });
  // Two at a time, and none twice.
  assert.deepEqual(turns, [[1, 2], [3, 4], [5, 6], [7, 8], [9, 10]]);
  sweep.update(3 * TURN_MS);
  assert.deepEqual(proc.take().sort((a, b) => a - b), pids(10));
});

Deno.test("FileSweep looks right away at a process whose number of open files has changed", () => {
  const proc = new FakeProc(true, pids(100));
  const sweep = new FileSweep(proc, () => false);
  sweep.update(0);
  proc.take();
  proc.set(77, { 0: "/dev/null", 3: "/dev/dri/renderD128" });
  sweep.update(TURN_COUNTED_MS / 100);
  assert.deepEqual(proc.take(), [77, 1]);
  assert.deepEqual([...sweep.holders], [[77, [{ fd: 3, node: "renderD128" }]]]);
});

Deno.test("FileSweep looks at a new process right away, and forgets one that is gone", () => {
  const proc = new FakeProc(false, [1]);
  const sweep = new FileSweep(proc, () => false);
  sweep.update(0);
  proc.set(9, { 4: "/dev/dri/card0" });
  sweep.update(1);
  assert.deepEqual([...sweep.holders.keys()], [9]);
  proc.processes.delete(9);
  sweep.update(2);
  assert.equal(sweep.holders.size, 0);
});

Deno.test("FileSweep does nothing out of turn where no time has passed, or the clock ran back", () => {
  const proc = new FakeProc(false, pids(10));
  const sweep = new FileSweep(proc, () => false);
  sweep.update(1000);
  proc.take();
  sweep.update(1000);
  sweep.update(500);
  assert.deepEqual(proc.take(), []);
});

Deno.test("FileSweep.denied counts processes of others, and no threads of the kernel's", () => {
  const proc = new FakeProc(false, [1]);
  proc.set(2, {}, "denied");
  proc.set(3, {}, "denied");
  const sweep = new FileSweep(proc, (pid) => pid === 2);
  sweep.update(0);
  assert.equal(sweep.denied, 1);
  proc.set(3, {}, "ok");
  sweep.update(TURN_MS);
  assert.equal(sweep.denied, 0);
});

Deno.test("FileSweep reads where descriptors lead at most every TURN_COUNTED_MS while they are the same", () => {
  const proc = new FakeProc(false, pids(12));
  const sweep = new FileSweep(proc, () => false);
  sweep.update(0);
  proc.takeFollowed();
  for (let cycle = 0; cycle < 3; cycle++) {
    const turns = pids(6).map((turn) => {
      sweep.update(cycle * TURN_COUNTED_MS + turn * TURN_MS);
      assert.equal(proc.take().length, 12);
      return proc.takeFollowed();
    });
    // Two a turn: they are not all due at once.
    assert.deepEqual(turns.map(({ length }) => length), [2, 2, 2, 2, 2, 2]);
    assert.deepEqual(turns.flat().sort((a, b) => a - b), pids(12));
  }
});

Deno.test("FileSweep looks within TURN_MS at a process that has other descriptors than before", () => {
  const proc = new FakeProc(false, pids(60));
  const sweep = new FileSweep(proc, () => false);
  sweep.update(0);
  sweep.update(TURN_MS);
  // The number of open files is the same.
  proc.set(60, { 3: "/dev/dri/renderD128" });
  sweep.update(2 * TURN_MS);
  assert.deepEqual([...sweep.holders.keys()], [60]);
  proc.set(60, { 0: "/dev/null" });
  sweep.update(3 * TURN_MS);
  assert.equal(sweep.holders.size, 0);
});

Deno.test("FileSweep finds a file that took the descriptor of another within TURN_COUNTED_MS", () => {
  for (const pid of pids(12)) {
    const proc = new FakeProc(false, pids(12));
    const sweep = new FileSweep(proc, () => false);
    sweep.update(0);
    proc.set(pid, { 0: "/dev/dri/renderD128" });
    for (let at = TURN_MS / 5; at <= TURN_COUNTED_MS; at += TURN_MS / 5) sweep.update(at);
    assert.deepEqual([...sweep.holders.keys()], [pid]);
  }
});

Deno.test("FileSweep finds such a file as soon where it is asked seldom", () => {
  const proc = new FakeProc(false, pids(12));
  const sweep = new FileSweep(proc, () => false);
  sweep.update(0);
  for (const pid of pids(12)) proc.set(pid, { 0: "/dev/dri/renderD128" });
  sweep.update(TURN_COUNTED_MS);
  assert.equal(sweep.holders.size, 12);
});
