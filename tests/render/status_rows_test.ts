import assert from "node:assert/strict";
import { arrangeRows, rowKey, type Sort } from "../../lib/render/status_rows.ts";
import { gpuProcess, gpuSample } from "./status_samples.ts";

const GPUS = [gpuSample({ index: 0 }), gpuSample({ index: 1 })];
const ROWS = [
  gpuProcess({ pid: 10, utilization_pct: 5, vram_bytes: null, user: "zoe", command: "b" }),
  gpuProcess({ pid: 20, utilization_pct: null, vram_bytes: 300, user: null, uid: 5, command: "c" }),
  gpuProcess({ pid: 30, utilization_pct: 90, vram_bytes: 200, command: null, name: "a" }),
  gpuProcess({
    pid: 30,
    utilization_pct: 1,
    vram_bytes: 100,
    gpu: "pci:0000:02:00.0",
    container: "0123456789ab",
    command: "D",
  }),
];

function order(sort: Sort, filter = ""): string[] {
  const titles = new Map(ROWS.map((row) => [rowKey(row), row.command ?? row.name ?? ""]));
  return arrangeRows(ROWS, GPUS, { sort, filter }).map((row) => titles.get(rowKey(row)) ?? "");
}

Deno.test("arrangeRows() sorts by each column, the unknown last either way", () => {
  const cases: [Sort["column"], string, string][] = [
    ["busy", "abDc", "Dbac"],
    ["memory", "caDb", "Dacb"],
    ["pid", "bcaD", "aDcb"],
    ["user", "caDb", "baDc"],
    ["gpu", "bcaD", "Dbca"],
    ["command", "Dabc", "cbaD"],
  ];
  for (const [column, forth, back] of cases) {
    assert.equal(order({ column, reversed: false }).join(""), forth, column);
    assert.equal(order({ column, reversed: true }).join(""), back, `${column} reversed`);
  }
});

Deno.test("arrangeRows() filters by command, user, pid, container and GPU, in any case", () => {
  const by: Sort = { column: "pid", reversed: false };
  assert.deepEqual(order(by, "d"), ["D"]);
  assert.deepEqual(order(by, "ZOE"), ["b"]);
  assert.deepEqual(order(by, "20"), ["c"]);
  assert.deepEqual(order(by, "456789AB"), ["D"]);
  assert.deepEqual(order(by, "02:00.0"), ["D"]);
  assert.deepEqual(order(by, "none such"), []);
});
