import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import {
  parseGmiQuantity,
  parseGmiQuery,
  parseGmiTable,
} from "../../lib/telemetry/mthreads_gmi.ts";

const MIB = 1048576;

function fixture(name: string): string {
  const here = import.meta.dirname ?? ".";
  return Deno.readTextFileSync(join(here, "..", "fixtures", "telemetry", "mthreads_gmi", name));
}

Deno.test("parseGmiQuery() reads the JSON, with names that end in a space", () => {
  assert.deepEqual(parseGmiQuery(fixture("query.json")), [
    {
      address: "0000:3a:00.0",
      uuid: "399282a8-ba01-1475-893c-2eeca9e302f5",
      values: {
        utilization_pct: 7,
        memory_utilization_pct: 0,
        vram_total_bytes: 81920 * MIB,
        vram_used_bytes: 1024 * MIB,
        temperature_c: 27,
        power_w: 96.66,
        power_cap_w: 950,
      },
    },
    {
      address: null,
      uuid: "5ebdeb63-ba7a-5904-4f16-495b3e1de6c8",
      values: {
        utilization_pct: 0,
        vram_total_bytes: 81920 * MIB,
        temperature_c: 26,
        power_w: 97.09,
      },
    },
  ]);
});

Deno.test("parseGmiQuery() reads the text, section within section", () => {
  assert.deepEqual(parseGmiQuery(fixture("query.txt")), [
    {
      address: "0000:3a:00.0",
      uuid: "bf1da7bf-ba01-1475-893c-2eeca9e302f5",
      values: {
        utilization_pct: 100,
        memory_utilization_pct: 3,
        vram_total_bytes: 49152 * MIB,
        vram_used_bytes: 512 * MIB,
        temperature_c: 44,
        power_w: 88.5,
        core_clock_mhz: 1665,
        memory_clock_mhz: 8000,
        fan_pct: 103,
        pcie_link_gen: 4,
        pcie_link_width: 8,
      },
    },
    { address: "0000:3b:00.0", uuid: null, values: {} },
  ]);
});

Deno.test("parseGmiTable() takes the unit from the column or from the value", () => {
  assert.deepEqual(parseGmiTable(fixture("table.csv")), [
    {
      address: "0000:3a:00.0",
      uuid: "399282a8-ba01-1475-893c-2eeca9e302f5",
      values: {
        utilization_pct: 12,
        vram_total_bytes: 49152 * MIB,
        vram_used_bytes: 512 * MIB,
        temperature_c: 31,
        power_w: 95.5,
      },
    },
    {
      address: "0000:3b:00.0",
      uuid: null,
      values: { vram_total_bytes: 49152 * MIB, vram_used_bytes: 0, temperature_c: 30 },
    },
  ]);
});

Deno.test("parseGmiTable() guesses no unit", () => {
  const table = "pci.bus_id, memory.used, power.draw\n0000:3a:00.0, 512, 95\n";
  assert.deepEqual(parseGmiTable(table)[0]?.values, {});
});

Deno.test("parseGmiQuantity() knows the unit's own family alone", () => {
  assert.equal(parseGmiQuantity("950.00W", "watts"), 950);
  assert.equal(parseGmiQuantity("95000 mW", "watts"), 95);
  assert.equal(parseGmiQuantity("16x", "lanes"), 16);
  assert.equal(parseGmiQuantity("2 GiB", "bytes"), 2 * 1024 * MIB);
  for (const text of ["", "N/A", "12", "12 W", "- %", "1 2%", "0x10%"]) {
    assert.equal(parseGmiQuantity(text, "percent"), undefined, text);
  }
});

Deno.test("parseGmiQuery() and parseGmiTable() take anything", () => {
  for (const text of ["", "{", "{}", '{"GPU": 3}', '{"GPU": [null, 7, []]}', "pci.bus_id\n"]) {
    assert.deepEqual(parseGmiQuery(text), [], text);
    assert.deepEqual(parseGmiTable(text), [], text);
  }
  const lines = fixture("query.txt").split("\n");
  fc.assert(
    fc.property(fc.shuffledSubarray(lines), fc.string(), (some, more) => {
      for (const gpu of [...parseGmiQuery(some.join("\n") + more), ...parseGmiTable(more)]) {
        for (const value of Object.values(gpu.values)) assert.ok(Number.isFinite(value));
      }
    }),
    { numRuns: 200 },
  );
});
