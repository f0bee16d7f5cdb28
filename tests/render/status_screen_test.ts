import assert from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";
import fc from "fast-check";
import { displayWidth } from "../../lib/render/display_width.ts";
import { formatInterval, layPanels, renderScreen } from "../../lib/render/status_screen.ts";
import {
  initialState,
  type Mode,
  reduce,
  type ScreenState,
} from "../../lib/render/status_state.ts";
import { type GpuSample, METRIC_NAMES } from "../../lib/telemetry/metrics.ts";
import type { GpuProcess } from "../../lib/telemetry/process.ts";
import { busyGpu, gpuProcess, gpuSample, lookAt } from "./status_samples.ts";

const UNICODE = { unicode: true, color: false };
const ASCII = { unicode: false, color: false };

function stateOf(
  gpus: GpuSample[],
  processes: GpuProcess[] = [],
  partial: string | null = null,
): ScreenState {
  const state = initialState({ interval_ms: 1000, host: "node-1", own_pid: 4242 });
  return reduce(state, { kind: "look", look: lookAt(gpus, processes, partial) }).state;
}

function press(state: ScreenState, ...keys: string[]): ScreenState {
  return keys.reduce((now, key) => reduce(now, { kind: "key", key }).state, state);
}

const draw = (state: ScreenState, columns = 80, rows = 24, charset = UNICODE) =>
  renderScreen(state, { columns, rows }, charset);

Deno.test("renderScreen() shows bars, figures and programs in 80x24", () => {
  const screen = draw(stateOf([busyGpu()], [gpuProcess()])).join("\n");
  assert.match(screen, /^mvgal status {2}node-1 .* every 1 s$/m);
  assert.match(screen, /^GPU 0 {2}Busy GPU {2}pci:0000:01:00\.0 +$/m);
  assert.match(screen, /^busy █+[▉-▏]?·+ {2}94 % {2}1980 of 2100 MHz +$/m);
  assert.match(screen, /^mem {2}█+[▉-▏]?·+ {2}75 % {2}12 of 16 GiB +$/m);
  assert.match(screen, /temp 71 °C {2}throttle sw_power_cap {2}power 212 of 250 W/);
  assert.match(screen, /fan 45 %, 1800 rpm/);
  assert.match(screen, /PCIe gen 3 x8 of 4 x16/);
  assert.match(screen, /^── 1 program, by busy ─+$/m);
  assert.match(screen, /^ {2}GPU +PID USER +KIND {2}BUSY▼ +MEMORY {2}COMMAND/m);
  assert.match(screen, /^ {4}0 +100 alice +C +50 % +1\.0 GiB {2}worker --fast/m);
});

Deno.test("renderScreen() shows unknown as such, with the reason, and never as 0", () => {
  const gpu = gpuSample({
    vram_total_bytes: 8 * 2 ** 30,
    absent: { utilization_pct: "the driver tells it in no file", vram_used_bytes: "needs rights" },
  });
  const program = gpuProcess({
    utilization_pct: null,
    vram_bytes: null,
    command: null,
    name: null,
    user: null,
    uid: null,
    kinds: [],
  });
  const screen = draw(stateOf([gpu], [program])).join("\n");
  assert.match(screen, /^busy unknown: the driver tells it in no file/m);
  assert.match(screen, /^mem {2}\? of 8\.0 GiB: needs rights/m);
  assert.match(screen, /temp \? {2}power \? W {2}core \? MHz/);
  assert.match(screen, /100 \? +- +- +- {2}\? \(its name may not be read\)/);
  assert.doesNotMatch(screen, /\b0 (%|W|MHz|B|rpm)/);
});

Deno.test("renderScreen() says why a GPU is not read", () => {
  for (const state of ["asleep", "lost", "unsupported"] as const) {
    const gpu = gpuSample({ state, reason: "a reason of its own" });
    for (const rows of [24, 10]) {
      const screen = draw(stateOf([gpu, gpu, gpu]), 80, rows).join("\n");
      assert.match(screen, new RegExp(state), `${state} ${rows}`);
      assert.match(screen, /a reason of its own/, `${state} ${rows}`);
    }
  }
});

Deno.test("renderScreen() says that the list of programs is not whole", () => {
  const why = "fdinfo of 12 processes of other users: needs CAP_SYS_PTRACE (root)";
  assert.match(draw(stateOf([busyGpu()], [], why)).join("\n"), /not all: fdinfo of 12 processes/);
  assert.match(draw(stateOf([busyGpu()], [], why)).join("\n"), /No program .* can be seen/);
  assert.match(draw(stateOf([busyGpu()], [])).join("\n"), /No program uses a GPU/);
});

Deno.test("renderScreen() without a GPU says where to look", () => {
  assert.match(draw(stateOf([])).join("\n"), /No GPU found: mvgal info/);
});

