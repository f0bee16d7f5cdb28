import assert from "node:assert/strict";
import fc from "fast-check";
import { type Fdinfo, parseFdinfo } from "../../../lib/telemetry/processes/fdinfo.ts";
import { recorded } from "./proc_tree.ts";

function parse(name: string): Fdinfo {
  const info = parseFdinfo(recorded(name));
  assert.ok(info !== undefined);
  return info;
}

const KIB = 2 ** 10;
const MIB = 2 ** 20;
const GIB = 2 ** 30;

Deno.test("parseFdinfo() reads amdgpu's counters and memory", () => {
  const info = parse("amdgpu-6.4");
  assert.equal(info.driver, "amdgpu");
  assert.equal(info.pdev, "0000:0a:00.0");
  assert.equal(info.client, "id 58");
  assert.deepEqual([...info.engines], [
    ["gfx", { capacity: 1, ns: 12345678901 }],
    ["enc", { capacity: 1, ns: 42000000 }],
  ]);
  assert.deepEqual([...info.memory], [
    ["vram", { resident: 183500 * KIB }],
    ["gtt", { resident: 20480 * KIB }],
    ["cpu", { resident: 0 }],
  ]);
});

Deno.test("parseFdinfo() takes drm-memory and drm-resident for one figure and never adds them up", () => {
  const info = parse("amdgpu-6.14");
  assert.equal(info.client, "id 58");
  assert.deepEqual(info.memory.get("vram"), {
    total: 2 * GIB,
    shared: 16 * MIB,
    active: 0,
    resident: 1536 * MIB,
    purgeable: 64 * KIB,
  });
  assert.equal(info.memory.get("gtt")?.resident, 20 * MIB);
  assert.deepEqual([...info.memory.keys()], ["cpu", "gtt", "vram"]);
  assert.deepEqual(
    [...info.engines.keys()],
    ["gfx", "compute", "dma", "dec", "enc_1", "jpeg", "vpe"],
  );
});

Deno.test("parseFdinfo() reads the percentages of amdgpu 5.14 to 5.18, whose hundredths have no leading zero", () => {
  const info = parse("amdgpu-5.14");
  assert.equal(info.driver, "amdgpu");
  assert.equal(info.pdev, "0000:0a:00.0");
  assert.equal(info.client, "pasid 32771");
  // "12.5%" is 12 and 5 hundredths; of two rings of one engine the busier counts.
  assert.deepEqual([...info.shares], [["gfx", 12.05], ["compute", 3.75], ["dma", 0.07]]);
  assert.equal(info.engines.size, 0);
  assert.equal(info.memory.get("vram")?.resident, 183500 * KIB);
});

Deno.test("parseFdinfo() reads i915's engines, and how many there are of each", () => {
  const info = parse("i915");
  assert.deepEqual([...info.engines], [
    ["render", { capacity: 1, ns: 9288864723 }],
    ["copy", { capacity: 1, ns: 2035071108 }],
    ["video", { capacity: 2, ns: 600000000 }],
    ["video-enhance", { capacity: 1, ns: 0 }],
  ]);
  assert.equal(info.memory.get("system0")?.resident, 90 * MIB);
  assert.equal(info.memory.get("stolen-system0")?.resident, undefined);
});

Deno.test("parseFdinfo() reads xe's cycles, and takes total cycles for no region of memory", () => {
  const info = parse("xe");
  assert.deepEqual(info.engines.get("rcs"), {
    capacity: 1,
    cycles: 28257900,
    total_cycles: 7655183225,
  });
  assert.equal(info.engines.get("ccs")?.capacity, 4);
  assert.deepEqual([...info.memory.keys()], ["system", "gtt", "vram0", "stolen"]);
  assert.equal(info.memory.get("vram0")?.resident, 23992 * KIB);
});

Deno.test("parseFdinfo() reads drivers that are not on PCI", () => {
  const msm = parse("msm");
  assert.equal(msm.pdev, null);
  assert.deepEqual(msm.engines.get("gpu"), {
    capacity: 1,
    ns: 1734371319,
    cycles: 1153645024,
    max_hz: 800000000,
  });
  const panfrost = parse("panfrost");
  assert.deepEqual([...panfrost.engines.keys()], ["fragment", "vertex-tiler"]);
  assert.equal(panfrost.memory.get("memory")?.resident, 36496 * KIB);
  assert.deepEqual(
    [...parse("v3d").engines.keys()],
    ["bin", "render", "tfu", "csd", "cache_clean"],
  );
});

