import assert from "node:assert/strict";
import { inventoryDocument } from "../../lib/discovery/inventory.ts";
import { discover, SOURCES } from "../../lib/discovery/mod.ts";
import type { Source, SourceReport } from "../../lib/discovery/source.ts";
import { Sysroot } from "../../lib/sysfs/sysroot.ts";
import { DUMPS, Tree } from "../sysfs/tree.ts";

const source = (name: string, report: () => SourceReport): Source => ({
  name,
  reads: "files",
  vendors: "any",
  discover: report,
});

Deno.test("SOURCES have names of their own", () => {
  const names = SOURCES.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
});

Deno.test("discover() reports each source's state, and makes a throw a failure", () => {
  const { sources } = discover({
    sources: [
      source("good", () => ({ state: "ok", sightings: [], note: "quiet" })),
      source("gone", () => ({ state: "absent", reason: "no library" })),
      source("broken", () => {
        throw new Error("surprise");
      }),
    ],
  });
  assert.deepEqual(sources.map(({ name, state, reason, note }) => [name, state, reason, note]), [
    ["good", "ok", null, "quiet"],
    ["gone", "absent", "no library", null],
    ["broken", "failed", "unexpected: surprise", null],
  ]);
});

Deno.test("discover() asks only the sources that `only` names", () => {
  const { sources, gpus } = discover({ sysroot: new Sysroot(`${DUMPS}rx580`), only: ["drm"] });
  assert.deepEqual(sources.map(({ name }) => name), ["drm"]);
  assert.deepEqual(gpus[0]?.seen_by, ["drm"]);
});

Deno.test("discover() tells the same through real links as through links kept as text", () => {
  for (const entry of Deno.readDirSync(DUMPS)) {
    if (!entry.isDirectory) continue;
    using tree = new Tree();
    copyWithLinks(`${DUMPS}${entry.name}`, tree.directory);
    const real = inventoryDocument(discover({ sysroot: tree.sysroot }));
    const flat = inventoryDocument(discover({ sysroot: new Sysroot(`${DUMPS}${entry.name}`) }));
    assert.deepEqual(real, flat, entry.name);
  }
});

/** Copies a tree; small files that hold a relative path become links. */
function copyWithLinks(from: string, to: string): void {
  for (const entry of Deno.readDirSync(from)) {
    const [source, target] = [`${from}/${entry.name}`, `${to}/${entry.name}`];
    if (entry.isDirectory) {
      Deno.mkdirSync(target, { recursive: true });
      copyWithLinks(source, target);
      continue;
    }
    const text = Deno.readFileSync(source);
    const path = new TextDecoder().decode(text).replace(/\n$/, "");
    if (/^(\.\.\/)+[\w/.:-]+$/.test(path)) Deno.symlinkSync(path, target);
    else Deno.writeFileSync(target, text);
  }
}

Deno.test("inventoryDocument() keeps what is no GPU of its own out of gpus and gpu_count", () => {
  const discovery = discover({
    sources: [
      source("pci", () => ({
        state: "ok",
        sightings: [
          { match: { pci: "0000:01:00.0" }, fallback_id: "", facts: { kind: "discrete" } },
          { match: { pci: "0000:02:00.0" }, fallback_id: "", facts: { kind: "display" } },
          { match: { software: true }, fallback_id: "vulkan:0", facts: {} },
        ],
      })),
    ],
  });
  const document = inventoryDocument(discovery);
  assert.equal(document.schema, "mvgal.inventory/1");
  assert.equal(document.gpu_count, 1);
  assert.deepEqual(document.gpus.map((gpu) => gpu.id), ["pci:0000:01:00.0"]);
  assert.deepEqual(document.other_devices.map((gpu) => gpu.kind), ["display", "software"]);
  assert.equal(document.enumeration_source, "pci_sysfs");
  assert.equal(document.logical_device.gpu_count, 1);
});

Deno.test("inventoryDocument() has the fields of the original's document", () => {
  const document = inventoryDocument(discover({ sysroot: new Sysroot(`${DUMPS}rx580`) }));
  assert.equal(document.enumeration_source, "drm_sysfs");
  const fields = [
    "index",
    "name",
    "pci_slot",
    "vendor_id",
    "device_id",
    "vendor",
    "drm_node",
    "driver",
    "class_code",
    "numa_node",
    "pcie_link_gen",
    "pcie_link_width",
    "vram_total_bytes",
    "vram_used_bytes",
    "temperature_c",
    "utilization_pct",
    "enabled",
  ];
  for (const field of fields) assert.ok(field in (document.gpus[0] ?? {}), field);
});