Deno.test("renderScreen() shows first what is wrong with a GPU", () => {
  const gpu = busyGpu();
  const { id, index, name } = gpu;
  const finding = {
    id: "temperature_high",
    severity: "critical" as const,
    metric: "temperature_c" as const,
    value: 99,
    limit: 95,
    since: 0,
    text: "99 of 95 degrees",
  };
  const health = {
    at: 0,
    events: [],
    worst: "critical" as const,
    gpus: [{ id, index, name, state: "critical" as const, findings: [finding], unjudged: {} }],
  };
  const { state } = reduce(stateOf([gpu]), { kind: "look", look: { ...lookAt([gpu]), health } });
  const screen = draw(state).join("\n");
  assert.match(screen, /^mvgal status {2}node-1 {2}health: critical /m);
  assert.match(screen, /^GPU 0 .* critical$/m);
  assert.match(screen, /^99 of 95 degrees {2}temp 71 °C/m);
});

Deno.test("renderScreen() makes hostile names harmless", () => {
  const name = "\x1b]0;owned\x07\x1b[2J\r\nroot\u202e";
  const gpu = gpuSample({ name, throttle_reasons: [name], performance_state: "\x1b[8m" });
  for (const charset of [UNICODE, ASCII]) {
    const program = gpuProcess({ command: name, user: name, container: name });
    const state = stateOf([gpu], [program], name);
    for (const shown of [state, press(state, "<down>", "k", "k"), press(state, "i")]) {
      // deno-lint-ignore no-control-regex
      assert.doesNotMatch(draw(shown, 160, 40, charset).join(""), /[\x00-\x1f\x7f-\x9f\u202e]/);
    }
  }
});

