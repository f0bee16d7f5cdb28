import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { benchHtml } from "../../lib/render/bench_html.ts";
import { anyReport } from "./any_report.ts";
import { sampleReport } from "./sample_report.ts";

/** The page without its script, which has words of its own. */
function withoutScript(html: string): string {
  return html.replace(/<script>[^]*?<\/script>/, "");
}

Deno.test("benchHtml() of 8 GPUs is one page of less than 1 MB", () => {
  const html = benchHtml(sampleReport("h200", 8));
  assert.ok(new TextEncoder().encode(html).length < 1e6);
  assert.match(html, /^<!DOCTYPE html>\n<html lang="en">/);
});

Deno.test("benchHtml() loads nothing, and lets no script run but its own", () => {
  const html = benchHtml(sampleReport("h200", 2));
  const targets = [...html.matchAll(/(?:src|href|action)\s*=\s*"([^"]*)"/g)].map(([, to]) =>
    to ?? ""
  );
  assert.deepEqual(targets.filter((to) => !to.startsWith("#") && to !== "data:,"), []);
  assert.doesNotMatch(html, /@import|url\(/);
  const script = /<script>([^]*?)<\/script>/.exec(html)?.[1] ?? "";
  const digest = createHash("sha256").update(script).digest("base64");
  assert.ok(html.includes(`default-src &#39;none&#39;`));
  assert.ok(html.includes(`script-src &#39;sha256-${digest.replaceAll("+", "+")}&#39;`));
});

Deno.test("benchHtml() takes no markup from names, reasons, shapes, notes or the environment", () => {
  const evil = `</style></script><script>alert(1)</script><img src=x onerror="alert(2)">`;
  const report = sampleReport("h200", 2);
  for (const device of report.context.devices) {
    Object.assign(device, { name: evil, driver: evil, uuid: evil });
    Object.assign(device.environment ?? {}, { driver_version: evil });
  }
  Object.assign(report.context, { gpu_selector: evil, sources: { [evil]: evil } });
  for (const entry of report.benchmarks) {
    Object.assign(entry, {
      title: evil,
      unit: evil,
      convention: evil,
      shape: entry.shape === null ? null : evil,
      reason: entry.reason === null ? null : evil,
      notes: [evil],
      candidates: { [evil]: 1 },
      failures: { [evil]: evil },
    });
  }
  const html = benchHtml(report);
  assert.equal(html.match(/<script/g)?.length, 1);
  assert.equal(html.match(/<style/g)?.length, 1);
  assert.doesNotMatch(html, /<img|onerror="/);
});

Deno.test("benchHtml() shows every state with its reason", () => {
  const report = sampleReport("software", 1);
  const states = ["unsupported", "skipped", "failed", "implausible"] as const;
  states.forEach((state, i) => {
    Object.assign(report.benchmarks[i] ?? {}, { state, reason: `reason of ${state}` });
  });
  const html = benchHtml(report);
  for (const state of states) assert.ok(html.includes(`reason of ${state}`), state);
  assert.match(html, /\d+ measured, /);
});

Deno.test("benchHtml() has the comparison and the expectations of a run that has them", () => {
  const report = sampleReport("h200", 1);
  const [entry] = report.benchmarks;
  assert.ok(entry);
  const { name, device, unit } = entry;
  const html = benchHtml({
    ...report,
    comparison: {
      old_date: "2025-12-24",
      method: "intervals of 95 %",
      threshold: 0.05,
      changes: [{
        name,
        device,
        peer: null,
        parameters: {},
        unit,
        better: "higher",
        old: 200,
        now: 100,
        ratio: 0.5,
        verdict: "worse",
        reason: null,
        fails: true,
      }],
    },
    expectations: [{
      expectation: "memory.copy>=0.85peak",
      name: "memory.copy",
      device,
      peer: null,
      state: "missed",
      line: "found 0.7",
    }],
  });
  assert.match(html, /Against the report of 2025-12-24/);
  assert.match(html, /-50\.0 %.*worse, fails/);
  assert.match(html, /memory\.copy&gt;=0\.85peak/);
  assert.doesNotMatch(benchHtml(report), /id="comparison"|id="expectations"/);
});

Deno.test("benchHtml() refers to nothing outside of the page", () => {
  const html = benchHtml(sampleReport("h200", 2));
  const references = html.matchAll(
    /(?:src|href|action|xlink:href)\s*=\s*"([^"]*)"|url\(([^)]*)\)/g,
  );
  const outside = Array.from(references, ([, link, style]) => link ?? style ?? "")
    .filter((to) => !to.startsWith("#") && !to.startsWith("data:"));
  assert.deepEqual(outside, []);
  assert.doesNotMatch(html, /@import/);
  // A name space is no address.
  const addresses = new Set(html.match(/https?:[^"'\s<)]*/g));
  assert.deepEqual([...addresses], ["http://www.w3.org/2000/svg"]);
});

Deno.test("benchHtml() calls no clock held back that had nothing to do", () => {
  const report = sampleReport("h200", 2);
  const said = (reasons: string[]) => {
    for (const { conditions } of report.benchmarks) {
      if (conditions) conditions.summary.throttle_reasons = reasons;
    }
    return benchHtml(report);
  };
  assert.doesNotMatch(said(["gpu_idle"]), /held back/i);
  assert.match(said(["gpu_idle", "sw_power_cap"]), /Held back: sw_power_cap\./);
});

Deno.test("benchHtml() shows any report, and no number that is none", () => {
  fc.assert(
    fc.property(anyReport, (report) => {
      const html = benchHtml(report);
      assert.equal(/.{30}(NaN|undefined|Infinity)/.exec(withoutScript(html))?.[0], undefined);
      assert.equal(html.match(/<script/g)?.length, 1);
      assert.equal(html.includes("<img"), false);
    }),
    { numRuns: 100 },
  );
});
