import assert from "node:assert/strict";
import { formatRate } from "../../lib/render/status_facts.ts";
import { renderStatus, type StatusTextStyle } from "../../lib/render/status_text.ts";
import { busyGpu, gpuProcess, gpuSample, lookAt } from "./status_samples.ts";

const PIPE: StatusTextStyle = { columns: 80, isTerminal: false, unicode: true, color: false };

Deno.test("renderStatus() shows a block a GPU, no wider than the screen", () => {
  const text = renderStatus(lookAt([busyGpu(), gpuSample({ index: 1 })]), PIPE);
  assert.match(text, /^GPU 0 {2}Busy GPU .*\nbusy .*\nmem {2}.*\n/);
  assert.match(text, /\n\nGPU 1 {2}Test GPU /);
  for (const line of text.split("\n")) {
    assert.ok(line.length <= 80, line);
    assert.equal(line, line.trimEnd());
  }
  assert.doesNotMatch(text, /program/i);
});

Deno.test("renderStatus() shows a reason whole", () => {
  const reason = "a long reason that ".repeat(12).trim();
  const text = renderStatus(lookAt([gpuSample({ state: "lost", reason })]), PIPE);
  assert.ok(text.replaceAll(/\s+/g, " ").includes(reason));
});

Deno.test("renderStatus() cuts commands on a terminal alone", () => {
  const command = `worker ${"x".repeat(300)}`;
  const look = lookAt([busyGpu()], [gpuProcess({ command })]);
  assert.ok(renderStatus(look, PIPE).includes(command));
  const terminal = renderStatus(look, { ...PIPE, isTerminal: true });
  for (const line of terminal.split("\n")) assert.ok(line.length <= 80, line);
});

Deno.test("renderStatus() says over which time shares are, and that programs are missing", () => {
  const look = lookAt([busyGpu()], [gpuProcess()], "fdinfo of 3 processes: needs root");
  assert.match(renderStatus(look, PIPE), /^Not all: fdinfo of 3 processes: needs root$/m);
  assert.match(renderStatus(look, PIPE), /^Shares and rates are over 1000 ms\.$/m);
  assert.match(renderStatus(lookAt([busyGpu()], []), PIPE), /^No program uses a GPU\.$/m);
  assert.match(
    renderStatus(lookAt([busyGpu()], [], "why"), PIPE),
    /^No program .* can be seen\.$/m,
  );
});

Deno.test("renderStatus() shows what is wrong with a GPU", () => {
  const finding = {
    id: "temperature_high",
    severity: "critical" as const,
    metric: "temperature_c" as const,
    value: 99,
    limit: 95,
    since: 0,
    text: "99 °C, and 95 is critical",
  };
  const gpu = busyGpu();
  const { id, index, name } = gpu;
  const health = {
    at: 0,
    events: [],
    worst: "critical" as const,
    gpus: [{ id, index, name, state: "critical" as const, findings: [finding], unjudged: {} }],
  };
  const text = renderStatus({ ...lookAt([gpu]), health }, PIPE);
  assert.match(text, /^GPU 0 .* critical\n/);
  assert.match(
    text,
    /\n\ncritical +0 {2}Busy GPU .*\n +critical temperature_high: 99 °C, and 95 is/,
  );
  assert.equal(text.split("99 °C").length, 2);
});

Deno.test("formatRate() counts in powers of ten", () => {
  const rates = [0, 999, 1000, 1_234_000, 64e9, 999_600, 2.5e12];
  assert.deepEqual(rates.map(formatRate), [
    "0 B/s",
    "999 B/s",
    "1.0 kB/s",
    "1.2 MB/s",
    "64 GB/s",
    "1.0 MB/s",
    "2.5 TB/s",
  ]);
});