Deno.test("renderScreen() in ASCII writes nothing else", () => {
  const state = stateOf([busyGpu(), busyGpu(1)], [gpuProcess({ command: "中文 µ" })]);
  const screen = draw(state, 80, 24, ASCII).join("\n");
  // deno-lint-ignore no-control-regex
  assert.match(screen, /^[\x0a\x20-\x7e]*$/);
  assert.match(screen, /temp 71 C /);
  assert.match(screen, /busy #+\.+ /);
});

Deno.test("renderScreen() marks the selected row without colour too, and keeps it in sight", () => {
  const rows = Array.from(
    { length: 40 },
    (_, i) => gpuProcess({ pid: 1000 + i, utilization_pct: 40 - i, command: `p${i}` }),
  );
  const state = press(stateOf([busyGpu()], rows), "<end>");
  const screen = draw(state);
  assert.equal(screen.filter((line) => line.startsWith(">")).length, 1);
  assert.match(screen.join("\n"), /^> +0 +1039 .* p39 *$/m);
  const colored = renderScreen(state, { columns: 80, rows: 24 }, { unicode: true, color: true });
  assert.ok(colored.some((line) => line.startsWith("\x1b[7m>")));
});

Deno.test("renderScreen() asks before a signal, by the program's number and name", () => {
  const state = press(stateOf([busyGpu()], [gpuProcess()]), "<down>", "k");
  assert.match(
    draw(state).at(-1) ?? "",
    /^Signal to 100 worker --fast .*t TERM {2}k KILL {2}i INT/,
  );
  assert.match(
    draw(press(state, "k")).at(-1) ?? "",
    /^Send SIGKILL to 100 worker --fast\? .*y yes/,
  );
});

Deno.test("renderScreen() shows the filter while it is typed, and what it leaves", () => {
  const rows = [gpuProcess(), gpuProcess({ pid: 7, command: "other" })];
  const state = press(stateOf([busyGpu()], rows), "/", "o", "t", "h");
  assert.match(draw(state).at(-1) ?? "", /^\/oth/);
  assert.match(draw(state).join("\n"), /^── 1 of 2 programs, by busy, with "oth" /m);
  assert.doesNotMatch(draw(state).join("\n"), /worker --fast/);
});

Deno.test("renderScreen() shows each metric with its source, or why it is not known", () => {
  const gpu = gpuSample({
    power_w: 12.5,
    sources: { power_w: "hwmon:power1_average" },
    absent: { fan_rpm: "it has no fan" },
  });
  const screen = draw(press(stateOf([gpu]), "i"), 100, 60).join("\n");
  assert.match(screen, /^power_w +12\.500 +hwmon:power1_average/m);
  assert.match(screen, /^fan_rpm +unknown +it has no fan/m);
  for (const name of METRIC_NAMES) assert.match(screen, new RegExp(`^${name} `, "m"));
});

Deno.test("renderScreen() helps on small screens too", () => {
  assert.match(draw(press(stateOf([busyGpu()]), "?")).join("\n"), /k, F9 +send TERM, KILL or INT/);
  assert.match(draw(press(stateOf([busyGpu()]), "?"), 40, 10).join("\n"), /k, F9 signal/);
});

Deno.test("layPanels() takes the largest panels that fit, and columns where it is wide", () => {
  const form = (count: number, columns: number, rows: number) => {
    const layout = layPanels(count, { columns, rows });
    return `${layout.form} ${layout.across}`;
  };
  assert.equal(form(1, 80, 16), "tall 1");
  assert.equal(form(2, 80, 16), "full 1");
  assert.equal(form(4, 80, 16), "short 1");
  assert.equal(form(8, 80, 16), "line 1");
  assert.equal(form(8, 200, 30), "full 2");
  assert.equal(form(1, 200, 30), "tall 1");
  assert.equal(form(1, 40, 16), "full 1");
  assert.equal(layPanels(1, { columns: 80, rows: 100 }).chartRows, 12);
});

Deno.test("renderScreen() says how many GPUs there is no room for", () => {
  const gpus = Array.from({ length: 16 }, (_, index) => busyGpu(index));
  assert.match(draw(stateOf(gpus), 80, 11).join("\n"), /… and 13 GPUs more: /);
});

Deno.test("formatInterval() is short", () => {
  assert.deepEqual([100, 1000, 2500, 60_000].map(formatInterval), [
    "100 ms",
    "1 s",
    "2.5 s",
    "60 s",
  ]);
});

const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.constantFrom("中文字符".repeat(9), "e\u0301".repeat(30), "\x1b[31m", "\u1160\u11ff", "😀👩‍👩‍👧"),
);
const orNull = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: null });
const number = orNull(fc.oneof(
  fc.double({ min: -1e3, max: 1e15, noNaN: true }),
  fc.integer({ min: 0, max: 100 }),
));
const sample: fc.Arbitrary<GpuSample> = fc.record({
  metrics: fc.array(number, { minLength: METRIC_NAMES.length, maxLength: METRIC_NAMES.length }),
  name: orNull(text),
  index: fc.nat(99),
  state: fc.constantFrom("ok" as const, "asleep" as const, "lost" as const),
  reason: orNull(text),
  reasons: orNull(fc.array(text, { maxLength: 4 })),
  performance_state: orNull(text),
}).map(({ metrics, name, index, state, reason, reasons, performance_state }) => ({
  ...gpuSample({ name, state, reason, index }),
  ...Object.fromEntries(METRIC_NAMES.map((metric, i) => [metric, metrics[i]])),
  throttle_reasons: reasons,
  performance_state,
}));
const program: fc.Arbitrary<GpuProcess> = fc.record({
  gpu: fc.constantFrom("pci:0000:01:00.0", "pci:0000:02:00.0", "other"),
  pid: fc.nat(),
  name: orNull(text),
  command: orNull(text),
  uid: orNull(fc.nat()),
  user: orNull(text),
  container: orNull(text),
  kinds: fc.subarray(["graphics" as const, "compute" as const]),
  engine_utilization_pct: orNull(fc.constant({ gfx: 3, other: 120 })),
  utilization_pct: number,
  memory_bytes: fc.constant({}),
  vram_bytes: number,
  sources: fc.constant(["fdinfo"]),
});
const target = { pid: 5, key: "k", title: "中文\x1b[2J" };
const mode: fc.Arbitrary<Mode> = fc.constantFrom<Mode>(
  { kind: "list" },
  { kind: "help" },
  { kind: "filter", before: "" },
  { kind: "details", gpu: 0, scroll: 40 },
  { kind: "signal", target },
  { kind: "confirm", target, signal: "SIGTERM" },
);

Deno.test("renderScreen() fills exactly its lines and columns, whatever there is to show", () => {
  fc.assert(
    fc.property(
      fc.array(sample, { maxLength: 9 }),
      fc.array(program, { maxLength: 12 }),
      fc.record({
        columns: fc.integer({ min: 1, max: 220 }),
        rows: fc.integer({ min: 1, max: 60 }),
      }),
      fc.record({ unicode: fc.boolean(), color: fc.boolean() }),
      fc.record({ mode, partial: orNull(text), filter: text, paused: fc.boolean() }),
      (gpus, processes, size, charset, { mode, partial, filter, paused }) => {
        const state = { ...stateOf(gpus, processes, partial), mode, filter, paused };
        const lines = renderScreen(state, size, charset);
        assert.equal(lines.length, size.rows);
        for (const line of lines) {
          const plain = stripVTControlCharacters(line);
          // deno-lint-ignore no-control-regex
          assert.doesNotMatch(plain, /[\x00-\x1f\x7f-\x9f]/);
          assert.equal(displayWidth(plain), size.columns);
          if (!charset.color) assert.equal(plain, line);
        }
      },
    ),
    { numRuns: 500 },
  );
});
