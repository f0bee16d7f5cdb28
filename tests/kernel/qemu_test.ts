import assert from "node:assert/strict";
import { noGuest, runGuest } from "./qemu.ts";

const skipped = noGuest === undefined ? "" : ` (skipped: ${noGuest})`;

Deno.test({
  name: `runGuest() gives a script's status and output${skipped}`,
  ignore: noGuest !== undefined,
  async fn() {
    const { status, output } = await runGuest({
      files: { "/data/text": "as it was\n" },
      script: "cat /data/text; echo error >&2; exit 3",
    });
    assert.equal(status, 3);
    assert.equal(output, "as it was\nerror\n");
  },
});

Deno.test({
  name: `runGuest() ends a guest that takes too long, and keeps what it wrote${skipped}`,
  ignore: noGuest !== undefined,
  async fn() {
    const { status, console } = await runGuest({ script: "sleep 1000", limit: 3_000 });
    assert.equal(status, undefined);
    assert.notEqual(console, "");
  },
});
