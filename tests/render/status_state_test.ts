import assert from "node:assert/strict";
import {
  HISTORY_LENGTH,
  initialState,
  type Key,
  reduce,
  type ScreenEffect,
  type ScreenState,
  shownRows,
} from "../../lib/render/status_state.ts";
import type { GpuProcess } from "../../lib/telemetry/process.ts";
import { busyGpu, gpuProcess, gpuSample, lookAt } from "./status_samples.ts";

const OWN = 4242;

function begin(processes: GpuProcess[] = [], own_pid: number | null = OWN): ScreenState {
  const state = initialState({ interval_ms: 1000, host: "host", own_pid });
  return reduce(state, { kind: "look", look: lookAt([busyGpu(), busyGpu(1)], processes) }).state;
}

/** Presses keys one after the other; the effects that came of them. */
function press(from: ScreenState, ...keys: Key[]): { state: ScreenState; effects: ScreenEffect[] } {
  let state = from;
  const effects: ScreenEffect[] = [];
  for (const key of keys) {
    const step = reduce(state, { kind: "key", key });
    state = step.state;
    if (step.effect) effects.push(step.effect);
  }
  return { state, effects };
}

const THREE = [
  gpuProcess({ pid: 10, utilization_pct: 30 }),
  gpuProcess({ pid: 11, utilization_pct: 20 }),
  gpuProcess({ pid: 12, utilization_pct: 10 }),
];
const selectedPid = (state: ScreenState) => Number(state.selected?.split(" ")[1]);

Deno.test("reduce() remembers the course of each GPU, null for unknown, up to a length", () => {
  let state = initialState({ interval_ms: 1000, host: "", own_pid: null });
  const unknown = gpuSample({ index: 1 });
  for (let i = 0; i <= HISTORY_LENGTH; i++) {
    state = reduce(state, { kind: "look", look: lookAt([busyGpu(), unknown]) }).state;
  }
  const first = state.histories.get("pci:0000:01:00.0");
  assert.equal(first?.busy.length, HISTORY_LENGTH);
  assert.deepEqual([first?.busy.at(-1), first?.memory.at(-1)], [0.94, 0.75]);
  assert.deepEqual(state.histories.get("pci:0000:02:00.0")?.busy.slice(0, 2), [null, null]);
});

Deno.test("reduce() ends at q and F10", () => {
  assert.deepEqual(press(begin(), "q").effects, [{ kind: "quit" }]);
  assert.deepEqual(press(begin(), "<f10>").effects, [{ kind: "quit" }]);
});

Deno.test("reduce() goes through the columns with s, and turns the order with r", () => {
  assert.deepEqual(press(begin(), "s").state.sort, { column: "memory", reversed: false });
  assert.deepEqual(press(begin(), "r").state.sort, { column: "busy", reversed: true });
  assert.equal(press(begin(), "s", "s", "s", "s", "s", "s").state.sort.column, "busy");
});

Deno.test("reduce() filters as it is typed, keeps it with Enter and drops it with Escape", () => {
  const typed = press(begin(), "/", "p", "q", "k", "<backspace>").state;
  assert.deepEqual([typed.filter, typed.mode.kind], ["pq", "filter"]);
  assert.deepEqual(press(typed, "<enter>").state.filter, "pq");
  assert.deepEqual(press(press(typed, "<enter>").state, "/", "x", "<escape>").state.filter, "pq");
  assert.equal(press(typed, "<clear>").state.filter, "");
  assert.equal(press(typed, "<f5>").state.filter, "pq");
});

Deno.test("reduce() moves the selection within the rows, by identity and not by place", () => {
  const down = press(begin(THREE), "<down>").state;
  assert.equal(selectedPid(down), 10);
  assert.equal(selectedPid(press(down, "<up>").state), 10);
  assert.equal(selectedPid(press(down, "<pagedown>").state), 12);
  assert.equal(selectedPid(press(begin(THREE), "<up>").state), 12);
  assert.equal(selectedPid(press(down, "<end>", "<home>").state), 10);
  const turned = press(down, "r").state;
  assert.equal(selectedPid(turned), 10);
  assert.deepEqual(shownRows(turned).map(({ pid }) => pid), [12, 11, 10]);
  assert.equal(press(down, "<escape>").state.selected, null);
  assert.equal(press(begin([]), "<down>").state.selected, null);
});

Deno.test("reduce() loses the selection with its program", () => {
  const down = press(begin(THREE), "<down>").state;
  const look = lookAt([busyGpu()], THREE.slice(1));
  assert.equal(reduce(down, { kind: "look", look }).state.selected, null);
});

