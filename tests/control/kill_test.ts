/** kill -9 before every call that a change makes: the next start brings the old values back. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { type ControlClock, hostClock } from "../../lib/control/clock.ts";
import { FileJournal } from "../../lib/control/journal.ts";
import { revertOverdue } from "../../lib/control/revert.ts";
import { CopiedDump } from "./emulated_gpu.ts";

const PROGRAM = join(import.meta.dirname ?? ".", "kill_program.ts");

async function change(copy: CopiedDump, at: number, wanted: object) {
  const { success, signal, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "-A", PROGRAM, copy.directory, String(at), JSON.stringify(wanted)],
  }).output();
  const said = new TextDecoder().decode(stdout);
  assert.ok(success || signal === "SIGKILL", new TextDecoder().decode(stderr));
  return { killed: signal === "SIGKILL", calls: Number(said) };
}

const values = (copy: CopiedDump) =>
  copy.surface().settings.map(({ id, value }) => `${id}=${value}`);

/** The same host, after the time that the change was made for. */
const later: ControlClock = { ...hostClock, uptime: () => hostClock.uptime() + 600 };

/** What the next start of mvgal does, at this time. */
function nextStart(copy: CopiedDump, clock: ControlClock) {
  const journal = new FileJournal(join(copy.directory, "journal"));
  return { reverted: revertOverdue({ device: copy.device, journal, clock }), journal };
}

for (
  const [dump, wanted] of [
    ["vega56", { profile: "COMPUTE" }],
    ["rx6600", { core_clock_min_mhz: 2750, core_clock_max_mhz: 2800 }],
    ["a380-xe", { core_clock_min_mhz: 600, core_clock_max_mhz: 2000 }],
  ] as const
) {
  const what = JSON.stringify(wanted).replaceAll('"', "");
  Deno.test(`a change of ${what} on ${dump}, killed before any of its calls, is taken back by the next start`, async () => {
    using whole = new CopiedDump(dump);
    const before = values(whole);
    const { calls, killed } = await change(whole, -1, wanted);
    assert.equal(killed, false);
    assert.notDeepEqual(values(whole), before);
    assert.ok(calls > 5, String(calls));
    // Made, and its time not up: it stays.
    assert.deepEqual(nextStart(whole, hostClock).reverted, []);
    assert.notDeepEqual(values(whole), before);
    assert.equal(nextStart(whole, later).reverted.length, 1);
    assert.deepEqual(values(whole), before);

    let changed = 0;
    const killAt = async (at: number) => {
      using copy = new CopiedDump(dump);
      assert.equal((await change(copy, at, wanted)).killed, true, String(at));
      if (values(copy).join() !== before.join()) changed++;
      // Half made, it is taken back at once; made, when its time is up.
      const { journal } = nextStart(copy, at === calls ? later : hostClock);
      assert.deepEqual(values(copy), before, `killed before call ${at} of ${calls}`);
      assert.deepEqual(journal.entries(), [], `killed before call ${at} of ${calls}`);
    };
    for (let at = 0; at <= calls; at += 2) {
      await Promise.all([killAt(at), ...(at + 1 <= calls ? [killAt(at + 1)] : [])]);
    }
    // The test is of something: at some of these moments the GPU was changed.
    assert.ok(changed > 2, String(changed));
  });
}
