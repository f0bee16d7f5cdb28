/** A member that is lost, or hangs, while a dispatch is tried on copies. */

import assert from "node:assert/strict";
import { faultLayer } from "../fakes/fault_layer.ts";
import { SOFTWARE_DRIVERS, softwareEnvironment } from "../vulkan_devices.ts";
import { OWN_MEMORY } from "./pool_devices.ts";
import type { SpeculationOutcome } from "./speculation_lost_program.ts";

const PROGRAM = new URL("speculation_lost_program.ts", import.meta.url).pathname;
const missing = ["llvmpipe", "SwiftShader"].filter((name) => !SOFTWARE_DRIVERS.has(name));
const skipped = missing.length > 0 ? ` (skipped: ${missing.join(", ")} not installed)` : "";

const CASES = [
  { device: "llvmpipe", fault: "lose", last: 12, own: true },
  { device: "SwiftShader", fault: "lose", last: 12, own: true },
  { device: "llvmpipe", fault: "lose", last: 12, own: false },
  { device: "SwiftShader", fault: "hang", last: 2, own: false },
] as const;

for (const { device, fault, last, own } of CASES) {
  const what = fault === "lose" ? "is lost" : "hangs";
  const where = own ? ", with memory of its own" : "";
  Deno.test({
    name:
      `a try on copies is right, or whole, when ${device} ${what} at any stage${where}${skipped}`,
    ignore: missing.length > 0,
    async fn() {
      using layer = faultLayer();
      const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "--no-check", PROGRAM, "0", String(last)],
        env: {
          ...softwareEnvironment(),
          ...layer.environment({ device, fault }),
          [OWN_MEMORY]: own ? "1" : "0",
        },
        stdin: "null",
      }).output();
      const text = new TextDecoder().decode(stdout);
      assert.ok(success, `${new TextDecoder().decode(stderr)}\n${text}`);
      const all: SpeculationOutcome[] = text.trim().split("\n").map((line) => JSON.parse(line));
      assert.equal(all.length, last + 1);
      for (const outcome of all) {
        const shown = JSON.stringify(outcome);
        assert.equal(outcome.wrong, 0, shown);
        if (outcome.error === null) assert.equal(outcome.right, 3, shown);
        // After a merge what one member holds alone is lost with it.
        else assert.match(outcome.error, /^(SpoiltDataError|DataLostError): [^\n]+$/, shown);
      }
      assert.ok(all.some(({ lost, error }) => lost > 0 && error === null), text);
      assert.ok(all.some(({ merged }) => merged > 0) || fault === "hang", text);
    },
  });
}
