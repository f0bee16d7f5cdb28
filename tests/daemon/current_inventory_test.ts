import assert from "node:assert/strict";
import { currentInventory } from "../../lib/daemon/current_inventory.ts";
import { inventoryDocument } from "../../lib/discovery/inventory.ts";
import { gpus, look } from "./gpus.ts";

const [first, second] = gpus(2);
assert.ok(first && second);
const listed = inventoryDocument({
  gpus: [
    {
      ...first,
      temperature_c: 38,
      power_state: "active",
      sources: { temperature_c: "hwmon:temp1_input" },
      absent: { vram_used_bytes: "it slept" },
    },
    second,
  ],
  sources: [],
  notes: ["a note"],
});

Deno.test("currentInventory() gives what the last look saw, and where it is from", () => {
  const [sample] = look([first], [7]).gpus;
  assert.ok(sample);
  const document = currentInventory(listed, [{
    ...sample,
    temperature_c: 71,
    vram_used_bytes: 4096,
    power_state: "active",
    sources: { temperature_c: "nvml", vram_used_bytes: "nvml", utilization_pct: "nvml" },
  }]);
  const [now, other] = document.gpus;
  assert.deepEqual(
    [now?.temperature_c, now?.vram_used_bytes, now?.utilization_pct],
    [71, 4096, 7],
  );
  assert.equal(now?.sources.temperature_c, "nvml");
  assert.equal(now?.absent.vram_used_bytes, undefined);
  assert.deepEqual(other, second);
  assert.deepEqual(document.notes, ["a note"]);
});

Deno.test("currentInventory() shows no value of earlier of a GPU that sleeps or is lost", () => {
  const [now] = currentInventory(listed, look([first], ["lost"]).gpus).gpus;
  assert.equal(now?.temperature_c, null);
  assert.equal(now?.absent.temperature_c, "it fell off the bus");
  assert.equal(now?.sources.temperature_c, undefined);
  // Nobody ever knew it: the reason of the listing stays.
  assert.equal(now?.absent.vram_used_bytes, "it slept");
});

Deno.test("currentInventory() is the listing before the first look", () => {
  assert.deepEqual(currentInventory(listed, []), listed);
});
