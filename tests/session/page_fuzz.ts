/**
 * Pages that somebody changed.
 *
 * @module
 */

import assert from "node:assert/strict";
import { encodePolicy, POLICY_OFFSET } from "../../lib/session/policy.ts";
import { type RecordLayout, RecordView } from "../../lib/session/fixed_layout.ts";
import { encodeGroup, parseGroup } from "../../lib/session/group.ts";
import * as layout from "../../lib/session/layout.ts";
import { PAGE_BYTES, parsePage } from "../../lib/session/page.ts";

const GPUS = ["pci:0000:06:00.0", "uuid:0f0e0d0c-0b0a-0908-0706-050403020100"];

/** A page as a shim writes it, with a policy. */
export function samplePage(): Uint8Array<ArrayBuffer> {
  const view = new RecordView(layout.PAGE, new Uint8Array(PAGE_BYTES));
  const header = view.at("header");
  header.setU64("magic", layout.PAGE_MAGIC);
  header.setU32("layout_version", layout.LAYOUT_VERSION);
  header.setU32("page_bytes", PAGE_BYTES);
  header.setU32("pid", 4711);
  header.setU64("start_time", 1234567n);
  header.setU64("began_ns", 1_790_000_000_000_000_000n);
  header.setText("api", "vulkan");
  header.setText("command", "glxgears");
  header.setU32("asked_strategy", 2);
  header.setU64("asked_mask", 3n);
  header.setText("asked_gpus", "0,1");
  GPUS.forEach((id, i) => {
    const row = view.at("counters", i);
    row.setU32("state", 2);
    row.setText("id", id);
    row.setU64("launches", BigInt(i + 1));
  });
  const reason = view.at("reasons", 0);
  reason.setU32("state", 2);
  reason.setU64("count", 7n);
  reason.setText("text", "buffers alias");
  const gpus = GPUS.map((id, i) => ({
    id,
    enabled: true,
    preferred: i === 0,
    weight: 1000 * (i + 1),
    memory_limit_bytes: i === 0 ? null : 1n << 30n,
    compute_pct: 50,
    priority: 10,
  }));
  view.bytes.set(encodePolicy({ strategy: "afr", gpus }, 8n), POLICY_OFFSET);
  return view.bytes;
}

/** A group's file with two programs. */
export function sampleGroup(): Uint8Array<ArrayBuffer> {
  const limit = { memory_limit_bytes: 1n << 34n, compute_pct: 50 };
  const view = new RecordView(layout.GROUP, encodeGroup(GPUS.map((gpu) => ({ gpu, ...limit }))));
  for (const slot of [0, 5]) {
    const row = view.at("slots", slot);
    row.setU32("pid", 100 + slot);
    row.setU64("start_time", BigInt(slot));
    row.setU64("used_bytes", BigInt(slot + 1) << 20n, 1);
  }
  return view.bytes;
}

/** Numbers below 2^32, the same for the same seed (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  };
}

/** Words at which programs trip: signs, ends of ranges, halves of letters, escapes. */
const WORDS = [0, 1, 2, 32, 33, 0x7fffffff, 0x80000000, 0xffffffff, 0xd800, 0x1b5b, 0xc3c3c3c3];

/** Where fields begin that are not reserved: random places hit the numbers too seldom. */
function places({ fields }: RecordLayout, base = 0): number[] {
  return fields.flatMap(({ type, offset, size, count = 1 }) => {
    if (type === "reserved") return [];
    return Array.from({ length: count }, (_, i) => base + offset + i * size)
      .flatMap((at) => typeof type === "object" ? places(type, at) : [at]);
  });
}

/**
 * Changes pages and groups at random, and parses what comes out.
 *
 * @param count how many of each.
 * @throws {AssertionError} where parsing throws or gives more than the layout has; with the seed.
 * @returns how many pages were still pages.
 */
export function fuzzPages(count: number, seed: number): number {
  const page = samplePage(), group = sampleGroup();
  const inPage = places(layout.PAGE), inGroup = places(layout.GROUP);
  let pages = 0;
  for (let i = 0; i < count; i++) {
    const next = numbers(seed + i);
    const bytes = mutated(page, inPage, next);
    const why = `seed ${seed + i}`;
    try {
      const reading = parsePage(bytes);
      if (reading.state === "page") {
        pages++;
        checkPage(reading.page);
      } else assertLine(reading.reason);
      const other = parseGroup(mutated(group, inGroup, next));
      if (other.state === "group") {
        assert.ok(other.group.limits.length <= layout.GPU_ROWS);
        assert.ok(other.group.members.length <= layout.GROUP_SLOTS);
      } else assertLine(other.reason);
    } catch (error) {
      throw new assert.AssertionError({ message: `${why}: ${error}` });
    }
  }
  return pages;
}

function mutated(
  from: Uint8Array<ArrayBuffer>,
  fields: readonly number[],
  next: () => number,
): Uint8Array<ArrayBuffer> {
  const kind = next() % 16;
  if (kind === 0) return from.slice(0, next() % from.length);
  if (kind === 1) return new Uint8Array([...from, next() & 0xff]);
  const bytes = from.slice();
  if (kind === 2) {
    for (let at = next() % bytes.length; at < bytes.length; at++) bytes[at] = next() & 0xff;
    return bytes;
  }
  const view = new DataView(bytes.buffer);
  for (let changes = 1 + next() % 8; changes > 0; changes--) {
    const at = next() % 2 === 0 ? fields[next() % fields.length] ?? 0 : next() % bytes.length;
    if (next() % 2 === 0) bytes[at] = next() & 0xff;
    else view.setUint32(Math.min(at, bytes.length - 4), WORDS[next() % WORDS.length] ?? 0, true);
  }
  return bytes;
}

function assertLine(text: string): void {
  assert.match(text, /^[^\n]{1,300}$/);
}

function assertCount(value: number | null): void {
  assert.ok(value === null || (Number.isSafeInteger(value) && value >= 0), String(value));
}

function checkPage(page: (ReturnType<typeof parsePage> & { state: "page" })["page"]): void {
  assert.ok(page.pid > 0 && page.pid <= 0x7fff_ffff);
  assert.match(page.start_time, /^\d{1,20}$/);
  if (page.began !== null) new Date(page.began).toISOString();
  assert.match(page.api, /^[a-z]/);
  assert.ok(page.counters.length <= layout.GPU_ROWS);
  assert.ok(page.whole.length <= layout.REASON_ROWS);
  for (const { gpu, ...counts } of page.counters) {
    assertText(gpu);
    for (const count of Object.values(counts)) assertCount(count);
  }
  for (const { reason, count } of page.whole) {
    assertText(reason);
    assertCount(count);
  }
  for (const count of Object.values(page.lost)) assertCount(count);
  if (page.policy.state === "unsound") assertLine(page.policy.reason);
  if (page.policy.state === "set") {
    const ids = page.policy.policy.gpus.map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length);
    // What is sound can be written again.
    encodePolicy(page.policy.policy, 2n);
  }
}

function assertText(text: string): void {
  assert.match(text, /^\P{Cc}+$/u);
}

if (import.meta.main) {
  const count = Number(Deno.args[0] ?? 100_000);
  const seed = Number(Deno.args[1] ?? 1);
  const pages = fuzzPages(count, seed);
  // deno-lint-ignore no-console -- a script speaks to people
  console.log(
    `${count} pages and groups changed at random: ${pages} were still pages, none did harm`,
  );
}
