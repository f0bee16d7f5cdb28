/** Fences of dispatches where a member is lost, or hangs. */

import assert from "node:assert/strict";
import { faultLayer } from "../fakes/fault_layer.ts";
import { SOFTWARE_DRIVERS, softwareEnvironment } from "../vulkan_devices.ts";
import type { FencesOutcome } from "./dispatch_fences_lost_program.ts";

const PROGRAM = new URL("dispatch_fences_lost_program.ts", import.meta.url).pathname;
const missing = ["llvmpipe", "SwiftShader"].filter((name) => !SOFTWARE_DRIVERS.has(name));
const skipped = missing.length > 0 ? ` (skipped: ${missing.join(", ")} not installed)` : "";

for (const [fault, last] of [["lose", 4], ["hang", 1]] as const) {
  Deno.test({
    name: `fences of dispatches say what came of them when a member ${
      fault === "lose" ? "is lost" : "hangs"
    } at any stage${skipped}`,
    ignore: missing.length > 0,
    async fn() {
      using layer = faultLayer();
      const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "--no-check", PROGRAM, "llvmpipe", String(last)],
        env: { ...softwareEnvironment(), ...layer.environment({ device: "llvmpipe", fault }) },
        stdin: "null",
      }).output();
      const text = new TextDecoder().decode(stdout);
      assert.ok(success, `${new TextDecoder().decode(stderr)}\n${text}`);
      const all: FencesOutcome[] = text.trim().split("\n").map((line) => JSON.parse(line));
      assert.equal(all.length, last + 1);
      for (const { dispatches } of all) {
        for (const { contents, error, fence } of dispatches) {
          const shown = JSON.stringify(dispatches);
          if (error === null) assert.deepEqual([contents, fence], ["right", "signalled"], shown);
          else assert.equal(fence, "lost", shown);
          // After a fence that is lost nothing is written.
          if (error?.startsWith("FenceLostError")) assert.equal(contents, "unchanged", shown);
        }
      }
      const errors = all.flatMap(({ dispatches }) => dispatches.map(({ error }) => error));
      assert.ok(errors.some((error) => error?.startsWith("FenceLostError")), text);
      assert.ok(errors.includes(null), text);
    },
  });
}
