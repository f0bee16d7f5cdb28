import assert from "node:assert/strict";
import { whyNoService } from "../service_process.ts";
import { fuzz } from "./fuzz.ts";
import { fuzzSocket } from "./fuzz_socket.ts";

/** Otherwise the requests would not be what they are meant to be. */
function checkSpread(counts: Map<number, number>): void {
  for (const status of [200, 400, 404]) {
    assert.ok((counts.get(status) ?? 0) >= 50, `${counts.get(status)} of ${status}`);
  }
}

Deno.test("createApp() answers 1,000 requests made from its own document, none with 5xx", async () => {
  checkSpread(await fuzz(1000));
});

const SKIP = whyNoService();

Deno.test({
  name: "the service answers 1,000 requests over TCP made from its own document, none with 5xx" +
    (SKIP === undefined ? "" : ` (skipped: ${SKIP})`),
  ignore: SKIP !== undefined,
  async fn() {
    checkSpread((await fuzzSocket(1000)).counts);
  },
});
