/** kill -9 of a process with a power manager: whoever looks at the journal next puts everything back. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { hostClock } from "../../../lib/control/clock.ts";
import { FileJournal } from "../../../lib/control/journal.ts";
import { watchEntries } from "../../../lib/control/watcher.ts";
import { CopiedDump } from "../../control/emulated_gpu.ts";

const PROGRAM = join(import.meta.dirname ?? ".", "kill_program.ts");
const DEVICE = "sys/devices/pci0000:00/0000:0b:00.0";

const settings = (copy: CopiedDump) =>
  ["hwmon/hwmon4/power1_cap", "power/control"].map((name) => copy.read(`${DEVICE}/${name}`).trim());

Deno.test("the power manager that is killed has its cap and its parking taken back by the process that waits", async () => {
  using copy = new CopiedDump("vega56");
  for (const [name, text] of [["power/control", "on"], ["gpu_busy_percent", "0"]]) {
    Deno.writeTextFileSync(join(copy.directory, DEVICE, name ?? ""), `${text}\n`);
  }
  const before = settings(copy);
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "-A", PROGRAM, copy.directory],
    stdout: "piped",
  }).spawn();
  const reader = process.stdout.getReader();
  const { value } = await reader.read();
  assert.equal(new TextDecoder().decode(value), "held\n");
  assert.deepEqual(settings(copy), ["200000000", "auto"]);
  const on = {
    device: copy.device,
    journal: new FileJournal(join(copy.directory, "journal")),
    clock: hostClock,
  };
  let waits = 0;
  const reverted = await watchEntries(on, async () => {
    // While it lives, the process that waits leaves its holds alone.
    if (waits++ > 0) return;
    assert.deepEqual(settings(copy), ["200000000", "auto"]);
    process.kill("SIGKILL");
    await process.status;
  });
  await reader.cancel();
  assert.equal(reverted.length, 2);
  assert.ok(reverted.every(({ settled }) => settled));
  assert.deepEqual(settings(copy), before);
  assert.deepEqual(on.journal.entries(), []);
});
