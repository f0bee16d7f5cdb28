/** Programs with a session, and mvgal that looks at them. */

import assert from "node:assert/strict";
import { closeSync, fstatSync, ftruncateSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { Policy } from "../../lib/session/policy.ts";
import { compilerTest } from "../fakes/cc.ts";
import { Place, Program } from "./program.ts";

const GPU = "pci:0000:06:00.0", OTHER = "pci:0000:07:00.0";

function policy(strategy: Policy["strategy"], ids: readonly string[], weight: number): Policy {
  return {
    strategy,
    gpus: ids.map((id) => ({
      id,
      enabled: true,
      preferred: false,
      weight,
      memory_limit_bytes: null,
      compute_pct: 100,
      priority: 50,
    })),
  };
}

compilerTest("SessionRegistry.look() shows what a program counts", async () => {
  using place = new Place();
  const { program, said } = await Program.start(place.runtime, {
    env: { MVGAL_STRATEGY: "Compute-Offload", MVGAL_GPU_MASK: "0x5", MVGAL_GPUS: GPU },
  });
  await using _ = program;
  assert.equal(said, `page ${program.pid}`);
  assert.equal(await program.ask(`count 1000 ${GPU}`), "counted 0");
  assert.equal(await program.ask(`count 1 ${OTHER}`), "counted 1");
  assert.equal(await program.ask(`free 400 ${GPU}`), "freed");
  assert.equal(await program.ask(`free 400 ${OTHER}`), "freed");
  for (let i = 0; i < 3; i++) await program.ask("whole it is short");
  await program.ask("whole buffers alias");
  for (const how of ["whole", "in parts", "in parts"]) await program.ask(`kernel ${how}`);

  const { sessions, began, problems } = place.registry.look();
  assert.deepEqual(problems, []);
  assert.equal(began.length, 1);
  const [session] = sessions;
  assert.ok(session);
  assert.match(session.id, new RegExp(`^${program.pid}\\.\\d+$`));
  assert.equal(session.uid, Deno.uid());
  const { page } = session;
  assert.equal(page.api, "cuda");
  assert.equal(page.command, "session_program");
  assert.deepEqual(page.asked, { strategy: "compute_offload", mask: 5n, gpus: GPU });
  assert.ok(Math.abs((page.began ?? 0) - Date.now()) < 600_000);
  const some = { gpu: GPU, bytes_now: 9600, bytes_peak: 16000, bytes_copied: 5000 };
  const one = { gpu: OTHER, bytes_now: 0, bytes_peak: 16, bytes_copied: 5 };
  assert.deepEqual(page.counters, [
    { ...some, launches: 1000, splits: 1, busy_ns: 3000 },
    { ...one, launches: 1, splits: 1, busy_ns: 3 },
  ]);
  assert.deepEqual(page.whole, [
    { reason: "it is short", count: 3 },
    { reason: "buffers alias", count: 1 },
  ]);
  assert.deepEqual(page.kernels, { whole: 1, parted: 2 });
  assert.deepEqual(page.policy, { state: "unset" });
  assert.deepEqual(page.lost, { policies: 0, reasons: 0, gpus: 0 });
});

compilerTest("SessionRegistry.push() is seen by the program, and what it saw is told", async () => {
  using place = new Place();
  const { program } = await Program.start(place.runtime);
  await using _ = program;
  const id = place.registry.look().sessions[0]?.id ?? "";
  assert.equal(await program.ask("policy"), "old 0 0");
  assert.equal(place.registry.push(id, policy("single", [GPU], 7)), true);
  assert.equal(place.registry.push(id, policy("single", [GPU], 7)), false);
  assert.equal(await program.ask("policy"), `new 2 7 ${GPU}:1:7`);
  assert.equal(await program.ask("policy"), `old 2 7 ${GPU}:1:7`);
  assert.equal(place.registry.push(id, policy("afr", [GPU, OTHER], 9)), true);
  assert.equal(await program.ask("policy"), `new 4 2 ${GPU}:1:9 ${OTHER}:1:9`);
  // Back and forth between two looks: the page that was read last is not what stands there.
  place.registry.look();
  assert.equal(place.registry.push(id, policy("single", [GPU], 7)), true);
  assert.equal(place.registry.push(id, policy("afr", [GPU, OTHER], 9)), true);
  assert.equal(await program.ask("policy"), `new 8 2 ${GPU}:1:9 ${OTHER}:1:9`);
  const page = place.registry.look().sessions[0]?.page;
  assert.equal(page?.policy_seen, 8n);
  assert.deepEqual(page?.policy, {
    state: "set",
    generation: 8n,
    policy: policy("afr", [GPU, OTHER], 9),
  });
});

compilerTest(
  "a program never sees a part of a policy while it is written over and over",
  async () => {
    using place = new Place();
    const { program } = await Program.start(place.runtime);
    await using _ = program;
    const id = place.registry.look().sessions[0]?.id ?? "";
    const ids = Array.from({ length: 7 }, (_, i) => `pci:0000:0${i}:00.0`);
    const names = [
      "round_robin",
      "afr",
      "sfr",
      "task",
      "compute_offload",
      "hybrid",
      "single",
    ] as const;
    await program.tell("obey 300");
    let answer: string | undefined;
    const answered = program.heard().then((line) => answer = line);
    for (let i = 0; answer === undefined; i++) {
      const kind = i % names.length;
      place.registry.push(
        id,
        policy(names[kind] ?? "single", ids.slice(0, kind + 1), 1 + i % 1000),
      );
      if (i % 64 === 0) await new Promise((resolve) => setTimeout(resolve));
    }
    await answered;
    assert.equal(answer, "obeyed 300 mixed 0");
    assert.equal(place.registry.look().sessions[0]?.page.lost.policies, 0);
  },
);

compilerTest(
  "SessionRegistry.look() ends sessions that exit, are killed, or become another program",
  async () => {
    using place = new Place();
    const started = await Promise.all([0, 1, 2].map(() => Program.start(place.runtime)));
    const [exits, killed, execs] = started.map(({ program }) => program);
    assert.ok(exits && killed && execs);
    await using _ = exits;
    await using _1 = killed;
    await using _2 = execs;
    assert.equal(place.registry.look().began.length, 3);
    await exits.tell("quit");
    assert.equal(await exits.ended(), 0);
    assert.equal(place.names().length, 2); // it removed its own
    await killed.kill();
    assert.equal(await execs.ask("exec"), `no page ${execs.pid}`);
    const { sessions, ended } = place.registry.look();
    assert.deepEqual(sessions, []);
    assert.deepEqual(
      ended.map(({ pid }) => pid).sort(),
      [exits.pid, killed.pid, execs.pid].sort(),
    );
    assert.deepEqual(place.names().map((name) => Number(name.split(".")[0])), [execs.pid]);
    assert.deepEqual(place.registry.look().ended, []);
  },
);

compilerTest("a child after fork has a page of its own, once it uses one", async () => {
  using place = new Place();
  const { program } = await Program.start(place.runtime);
  await using _ = program;
  await program.ask(`count 5 ${GPU}`);
  const child = Number((await program.ask("fork")).split(" ")[1]);
  assert.equal(place.registry.look().sessions.length, 1);
  // The number of the GPU stays the same in it.
  assert.equal(await program.ask(`count 3 ${OTHER}`), "counted 1");
  const { sessions } = place.registry.look();
  const launches = new Map(
    sessions.map(({ pid, page }) => [pid, page.counters.map(({ launches }) => launches)]),
  );
  assert.deepEqual(launches.get(program.pid), [5]);
  assert.deepEqual(launches.get(child), [0, 3]);
  assert.equal(await program.ask("quit"), "child ended 0");
  assert.deepEqual(place.registry.look().sessions.map(({ pid }) => pid), [program.pid]);
  assert.equal(await program.ask(`count 1 ${GPU}`), "counted 0");
  assert.equal(place.registry.look().sessions[0]?.page.counters[0]?.launches, 6);
});

compilerTest("eight programs at once have a session each", async () => {
  using place = new Place();
  const started = await Promise.all(
    Array.from({ length: 8 }, () => Program.start(place.runtime)),
  );
  await using stack = new AsyncDisposableStack();
  for (const { program } of started) stack.use(program);
  await Promise.all(started.map(({ program }, i) => program.ask(`count ${i + 1} ${GPU}`)));
  const { sessions, problems } = place.registry.look();
  assert.deepEqual(problems, []);
  const counted = sessions.map(({ page }) => page.counters[0]?.launches);
  assert.deepEqual(counted.sort(), [1, 2, 3, 4, 5, 6, 7, 8]);
});

compilerTest("a program survives what is done to its page and its ticket", async () => {
  using place = new Place();
  const { program } = await Program.start(place.runtime);
  await using _ = program;
  await program.ask(`count 1 ${GPU}`);
  const [name = ""] = place.names();
  const ticket = join(place.sessions, name);
  const [, , descriptor] = Deno.readTextFileSync(ticket).split(" ");
  const memory = `/proc/${program.pid}/fd/${descriptor}`;
  const open = openSync(memory, "r+");
  // Sealed: nobody cuts it.
  assert.throws(() => ftruncateSync(open, 0), /Operation not permitted/);
  assert.equal(place.registry.look().sessions.length, 1);
  const scribble = new Uint8Array(fstatSync(open).size);
  for (const byte of [0xff, 0x01, 0x00]) {
    writeSync(open, scribble.fill(byte), 0, scribble.length, 0);
    assert.equal(await program.ask(`count 10 ${GPU}`), "counted 0");
    assert.equal(await program.ask("whole it is short"), "whole");
    assert.equal(await program.ask("policy"), "old 0 0");
    const { sessions } = place.registry.look();
    assert.match(sessions[0]?.problem ?? "", /does not begin as a page does/);
    assert.equal(sessions[0]?.page.counters[0]?.launches, 1);
  }
  closeSync(open);
  Deno.truncateSync(ticket, 0);
  assert.equal(await program.ask(`count 1 ${GPU}`), "counted 0");
  Deno.removeSync(place.sessions, { recursive: true });
  assert.deepEqual(place.registry.look().sessions, []);
  assert.equal(await program.ask(`count 1 ${GPU}`), "counted 0");
  await program.tell("quit");
  assert.equal(await program.ended(), 0);
});

compilerTest("a program runs without a page where there can be none", async () => {
  using place = new Place();
  Deno.writeTextFileSync(place.sessions, "");
  for (const runtime of [place.runtime, "/proc/mvgal", "relative"]) {
    const { program, said } = await Program.start(runtime);
    await using _ = program;
    assert.equal(said, `no page ${program.pid}`);
    assert.equal(await program.ask(`count 1 ${GPU}`), "counted 0");
    assert.equal(await program.ask("policy"), "old 0 0");
    await program.tell("quit");
    assert.equal(await program.ended(), 0);
  }
});

for (const sanitizer of ["none", "thread", "address,undefined"]) {
  const flags = sanitizer === "none"
    ? []
    : [`-fsanitize=${sanitizer}`, "-fno-sanitize-recover=all"];
  compilerTest(
    `threads count together, with sanitizer ${sanitizer}`,
    async () => {
      using place = new Place();
      const { program, said } = await Program.start(place.runtime, { flags });
      await using _ = program;
      assert.equal(said, `page ${program.pid}`);
      const id = place.registry.look().sessions[0]?.id ?? "";
      let done = false;
      const counted = program.ask("threads 3000").then((line) => {
        done = true;
        return line;
      });
      for (let i = 1; !done; i++) {
        place.registry.push(id, policy("single", [GPU], i));
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      assert.equal(await counted, "counted");
      const { page } = place.registry.look().sessions[0] ?? {};
      const each = { bytes_copied: 0, launches: 4000, splits: 0, busy_ns: 0, bytes_now: 4000 };
      assert.deepEqual(
        page?.counters.map(({ gpu: _, bytes_peak: peak, ...counts }) => {
          assert.ok(peak !== null && peak >= 4000 && peak <= 4004);
          return counts;
        }),
        [each, each, each],
      );
      assert.equal(page?.whole.reduce((sum, { count }) => sum + count, 0), 12000);
      assert.deepEqual(page?.whole.map(({ count }) => count), [6000, 6000]);
      await program.tell("quit");
      assert.equal(await program.ended(), 0);
    },
    sanitizer === "none"
      ? {}
      : { libraries: sanitizer === "thread" ? ["libtsan.so"] : ["libasan.so", "libubsan.so"] },
  );
}

compilerTest(
  "a program that closes all descriptors goes on, and no file of its children is closed",
  async () => {
    using place = new Place();
    const { program } = await Program.start(place.runtime);
    await using _ = program;
    await program.ask(`count 1 ${GPU}`);
    assert.equal(place.registry.look().sessions.length, 1);
    assert.equal(await program.ask("close"), "closed");
    assert.equal(await program.ask(`count 1 ${GPU}`), "counted 0");
    const { sessions, ended, problems } = place.registry.look();
    assert.deepEqual([sessions, ended.length, problems], [[], 1, []]);
    const child = Number((await program.ask("fork")).split(" ")[1]);
    const open = [...Deno.readDirSync(`/proc/${child}/fd`)].map(({ name }) => Number(name));
    assert.ok(open.includes(512), "the file that has the number of the page now");
    await program.ask("quit");
  },
);
