/** Files that make the reader wait. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { readSlowText } from "../../lib/telemetry/slow_file.ts";
import { Tree } from "../sysfs/tree.ts";

Deno.test("readSlowText() gives the text of a file, and an empty one for an empty file", async () => {
  using tree = new Tree({ "sys/a": "11886 2528 256", "sys/empty": new Uint8Array() });
  assert.equal(await readSlowText(tree.sysroot, "/sys/a", 4096), "11886 2528 256");
  assert.equal(await readSlowText(tree.sysroot, "/sys/empty", 4096), "");
});

Deno.test("readSlowText() gives nothing for what is missing, too long, no text or no file", async () => {
  using tree = new Tree({
    "sys/long": "0123456789",
    "sys/binary": Uint8Array.of(1, 2, 0xff),
    "sys/directory/x": "",
  });
  assert.equal(await readSlowText(tree.sysroot, "/sys/long", 10), undefined); // and a line feed
  assert.equal(await readSlowText(tree.sysroot, "/sys/long", 11), "0123456789");
  for (const path of ["/sys/binary", "/sys/directory", "/sys/missing"]) {
    assert.equal(await readSlowText(tree.sysroot, path, 4096), undefined, path);
  }
});

Deno.test("readSlowText() does not wait for a FIFO", async () => {
  using tree = new Tree({ "sys/a": "x" });
  const fifo = join(tree.directory, "sys/fifo");
  const made = await new Deno.Command("mkfifo", { args: [fifo] }).output();
  assert.equal(made.success, true);
  assert.equal(await readSlowText(tree.sysroot, "/sys/fifo", 4096), undefined);
});