Deno.test("reduce() sends a signal after two questions", () => {
  const { state, effects } = press(begin(THREE), "<down>", "k", "t", "y");
  assert.deepEqual(effects, [
    { kind: "aim", pid: 10 },
    { kind: "signal", pid: 10, signal: "SIGTERM", title: "worker --fast" },
  ]);
  assert.equal(state.mode.kind, "list");
  assert.equal(press(begin(THREE), "<down>", "k", "k", "y").effects.length, 2);
  const interrupted = press(begin(THREE), "<down>", "k", "i", "y").effects[1];
  assert.equal(interrupted?.kind === "signal" && interrupted.signal, "SIGINT");
});

Deno.test("reduce() sends no signal on any other answer", () => {
  for (const answer of ["n", "<enter>", "<escape>", " ", "q", "k"]) {
    const { state, effects } = press(begin(THREE), "<down>", "k", "t", answer);
    assert.deepEqual(effects, [{ kind: "aim", pid: 10 }], answer);
    assert.equal(state.message, "no signal sent");
  }
  for (const choice of ["x", "<enter>", "<escape>", "y"]) {
    const { state } = press(begin(THREE), "<down>", "k", choice);
    assert.deepEqual([state.mode.kind, state.message], ["list", "no signal sent"]);
  }
});

Deno.test("reduce() refuses signals to process 1, to mvgal, to groups, and to who is not known here", () => {
  const cases: [Partial<GpuProcess>, RegExp][] = [
    [{ pid: 1 }, /process 1/],
    [{ pid: OWN }, /mvgal itself/],
    [{ pid: 0 }, /no number of a process/],
    [{ pid: -5 }, /no number of a process/],
    [{ pid: 77, name: null }, /not known here/],
  ];
  for (const [given, message] of cases) {
    const { state, effects } = press(begin([gpuProcess(given)]), "<down>", "k", "k", "y");
    assert.deepEqual(effects, [], JSON.stringify(given));
    const refused = press(begin([gpuProcess(given)]), "<down>", "k").state;
    assert.match(refused.message ?? "", message);
    assert.equal(state.mode.kind, "list");
  }
  const dump = press(begin(THREE, null), "<down>", "k");
  assert.deepEqual(dump.effects, []);
  assert.match(dump.state.message ?? "", /another host's programs/);
  assert.match(press(begin(THREE), "k").state.message ?? "", /select a program first/);
});

Deno.test("reduce() asks no more when the program has gone", () => {
  for (const keys of [["<down>", "k"], ["<down>", "k", "t"]]) {
    const asking = press(begin(THREE), ...keys).state;
    const look = lookAt([busyGpu()], THREE.slice(1));
    const { state } = reduce(asking, { kind: "look", look });
    assert.equal(state.mode.kind, "list");
    assert.match(state.message ?? "", /^10 \(worker --fast\) no longer uses a GPU/);
    assert.deepEqual(press(state, "y").effects, []);
  }
});

Deno.test("reduce() keeps what it shows while it is paused", () => {
  const paused = press(begin(THREE), "p").state;
  const after = reduce(paused, { kind: "look", look: lookAt([], []) }).state;
  assert.equal(after.look?.gpus.length, 2);
  assert.equal(press(after, " ").state.paused, false);
});

Deno.test("reduce() goes through the intervals with + and -, and stays at their ends", () => {
  const interval = (from: number, key: Key) =>
    press({ ...begin(), interval_ms: from }, key).state.interval_ms;
  assert.deepEqual([interval(1000, "+"), interval(1000, "-")], [2000, 500]);
  assert.deepEqual([interval(700, "+"), interval(700, "-")], [1000, 500]);
  assert.deepEqual([interval(100, "-"), interval(60_000, "+")], [100, 60_000]);
  assert.equal(interval(250_000, "+"), 250_000);
});

Deno.test("reduce() shows everything about the selected program's GPU, and goes from GPU to GPU", () => {
  const second = gpuProcess({ gpu: "pci:0000:02:00.0" });
  const details = press(begin([second]), "<down>", "i").state;
  assert.deepEqual(details.mode, { kind: "details", gpu: 1, scroll: 0 });
  assert.deepEqual(press(details, "<tab>").state.mode, { kind: "details", gpu: 0, scroll: 0 });
  assert.deepEqual(press(details, "<down>", "<down>", "<up>").state.mode, {
    kind: "details",
    gpu: 1,
    scroll: 1,
  });
  assert.deepEqual(press(details, "<home>").state.mode, { kind: "details", gpu: 1, scroll: 0 });
  assert.equal(press(details, "q").state.mode.kind, "list");
});

Deno.test("reduce() shows help until any key, which does nothing else", () => {
  const help = press(begin(THREE), "?").state;
  assert.equal(help.mode.kind, "help");
  const { state, effects } = press(help, "q");
  assert.deepEqual([state.mode.kind, effects], ["list", []]);
});

Deno.test("reduce() shows a message until the next key", () => {
  const told = reduce(begin(), { kind: "message", text: "told" }).state;
  assert.equal(reduce(told, { kind: "look", look: lookAt([]) }).state.message, "told");
  assert.equal(press(told, "r").state.message, null);
});
