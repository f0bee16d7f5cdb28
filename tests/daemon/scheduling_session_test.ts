/** The scheduling part with real programs. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { Scheduling } from "../../lib/daemon/scheduling.ts";
import { SchedulerStore } from "../../lib/daemon/scheduler_store.ts";
import { capture } from "../cli/capture.ts";
import { compilerTest } from "../fakes/cc.ts";
import { Place, Program } from "../session/program.ts";
import { gpus, idOf, look } from "./gpus.ts";

function open(place: Place, edges: string[]): Scheduling {
  return new Scheduling({
    registry: place.registry,
    store: new SchedulerStore(join(place.runtime, "scheduler.json")),
    base: { strategy: "task", gpus: {} },
    told: ({ edge, session }) => edges.push(`${edge} ${session.pid} ${session.gpus.length}`),
    log: () => {},
  });
}

compilerTest(
  "a program is placed, told of changes, and missed; a restart tells it nothing new",
  async () => {
    using place = new Place();
    const edges: string[] = [];
    const listed = gpus(2);
    const { program } = await Program.start(place.runtime);
    await using _ = program;
    {
      using part = open(place, edges);
      part.looked(look(listed, [80, 0]), listed);
      // Strategy 4 is task; flags: 1 enabled, 2 preferred.
      assert.equal(await program.ask("policy"), `new 2 4 ${idOf(0)}:1:0 ${idOf(1)}:3:0`);
      part.change({ strategy: "afr", gpus: [{ id: "1", enabled: false }] });
      assert.equal(await program.ask("policy"), `new 4 2 ${idOf(0)}:3:0 ${idOf(1)}:0:0`);
      await program.ask(`count 2 ${idOf(0)}`);
      part.looked(look(listed, [80, 0]), listed);
      assert.equal(part.sessions()[0]?.counters[0]?.bytes, 32);
      await part.saved();
    }
    using part = open(place, edges);
    part.looked(look(listed, [0, 0]), listed);
    assert.equal(part.view().strategy, "afr");
    assert.equal((await program.ask("policy")).slice(0, 7), "old 4 2");
    await program.kill();
    part.looked(look(listed, [0, 0]), listed);
    assert.deepEqual(part.sessions(), []);
    const { pid } = program;
    assert.deepEqual(edges, [`begin ${pid} 2`, `begin ${pid} 1`, `end ${pid} 1`]);
    assert.deepEqual(place.names(), []);
  },
);

compilerTest("limits that were set by hand stay, whatever else a program is told", async () => {
  using place = new Place();
  const listed = gpus(2);
  const { program } = await Program.start(place.runtime);
  await using _ = program;
  using part = open(place, []);
  part.looked(look(listed, [0, 80]), listed);
  const args = ["limit", "set", `${program.pid}`, "--vram", `${idOf(1)}=4k`];
  const { status, stderr } = await capture(args, { env: { MVGAL_RUNTIME_DIR: place.runtime } });
  assert.deepEqual([status, stderr], [0, ""]);
  // Told between two looks, and after one.
  part.change({ strategy: "afr" });
  assert.match(await program.ask("policy"), new RegExp(`2 ${idOf(0)}:3:0 ${idOf(1)}:5:0$`));
  part.looked(look(listed, [0, 80]), listed);
  part.change({ strategy: "sfr" });
  assert.match(await program.ask("policy"), new RegExp(`3 ${idOf(0)}:3:0 ${idOf(1)}:5:0$`));
  const { page } = place.registry.look().sessions[0] ?? assert.fail();
  assert.ok(page.policy.state === "set");
  assert.deepEqual(
    page.policy.policy.gpus.map((gpu) => gpu.memory_limit_bytes),
    [null, 4096n],
  );
});
