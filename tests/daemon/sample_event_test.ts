import assert from "node:assert/strict";
import fc from "fast-check";
import { lookOf, SampleEvents } from "../../lib/daemon/sample_event.ts";
import type { StatusDocument } from "../../lib/render/status_document.ts";
import type { GpuSample } from "../../lib/telemetry/metrics.ts";

const texts = fc.dictionary(
  fc.constantFrom("power_w", "fan_pct", "temperature_c"),
  fc.constantFrom("hwmon", "nvml", "the driver does not tell it"),
  { noNullPrototype: true },
);

const gpu = fc.record({ power_w: fc.integer(), sources: texts, absent: texts });

/** Looks at up to three GPUs, which come and go. */
const looks: fc.Arbitrary<StatusDocument[]> = fc.array(
  fc.dictionary(fc.constantFrom("pci:a", "pci:b", "pci:c"), gpu).map((gpus): StatusDocument => ({
    schema: "mvgal.status/1",
    at: "2026-01-01T00:00:00.000Z",
    interval_ms: 1000,
    gpus: Object.entries(gpus).map(([id, rest]) => ({ id, ...rest }) as unknown as GpuSample),
    processes: [],
    partial: null,
  })),
);

Deno.test("lookOf() gives each look again of the events in their order, without the programs", () => {
  fc.assert(fc.property(looks, (documents) => {
    const events = new SampleEvents();
    let seen: StatusDocument | null = null;
    for (const document of documents) {
      const { processes: _, partial: __, ...bare } = document;
      seen = lookOf(events.next(document), seen);
      assert.deepEqual(seen, bare);
    }
  }));
});

Deno.test("SampleEvents.next() tells where figures are from when that changed alone", () => {
  const events = new SampleEvents();
  const look = (sources: GpuSample["sources"]) => ({
    schema: "mvgal.status/1" as const,
    at: "2026-01-01T00:00:00.000Z",
    interval_ms: 1000,
    gpus: [{ id: "pci:a", sources, absent: {} } as unknown as GpuSample],
  });
  const told = (sources: GpuSample["sources"]) =>
    Object.keys(events.next(look(sources)).gpus[0] ?? {});
  assert.deepEqual(told({ power_w: "hwmon" }), ["id", "sources", "absent"]);
  assert.deepEqual(told({ power_w: "hwmon" }), ["id"]);
  assert.deepEqual(told({ power_w: "nvml" }), ["id", "sources"]);
});
