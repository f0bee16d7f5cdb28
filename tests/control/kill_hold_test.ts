/** kill -9 before every call that a hold makes: the next start brings the old value back at once. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { hostClock } from "../../lib/control/clock.ts";
import { FileJournal } from "../../lib/control/journal.ts";
import { revertOverdue } from "../../lib/control/revert.ts";
import { CopiedDump } from "./emulated_gpu.ts";

const PROGRAM = join(import.meta.dirname ?? ".", "kill_hold_program.ts");

async function hold(copy: CopiedDump, at: number) {
  const { success, signal, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "-A", PROGRAM, copy.directory, String(at)],
  }).output();
  assert.ok(success || signal === "SIGKILL", new TextDecoder().decode(stderr));
  return { killed: signal === "SIGKILL", calls: Number(new TextDecoder().decode(stdout)) };
}

const cap = (copy: CopiedDump) =>
  copy.surface().settings.find(({ id }) => id === "power_cap_w")?.value;

Deno.test("a hold that is made, moved, renewed and given back, killed before any of its calls, is taken back by the next start", async () => {
  using whole = new CopiedDump("vega56");
  const { calls, killed } = await hold(whole, -1);
  assert.equal(killed, false);
  assert.equal(cap(whole), 260);
  assert.ok(calls > 15, String(calls));

  const seen = new Set<unknown>();
  const killAt = async (at: number) => {
    using copy = new CopiedDump("vega56");
    assert.equal((await hold(copy, at)).killed, true, String(at));
    seen.add(cap(copy));
    const journal = new FileJournal(join(copy.directory, "journal"));
    revertOverdue({ device: copy.device, journal, clock: hostClock });
    assert.equal(cap(copy), 260, `killed before call ${at} of ${calls}`);
    assert.deepEqual(journal.entries(), [], `killed before call ${at} of ${calls}`);
  };
  for (let at = 0; at < calls; at += 2) {
    await Promise.all([killAt(at), ...(at + 1 < calls ? [killAt(at + 1)] : [])]);
  }
  // The test is of something: at some of these moments the GPU had each of the caps.
  assert.deepEqual([...seen].toSorted(), [200, 215, 230, 260]);
});
