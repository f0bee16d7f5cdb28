import assert from "node:assert/strict";
import { renderHealth, renderHealthEvent } from "../../lib/render/health.ts";
import { styleFor } from "../../lib/render/style.ts";
import { HealthMonitor } from "../../lib/telemetry/health.ts";
import { gpuSample } from "../telemetry/health_sample.ts";

const PLAIN = { style: styleFor(false), columns: 80, unicode: true };

const report = new HealthMonitor({ once: true }).judge([
  gpuSample({ temperature_c: 50 }),
  gpuSample({
    id: "pci:0000:07:00.0",
    index: 1,
    name: "Hot \x1b[2J GPU",
    temperature_c: 99,
    throttle_reasons: ["TEMP_HOTSPOT"],
  }),
  gpuSample({
    id: "pci:0000:08:00.0",
    index: 2,
    name: null,
    state: "unsupported",
    reason: "no telemetry driver is for this device",
  }),
], 0);

Deno.test("renderHealth() shows a line a GPU and its findings below, the worst first", () => {
  assert.equal(
    renderHealth(report, PLAIN),
    [
      "ok        0  Test GPU  pci:0000:06:00.0",
      "critical  1  Hot \ufffd[2J GPU  pci:0000:07:00.0",
      "          critical temperature_high: temperature 99 °C, critical from 95 °C",
      "          warning throttled_by_heat: clocks held down by heat: TEMP_HOTSPOT",
      "unknown   2  unknown  pci:0000:08:00.0",
      "          nothing could be judged: no telemetry driver is for this device",
      "",
    ].join("\n"),
  );
});

Deno.test("renderHealth() stays in its columns, and in ASCII where told", () => {
  const text = renderHealth(report, { ...PLAIN, columns: 40, unicode: false });
  for (const line of text.split("\n")) assert.ok(line.length <= 40, line);
  assert.match(text, /99 deg/);
  assert.doesNotMatch(text, /\P{ASCII}/u);
});

Deno.test("renderHealth() lists rules that were not judged where asked", () => {
  const text = renderHealth(report, { ...PLAIN, columns: 200, unjudged: true });
  assert.match(text, /^ {10}not judged vram_high: vram_used_bytes is not known$/m);
});

Deno.test("renderHealth() colours the state and the severity alone", () => {
  const text = renderHealth(report, { ...PLAIN, style: styleFor(true) });
  assert.ok(text.startsWith("\x1b[32mok        \x1b[39m0  Test GPU"), text);
  assert.ok(text.includes("\n\x1b[31m          critical\x1b[39m temperature_high"), text);
});

Deno.test("renderHealth() says that there is no GPU", () => {
  const none = new HealthMonitor().judge([], 0);
  assert.match(renderHealth(none, PLAIN), /^No GPU was found/);
});

Deno.test("renderHealthEvent() is one line", () => {
  const event = report.events.find(({ finding }) => finding.id === "temperature_high");
  assert.ok(event);
  assert.equal(
    renderHealthEvent(event, PLAIN),
    "raised critical temperature_high on pci:0000:07:00.0: " +
      "temperature 99 °C, critical from 95 °C",
  );
});
