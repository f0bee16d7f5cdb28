/** What a registry makes of directories that nobody trusts. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { hostClock } from "../../lib/control/clock.ts";
import { makeSessionDirectories, runtimeDirectories } from "../../lib/session/directory.ts";
import { MAX_ENTRIES, SessionRegistry } from "../../lib/session/registry.ts";
import { parseTicket, parseTicketName } from "../../lib/session/ticket.ts";
import { watchSessions } from "../../lib/session/watch.ts";
import { compilerTest } from "../fakes/cc.ts";
import { Place, Program } from "./program.ts";

const OWN = `${Deno.pid}.${hostClock.startTime(Deno.pid)}`;

Deno.test("parseTicketName() takes names of tickets alone", () => {
  const isWhole = true;
  assert.deepEqual(parseTicketName("12.345"), { pid: 12, start_time: "345", isWhole });
  assert.deepEqual(parseTicketName(".12.345.new"), { pid: 12, start_time: "345", isWhole: false });
  for (
    const name of ["12", "0.1", "12.345.new", ".12.345", "x.1", "12.345 ", "4294967296.1", "1.01"]
  ) {
    assert.equal(parseTicketName(name), undefined, name);
  }
});

Deno.test("parseTicket() says why a text is no ticket", () => {
  const ticket = { descriptor: 512, inode: 99 };
  assert.deepEqual(parseTicket("mvgal-session 1 512 99\n"), { state: "ticket", ticket });
  const reason = (text: string) => {
    const parsed = parseTicket(text);
    return parsed.state === "none" ? parsed.reason : "";
  };
  assert.match(reason("mvgal-session 2 512 99\n"), /layout is 2/);
  for (
    const text of [
      "",
      "mvgal-session 1 512 99",
      "mvgal-session 1 -1 99\n",
      "mvgal-session 1 5/../1 9\n",
    ]
  ) {
    assert.equal(reason(text), "it is no ticket", text);
  }
});

Deno.test("runtimeDirectories() are those that a shim may choose", () => {
  const env = (values: Record<string, string>) => (name: string) => values[name];
  assert.deepEqual(runtimeDirectories(env({ MVGAL_RUNTIME_DIR: "/x", XDG_RUNTIME_DIR: "/y" }), 0), {
    own: ["/x"],
    foreign: [],
  });
  assert.deepEqual(
    runtimeDirectories(env({ MVGAL_RUNTIME_DIR: "x" }), 0).own,
    [`${Deno.cwd()}/x`],
  );
  assert.deepEqual(runtimeDirectories(env({ XDG_RUNTIME_DIR: "/run/user/7" }), 7), {
    own: ["/run/mvgal", "/run/user/7/mvgal"],
    foreign: [],
  });
  assert.deepEqual(runtimeDirectories(env({}), 7).own, ["/run/mvgal"]);
  assert.deepEqual(runtimeDirectories(env({ XDG_RUNTIME_DIR: "/run/user/7" }), 0).own, [
    "/run/mvgal",
  ]);
});

Deno.test("makeSessionDirectories() gives the rights that were asked for, whatever stood there", () => {
  using place = new Place();
  const mode = (path: string) => (Deno.statSync(join(place.runtime, path)).mode ?? 0) & 0o7777;
  Deno.chmodSync(place.runtime, 0o775);
  makeSessionDirectories(place.runtime, null);
  assert.deepEqual(["", "sessions", "groups"].map(mode), [0o775, 0o700, 0o700]);
  makeSessionDirectories(place.runtime, Deno.gid());
  assert.deepEqual(["", "sessions", "groups"].map(mode), [0o775, 0o1770, 0o1770]);
  makeSessionDirectories(join(place.runtime, "own"), null);
  assert.equal(mode("own"), 0o700);
  Deno.removeSync(join(place.runtime, "groups"));
  Deno.symlinkSync(place.sessions, join(place.runtime, "groups"));
  assert.throws(
    () => makeSessionDirectories(place.runtime, null),
    /groups: cannot be the directory of sessions: .*MVGAL_RUNTIME_DIR/,
  );
});

Deno.test("SessionRegistry.look() passes over what is no session, and opens no FIFO, link or device", () => {
  using place = new Place();
  assert.deepEqual(place.registry.look().problems, []); // no directory at all
  Deno.mkdirSync(place.sessions);
  const path = join(place.sessions, OWN);
  const problem = () => {
    const { sessions, began, ended, problems } = place.registry.look();
    assert.deepEqual([sessions, began, ended], [[], [], []]);
    return problems.map(({ reason }) => reason);
  };
  Deno.writeTextFileSync(join(place.sessions, "README"), "");
  Deno.mkdirSync(join(place.sessions, "1.x"));
  assert.deepEqual(problem(), []);

  Deno.mkdirSync(path);
  assert.deepEqual(problem(), ["it is no regular file"]);
  Deno.removeSync(path);
  Deno.symlinkSync("/dev/zero", path);
  assert.deepEqual(problem(), ["it is a link"]);
  Deno.removeSync(path);
  assert.ok(new Deno.Command("mkfifo", { args: [path] }).outputSync().success);
  assert.deepEqual(problem(), ["it is no regular file"]);
  Deno.removeSync(path);
  Deno.writeTextFileSync(path, "x".repeat(1 << 20));
  assert.match(problem()[0] ?? "", /has 1048576 bytes: it is no ticket/);
  Deno.writeTextFileSync(path, "mvgal-session 7 0 0\n");
  assert.match(problem()[0] ?? "", /layout is 7/);
  // Descriptors that are no page: this process has 0 and 1 for sure.
  for (const descriptor of [0, 1, 999_999]) {
    Deno.writeTextFileSync(path, `mvgal-session 1 ${descriptor} 1\n`);
    assert.deepEqual(problem(), []);
  }
});

Deno.test("SessionRegistry.look() removes tickets of the dead, but not below other users' directories", () => {
  using place = new Place();
  Deno.mkdirSync(place.sessions);
  const dead = ["2147483647.1", ".2147483647.1.new", `${Deno.pid}.1`];
  const write = () => {
    for (const name of [...dead, OWN, "other"]) {
      Deno.writeTextFileSync(join(place.sessions, name), "mvgal-session 1 0 0\n");
    }
  };
  write();
  place.registry.look();
  assert.deepEqual(place.names(), [OWN, "other"].sort());
  write();
  using foreign = new SessionRegistry({ directories: { own: [], foreign: [place.runtime] } });
  foreign.look();
  assert.deepEqual(place.names(), [...dead, OWN, "other"].sort());
});

Deno.test("SessionRegistry.look() removes no ticket of a process of which it cannot tell", () => {
  using place = new Place();
  Deno.mkdirSync(place.sessions);
  Deno.writeTextFileSync(join(place.sessions, OWN), "mvgal-session 1 0 0\n");
  // As where no more files can be opened: the process is there, and cannot be asked.
  using blind = new SessionRegistry({
    directories: { own: [place.runtime], foreign: [] },
    startTime: () => undefined,
  });
  assert.deepEqual(blind.look().sessions, []);
  assert.deepEqual(place.names(), [OWN]);
  const dead = join(place.sessions, "2147483647.1");
  Deno.writeTextFileSync(dead, "mvgal-session 1 0 0\n");
  using looks = new SessionRegistry({
    directories: { own: [place.runtime], foreign: [] },
    removes: false,
  });
  looks.look();
  assert.deepEqual(place.names(), ["2147483647.1", OWN].sort());
  // A link goes, and not what it leads to.
  const target = join(place.runtime, "kept");
  Deno.writeTextFileSync(target, "");
  Deno.removeSync(dead);
  Deno.symlinkSync(target, dead);
  place.registry.look();
  assert.deepEqual(place.names(), [OWN]);
  assert.equal(Deno.statSync(target).isFile, true);
});

compilerTest(
  "SessionRegistry.look() finds programs that run among more tickets of the dead than it looks at",
  async () => {
    using place = new Place();
    const { program } = await Program.start(place.runtime);
    await using _ = program;
    for (let start = 0; start <= MAX_ENTRIES; start++) {
      // Before all pids by name, and below the highest one.
      Deno.writeTextFileSync(join(place.sessions, `1000000000.${start}`), "");
    }
    using elsewhere = new SessionRegistry({ directories: { own: [], foreign: [place.runtime] } });
    const look = elsewhere.look();
    assert.deepEqual(look.sessions.map(({ pid }) => pid), [program.pid]);
    assert.deepEqual(look.problems, []);
    assert.equal(place.names().length, MAX_ENTRIES + 2);
    place.registry.look();
    assert.equal(place.names().length, 1);
  },
);

compilerTest(
  "SessionRegistry.look() takes no page through a ticket of another process",
  async () => {
    using place = new Place();
    const { program } = await Program.start(place.runtime);
    await using _ = program;
    const { program: other } = await Program.start(place.runtime);
    await using _1 = other;
    const [one = "", two = ""] = place.names();
    // The memory of `two`, under the ticket of `one`: the inode is another's.
    Deno.copyFileSync(join(place.sessions, two), join(place.sessions, one));
    const { sessions } = place.registry.look();
    assert.deepEqual(sessions.map(({ id }) => id), [two]);
  },
);

compilerTest(
  "watchSessions() tells of programs that begin and end without waiting for the interval",
  async () => {
    using place = new Place();
    Deno.mkdirSync(place.sessions);
    const edges: string[] = [];
    let heard = Promise.withResolvers<void>();
    using _ = watchSessions(place.registry, {
      interval_ms: 3_600_000,
      looked: ({ began, ended }) => {
        for (const { pid } of began) edges.push(`began ${pid}`);
        for (const { pid } of ended) edges.push(`ended ${pid}`);
        if (began.length + ended.length > 0) heard.resolve();
      },
    });
    const { program } = await Program.start(place.runtime);
    await using _1 = program;
    await heard.promise;
    heard = Promise.withResolvers<void>();
    await program.tell("quit");
    await heard.promise;
    assert.deepEqual(edges, [`began ${program.pid}`, `ended ${program.pid}`]);
  },
);

if (Deno.uid() === 0) {
  compilerTest(
    "SessionRegistry.look() takes no page of one user through a ticket of another",
    async () => {
      using place = new Place();
      const { program } = await Program.start(place.runtime);
      await using _ = program;
      const [name = ""] = place.names();
      Deno.chownSync(join(place.sessions, name), 1, null);
      const { sessions, problems } = place.registry.look();
      assert.deepEqual(sessions, []);
      assert.deepEqual(problems.map(({ reason }) => reason), [
        "the ticket is user 1's, and the page user 0's",
      ]);
    },
  );
} else {
  const name =
    "SessionRegistry.look() takes no page of one user through a ticket of another (skipped: not root)";
  Deno.test({ name, ignore: true, fn: () => {} });
}
