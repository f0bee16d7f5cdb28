/** Pages and policies as bytes. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { RecordView } from "../../lib/session/fixed_layout.ts";
import * as layout from "../../lib/session/layout.ts";
import { parsePage, type SessionPage } from "../../lib/session/page.ts";
import {
  decodePolicy,
  encodePolicy,
  type Policy,
  POLICY_OFFSET,
  policyWrites,
  samePolicy,
} from "../../lib/session/policy.ts";
import { fuzzPages, samplePage } from "./page_fuzz.ts";

function changed(change: (view: RecordView) => void): Uint8Array<ArrayBuffer> {
  const view = new RecordView(layout.PAGE, samplePage());
  change(view);
  return view.bytes;
}

function pageOf(bytes: Uint8Array<ArrayBuffer>): SessionPage {
  const reading = parsePage(bytes);
  assert.equal(reading.state, "page");
  assert.ok(reading.state === "page");
  return reading.page;
}

Deno.test("parsePage() says in a line why bytes are no page", () => {
  const cases: [(view: RecordView) => void, RegExp][] = [
    [(view) => view.at("header").setU64("magic", 1n), /does not begin as a page/],
    [(view) => view.at("header").setU32("layout_version", 2), /layout is 2.*knows 1/],
    [(view) => view.at("header").setU32("page_bytes", 4096), /says that it has 4096 bytes/],
    [(view) => view.at("header").setU32("pid", 0), /0 is no process id/],
    [(view) => view.at("header").setText("api", "Not one"), /which shim/],
  ];
  for (const [change, reason] of cases) {
    const reading = parsePage(changed(change));
    assert.equal(reading.state, "none");
    assert.match(reading.state === "none" ? reading.reason : "", reason);
  }
  const reading = parsePage(samplePage().subarray(1));
  assert.equal(reading.state, "none");
});

Deno.test("parsePage() gives null for what cannot be, and leaves out rows without a name", () => {
  const page = pageOf(changed((view) => {
    view.at("counters", 0).setU64("launches", 1n << 63n);
    view.at("counters", 1).setText("id", "");
    view.at("reasons", 0).setU64("count", 0n);
    view.at("header").setU64("began_ns", 0n);
    view.at("header").setU32("asked_strategy", 99);
    view.at("header").setText("command", "");
  }));
  assert.equal(page.counters.length, 1);
  assert.equal(page.counters[0]?.launches, null);
  assert.equal(page.counters[0]?.splits, 0);
  assert.deepEqual(page.whole, []);
  assert.deepEqual([page.began, page.asked.strategy, page.command], [null, null, null]);
});

const policies: fc.Arbitrary<Policy> = fc.record({
  strategy: fc.constantFrom(...layout.STRATEGY_NUMBERS),
  gpus: fc.uniqueArray(
    fc.record({
      id: fc.stringMatching(/^[a-z0-9:.]{1,63}$/),
      enabled: fc.boolean(),
      preferred: fc.boolean(),
      weight: fc.option(fc.integer({ min: 1, max: layout.FULL_WEIGHT })),
      memory_limit_bytes: fc.option(fc.bigInt({ min: 0n, max: layout.NO_LIMIT - 1n })),
      compute_pct: fc.integer({ min: 1, max: 100 }),
      priority: fc.integer({ min: 0, max: 100 }),
    }, { noNullPrototype: true }),
    { selector: ({ id }) => id, maxLength: layout.GPU_ROWS },
  ),
}, { noNullPrototype: true });

Deno.test("decodePolicy() gives what encodePolicy() was given", () => {
  fc.assert(fc.property(policies, (policy) => {
    const reading = decodePolicy(encodePolicy(policy, 4n));
    assert.deepEqual(reading, { state: "set", generation: 4n, policy });
    assert.ok(reading.state === "set" && samePolicy(reading.policy, policy));
  }));
});

Deno.test("policyWrites() leave the old policy, none, or the new one after each byte", () => {
  fc.assert(
    fc.property(policies, policies, fc.nat(), (one, other, at) => {
      const page = samplePage();
      page.set(encodePolicy(one, 6n), POLICY_OFFSET);
      const writes = policyWrites(other, 6n);
      assert.equal(writes.length, 3);
      const block = () =>
        decodePolicy(page.slice(POLICY_OFFSET, POLICY_OFFSET + layout.POLICY.size));
      for (const { at: place, bytes } of writes) {
        const cut = at % bytes.length;
        if (bytes.length > 8) {
          page.set(bytes.subarray(0, cut), place);
          assert.equal(block().state, "unsound");
        }
        page.set(bytes, place);
      }
      assert.deepEqual(block(), { state: "set", generation: 8n, policy: other });
    }),
    { numRuns: 50 },
  );
});

Deno.test("policyWrites() go on behind a writer that died, and never write generation 0", () => {
  const policy: Policy = { strategy: "single", gpus: [] };
  const last = (before: bigint) => {
    const { bytes } = policyWrites(policy, before).at(-1) ?? { bytes: new Uint8Array(8) };
    return new DataView(bytes.buffer).getBigUint64(0, true);
  };
  assert.deepEqual([0n, 7n, 8n, 2n ** 64n - 1n, 2n ** 64n - 2n].map(last), [2n, 10n, 10n, 2n, 2n]);
});

Deno.test("decodePolicy() takes no policy of two writers", () => {
  const gpus = (weight: number): Policy["gpus"] => [{
    id: "pci:0000:06:00.0",
    enabled: true,
    preferred: true,
    weight,
    memory_limit_bytes: null,
    compute_pct: 100,
    priority: 50,
  }];
  const block = encodePolicy({ strategy: "sfr", gpus: gpus(1) }, 4n);
  const other = encodePolicy({ strategy: "sfr", gpus: gpus(2) }, 4n);
  block.set(other.subarray(64), 64);
  assert.deepEqual(decodePolicy(block), {
    state: "unsound",
    generation: 4n,
    reason: "its checksum is wrong",
  });
});

Deno.test("encodePolicy() refuses what a page cannot hold", () => {
  const gpu = {
    id: "pci:0000:06:00.0",
    enabled: true,
    preferred: false,
    weight: null,
    memory_limit_bytes: null,
    compute_pct: 100,
    priority: 50,
  };
  const encode = (...gpus: Policy["gpus"]) => encodePolicy({ strategy: "afr", gpus }, 2n);
  assert.throws(() => encode({ ...gpu, id: "x".repeat(64) }), /does not fit/);
  assert.throws(() => encode(gpu, gpu), /twice/);
  assert.throws(() => encode({ ...gpu, weight: 0 }), /weight 0/);
  assert.throws(() => encode({ ...gpu, compute_pct: 0 }), /share of time 0/);
  assert.throws(() => encode({ ...gpu, priority: 101 }), /priority 101/);
  const many = Array.from({ length: 33 }, (_, i) => ({ ...gpu, id: `pci:${i}` }));
  assert.throws(() => encode(...many), /33 GPUs: the page has room for 32/);
});

Deno.test("parsePage() and parseGroup() take 3,000 pages that somebody changed", () => {
  const pages = fuzzPages(3000, 20260101);
  // Most changes leave it a page: what is fuzzed is what lies behind the header.
  assert.ok(pages > 1000, String(pages));
});