Deno.test("parseFdinfo() gives nothing for a file that no GPU driver tells of", () => {
  for (
    const text of [
      recorded("silent"),
      "",
      "pos:\t0\nflags:\t02\nmnt_id:\t9\ninotify wd:1 ino:2 sdev:3 mask:4\n",
      "pos:\t0\nsize:\t4096\ncount:\t2\nexp_name:\tamdgpu\n",
      "drm-driver:\t\n",
    ]
  ) assert.equal(parseFdinfo(text), undefined);
});

Deno.test("parseFdinfo() leaves out values that are not as specified", () => {
  const info = parseFdinfo(
    [
      "drm-driver: xe",
      "drm-client-id: -3",
      "drm-engine-gfx: 12 seconds",
      "drm-engine-dma: 1e9 ns",
      "drm-engine-capacity-dma: 0",
      "drm-engine-: 5 ns",
      "drm-memory-vram: 10 parsecs",
      "drm-memory-gtt: 99999999999999999999 GiB",
      "drm-total-: 7",
      "drm-cycles-rcs: 0x10",
      "drm-engine-\x1b[2J: 5 ns",
      "drm-memory-a b: 5",
      "no colon here",
      ":no key",
    ].join("\n"),
  );
  assert.equal(info?.client, null);
  assert.equal(info?.engines.size, 0);
  assert.equal(info?.memory.size, 0);
});

Deno.test("parseFdinfo() takes units as specified, and plain bytes", () => {
  const info = parseFdinfo(
    "drm-driver:a\ndrm-memory-a: 7\ndrm-memory-b:7 KiB\ndrm-memory-c:7MiB\ndrm-memory-d:\t7 GiB\n" +
      "drm-cycles-x: 1\ndrm-maxfreq-x: 800 MHz\ndrm-cycles-y: 1\ndrm-maxfreq-y: 5 KHz",
  );
  assert.deepEqual(
    [..."abcd"].map((region) => info?.memory.get(region)?.resident),
    [7, 7 * KIB, 7 * MIB, 7 * GIB],
  );
  assert.equal(info?.engines.get("x")?.max_hz, 800e6);
  assert.equal(info?.engines.get("y")?.max_hz, 5e3);
});

Deno.test("parseFdinfo() is total: any bytes give a client without absurd values, or none", () => {
  const key = fc.constantFrom(
    "drm-driver",
    "drm-pdev",
    "drm-client-id",
    "drm-engine-gfx",
    "drm-engine-capacity-gfx",
    "drm-total-cycles-rcs",
    "drm-memory-vram",
    "drm-resident-__proto__",
    "drm-engine-constructor",
    "vram mem",
    "gfx0",
    "pdev",
    "pasid",
  );
  const line = fc.tuple(
    key,
    fc.oneof(fc.string(), fc.bigInt({ min: 0n }).map(String)),
    fc.string(),
  );
  const text = fc.oneof(
    fc.uint8Array({ maxLength: 500 }).map((bytes) => new TextDecoder().decode(bytes)),
    fc.array(line).map((lines) =>
      lines.map(([name, value, unit]) => `${name}:\t${value} ${unit}`).join("\n")
    ),
  );
  fc.assert(fc.property(text, (each) => {
    const info = parseFdinfo(each);
    if (info === undefined) return;
    const numbers = [
      ...[...info.engines.values(), ...info.memory.values()].flatMap((values) =>
        Object.values(values)
      ),
      ...info.shares.values(),
    ];
    for (const value of numbers) assert.ok(value >= 0 && value <= 2 ** 64, String(value));
    for (const { capacity } of info.engines.values()) assert.ok(capacity >= 1);
  }));
});

Deno.test("parseFdinfo() reads a cut file as far as it goes", () => {
  const text = recorded("amdgpu-6.14");
  for (let length = 0; length <= text.length; length++) parseFdinfo(text.slice(0, length));
  assert.equal(parseFdinfo(text.slice(0, text.indexOf("pasid")))?.driver, "amdgpu");
});
