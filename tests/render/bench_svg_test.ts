import assert from "node:assert/strict";
import fc from "fast-check";
import { benchSvgs } from "../../lib/render/bench_svg.ts";
import { element, fitText, spread, textWidth, wrapText } from "../../lib/render/svg.ts";
import { linearScale, logScale } from "../../lib/render/svg_scale.ts";
import { markup } from "../../lib/render/markup.ts";
import { anyReport } from "./any_report.ts";
import { sampleReport } from "./sample_report.ts";
import { everything, parseXml, type XmlElement } from "./xml.ts";

function chart(report: Parameters<typeof benchSvgs>[0], name: string): XmlElement[] {
  const text = benchSvgs(report).get(name);
  assert.ok(text, name);
  return everything(parseXml(text));
}

const ofClass = (elements: readonly XmlElement[], kind: string) =>
  elements.filter(({ attributes }) => attributes["class"]?.split(" ").includes(kind));
const texts = (elements: readonly XmlElement[]) =>
  elements.filter(({ name }) => name === "text").map(({ text }) => text);

Deno.test("markup escapes text, in content and in attributes, and control characters", () => {
  const name = `<b a="1" b='2'>&\x1b\u0000\ud800`;
  assert.equal(
    String(markup`<i t="${name}">${name}${markup`<u/>`}</i>`),
    '<i t="&lt;b a=&quot;1&quot; b=&#39;2&#39;&gt;&amp;\ufffd\ufffd\ufffd">' +
      "&lt;b a=&quot;1&quot; b=&#39;2&#39;&gt;&amp;\ufffd\ufffd\ufffd<u/></i>",
  );
});

Deno.test("element() refuses a coordinate that is none", () => {
  assert.throws(() => element("line", { x1: NaN }), /x1/);
  assert.throws(() => element("line", { x1: Infinity }), RangeError);
});

Deno.test("fitText() and wrapText() keep to the width", () => {
  const words = "a theoretical peak of so many operations a second";
  assert.ok(textWidth(fitText(words, 100, 11), 11) <= 100);
  assert.equal(fitText(words, 1000, 11), words);
  const lines = wrapText(`${words} ${"W".repeat(90)}`, 120, 11);
  for (const line of lines) assert.ok(textWidth(line, 11) <= 120, line);
  assert.equal(lines.slice(0, -1).join(" "), words);
});

Deno.test("spread() moves what is too near, as little as it can, and keeps the order", () => {
  assert.deepEqual(spread([10, 100], 15, 200), [10, 100]);
  assert.deepEqual(spread([50, 50, 52], 15, 200), [50, 65, 80]);
  assert.deepEqual(spread([195, 190], 15, 200), [200, 185]);
});

Deno.test("linearScale() begins at 0 and ends at a round number", () => {
  const scale = linearScale(4539, 0, 100);
  assert.deepEqual(scale.ticks, [0, 1000, 2000, 3000, 4000, 5000]);
  assert.equal(scale(5000), 100);
  assert.deepEqual(linearScale(0, 0, 100).ticks.length, 6);
});

Deno.test("logScale() has ticks at powers, and between them where those are few", () => {
  assert.deepEqual(logScale(0.5, 2000, 0, 1).ticks, [1, 10, 100, 1000]);
  assert.deepEqual(logScale(0.3, 6, 0, 1).ticks, [0.5, 1, 2, 5]);
  assert.deepEqual(logScale(1024, 4096, 0, 1, 2).ticks, [1024, 2048, 4096]);
  assert.ok(logScale(1e-20, 1e20, 0, 1).ticks.length <= 8);
});

Deno.test("benchSvgs() has a roofline and a staircase a GPU, the matrices, and a chart a suite", () => {
  assert.deepEqual([...benchSvgs(sampleReport("h200", 2)).keys()], [
    "roofline-host.svg",
    "roofline-pci-0000-19-00-0.svg",
    "staircase-pci-0000-19-00-0.svg",
    "roofline-pci-0000-2a-00-0.svg",
    "staircase-pci-0000-2a-00-0.svg",
    "matrix-transfer-peer.svg",
    "matrix-transfer-peer_duplex.svg",
    "matrix-sync-relay.svg",
    "bars-host.svg",
    "bars-memory.svg",
    "bars-compute.svg",
    "bars-transfer.svg",
    "bars-sync.svg",
    "bars-scheduling.svg",
  ]);
});

