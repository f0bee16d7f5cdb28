/** A member of a logical device that is lost, or hangs, at every stage of dispatches. */

import assert from "node:assert/strict";
import { faultLayer } from "../fakes/fault_layer.ts";
import { SOFTWARE_DRIVERS, softwareEnvironment } from "../vulkan_devices.ts";
import type { LostOutcome } from "./lost_program.ts";
import { OWN_MEMORY } from "./pool_devices.ts";

const PROGRAM = new URL("lost_program.ts", import.meta.url).pathname;
const missing = ["llvmpipe", "SwiftShader"].filter((name) => !SOFTWARE_DRIVERS.has(name));
const skipped = missing.length > 0 ? ` (skipped: ${missing.join(", ")} not installed)` : "";

/** What comes of a fault after each number of submissions. */
async function outcomes(
  device: string,
  fault: "lose" | "hang",
  last: number,
  ownMemory: boolean,
): Promise<LostOutcome[]> {
  using layer = faultLayer();
  const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", PROGRAM, "0", String(last)],
    env: {
      ...softwareEnvironment(),
      ...layer.environment({ device, fault }),
      [OWN_MEMORY]: ownMemory ? "1" : "0",
    },
    stdin: "null",
  }).output();
  const text = new TextDecoder().decode(stdout);
  assert.ok(success, `${new TextDecoder().decode(stderr)}\n${text}`);
  return text.trim().split("\n").map((line) => JSON.parse(line));
}

interface Case {
  readonly device: string;
  readonly ownMemory: boolean;
}

const CASES: readonly Case[] = ["llvmpipe", "SwiftShader"].flatMap((device) =>
  [false, true].map((ownMemory) => ({ device, ownMemory }))
);

const nameOf = ({ device, ownMemory }: Case) =>
  `${device}${ownMemory ? ", with memory of its own" : ""}`;

function checkOutcomes(all: readonly LostOutcome[], last: number, of: Case): void {
  assert.equal(all.length, last + 1);
  for (const outcome of all) {
    const shown = `${nameOf(of)}: ${JSON.stringify(outcome)}`;
    assert.equal(outcome.wrong, 0, shown);
    if (outcome.error === null) assert.equal(outcome.right, 6, shown);
    else assert.match(outcome.error, /^(SpoiltDataError|DataLostError): [^\n]+$/, shown);
    // A member without an answer has a second; nothing waits for it twice.
    assert.ok(outcome.ms < 5000, shown);
  }
  assert.ok(all.some(({ lost }) => lost > 0), JSON.stringify(all));
  // What is on the host, and not changed in place, is always saved: the first three results.
  if (!of.ownMemory) assert.ok(all.every(({ right }) => right >= 3), JSON.stringify(all));
}

for (const each of CASES) {
  Deno.test({
    name: `a dispatch is right, or says why not, when a member is lost at any stage: ${
      nameOf(each)
    }${skipped}`,
    ignore: missing.length > 0,
    async fn() {
      const last = each.ownMemory ? 24 : 12;
      checkOutcomes(await outcomes(each.device, "lose", last, each.ownMemory), last, each);
    },
  });
}

Deno.test({
  name: `a dispatch is right, or says why not, when a member hangs at any stage${skipped}`,
  ignore: missing.length > 0,
  async fn() {
    // They do little but wait: all at once.
    await Promise.all(CASES.map(async (each) => {
      const last = each.ownMemory ? 6 : 4;
      checkOutcomes(await outcomes(each.device, "hang", last, each.ownMemory), last, each);
    }));
  },
});
