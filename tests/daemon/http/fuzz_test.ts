import assert from "node:assert/strict";
import { fuzz } from "./fuzz.ts";

Deno.test("createApp() answers 1,000 requests made from its own document, none with 5xx", async () => {
  const counts = await fuzz(1000);
  // Otherwise the requests would not be what they are meant to be.
  for (const status of [200, 400, 404]) {
    assert.ok((counts.get(status) ?? 0) >= 50, `${counts.get(status)} of ${status}`);
  }
});