Deno.test("benchSvgs() says in words what each chart shows", () => {
  for (const [name, text] of benchSvgs(sampleReport("h200", 2))) {
    const root = parseXml(text);
    const [title, desc] = root.children;
    assert.equal(root.attributes["role"], "img");
    assert.equal(
      root.attributes["aria-labelledby"],
      `${title?.attributes["id"]} ${desc?.attributes["id"]}`,
    );
    assert.equal(title?.name, "title");
    assert.equal(desc?.name, "desc");
    assert.ok((title?.text.length ?? 0) > 5 && (desc?.text.length ?? 0) > 20, name);
  }
});

Deno.test("benchSvgs() draws measured roofs solid and theoretical ones dashed, with their sources", () => {
  const drawn = chart(sampleReport("h200", 1), "roofline-pci-0000-19-00-0.svg");
  // 15 formats and two slopes; one rated bandwidth and seven rated rates.
  const solid = ofClass(drawn, "w").filter(({ attributes }) =>
    attributes["y1"] === attributes["y2"] && Number(attributes["x2"]) > 200
  );
  assert.equal(solid.length, 15);
  assert.equal(ofClass(drawn, "d").length - 1, 8);
  const words = texts(drawn);
  assert.ok(words.some((text) => /^fp32 6\d\.\d+ TFLOP\/s, 9\d % of \[\d\]$/.test(text)));
  assert.ok(words.some((text) => /^\[1\] .*4815 GB\/s = 6144 bit .*data sheet/.test(text)));
});

Deno.test("benchSvgs() draws no roofline of a device whose memory or arithmetic has no figure", () => {
  const report = sampleReport("software", 1);
  const benchmarks = report.benchmarks.filter(({ suite }) => suite !== "memory");
  assert.equal(benchSvgs({ ...report, benchmarks }).has("roofline-vulkan-0.svg"), false);
});

Deno.test("benchSvgs() draws each size of a staircase", () => {
  const drawn = chart(sampleReport("h200", 1), "staircase-pci-0000-19-00-0.svg");
  assert.equal(drawn.filter(({ name }) => name === "circle").length, 22);
  assert.ok(texts(drawn).includes("2 MiB"));
});

Deno.test("benchSvgs() shades the cells of a matrix by their figures, and says what has none", () => {
  const drawn = chart(sampleReport("h200", 8), "matrix-transfer-peer.svg");
  const cells = ofClass(drawn, "heat");
  assert.equal(cells.length, 55);
  const shades = new Set(cells.map(({ attributes }) => Number(attributes["fill-opacity"]) > 0.5));
  assert.deepEqual(shades, new Set([true, false]));
  assert.deepEqual(ofClass(drawn, "bad").map(({ text }) => text), ["failed"]);
});

Deno.test("benchSvgs() draws bars as long as their figures", () => {
  const report = sampleReport("software", 2);
  const drawn = chart(report, "bars-transfer.svg");
  const bars = drawn.filter(({ name, attributes }) =>
    name === "rect" && attributes["height"] === "14"
  );
  const figures = ["h2d", "d2h", "duplex"].flatMap((name) =>
    report.benchmarks.filter((entry) => entry.name === `transfer.${name}`)
      .map(({ median }) => median ?? 0)
  );
  assert.equal(bars.length, 6);
  bars.forEach(({ attributes }, i) => {
    const ratio = Number(attributes["width"]) / Number(bars[0]?.attributes["width"]);
    assert.ok(Math.abs(ratio - (figures[i] ?? 0) / (figures[0] ?? 1)) < 0.001);
  });
});

Deno.test("benchSvgs() needs nothing from outside", () => {
  for (const text of benchSvgs(sampleReport("h200", 8)).values()) {
    const links = text.match(/https?:[^"\s]*|url\([^)]*\)|@import|href=/g) ?? [];
    assert.deepEqual(links, ["http://www.w3.org/2000/svg"]);
  }
});

Deno.test("benchSvgs() of any report are well-formed, under names that are good for files", () => {
  fc.assert(
    fc.property(anyReport, (report) => {
      for (const [name, text] of benchSvgs(report)) {
        assert.match(name, /^[\w-]+\.svg$/);
        const elements = everything(parseXml(text));
        for (const { name, attributes } of elements) {
          assert.notEqual(name, "script");
          for (const [key, value] of Object.entries(attributes)) {
            assert.doesNotMatch(value, /NaN|undefined|Infinity/, key);
          }
        }
        assert.doesNotMatch(texts(elements).join("\n"), /NaN|undefined|Infinity/);
      }
    }),
    { numRuns: 100 },
  );
});
