import assert from "node:assert/strict";
import { join } from "node:path";
import {
  bashTest,
  fakePayload,
  type Fixture,
  fixture,
  launcherTest,
  type Outcome,
  report,
  run,
} from "./fixture.ts";

launcherTest("the launcher ends with the runtime's exit status", async () => {
  using made = fixture();
  const { code, signal } = await run([made.executable, "exit", "37"], { HOME: made.home });
  assert.deepEqual({ code, signal }, { code: 37, signal: null });
});

launcherTest("the launcher dies of the runtime's signal", async () => {
  using made = fixture();
  const { signal } = await run([made.executable, "raise", "11"], { HOME: made.home });
  assert.equal(signal, "SIGSEGV");
});

launcherTest("the launcher leaves no parent: a signal sent to it reaches the runtime", async () => {
  using made = fixture();
  const child = new Deno.Command(made.executable, {
    args: ["wait"],
    env: { HOME: made.home },
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  assert.equal(new TextDecoder().decode(value), "ready\n");
  assert.equal(
    Deno.readTextFileSync(`/proc/${child.pid}/comm`).trim(),
    "runtime",
    "it became the runtime",
  );
  child.kill("SIGINT");
  const { signal } = await child.status;
  await reader.cancel();
  assert.equal(signal, "SIGINT");
});

launcherTest("the launcher passes standard input, output and error through", async () => {
  using made = fixture();
  const text = "0123456789abcdef".repeat(1 << 14);
  const { stdout, stderr } = await run([made.executable, "echo"], { HOME: made.home }, text);
  assert.equal(stdout, text);
  assert.equal(stderr, "on stderr");
});

launcherTest(
  "the launcher passes arguments as they are, empty ones and line feeds too",
  async () => {
    using made = fixture();
    const { args } = await report(made, "", "--help", "-", "{script}", "a b");
    assert.deepEqual(args, ["", "--help", "-", "{script}", "a b"]);
  },
);

launcherTest("the launcher passes as many arguments as the kernel takes", async () => {
  using made = fixture();
  const many = Array.from({ length: 60_000 }, (_, index) => `argument ${index}`);
  const { stdout } = await run([made.executable, "count", ...many], { HOME: made.home });
  assert.equal(stdout, "60000\n");
});

/** What a start with arguments of `size` bytes in all gave; null where the kernel refused it. */
async function outcomeOfArguments(made: Fixture, size: number): Promise<Outcome | null> {
  const words = Array.from(
    { length: Math.ceil(size / 65_536) },
    (_, index) => "x".repeat(Math.min(65_536, size - index * 65_536)),
  );
  try {
    return await run([made.executable, "count", ...words], { HOME: made.home });
  } catch {
    return null;
  }
}

launcherTest(
  "arguments that fit the launcher but not the runtime are refused in one line",
  async () => {
    using made = fixture();
    let [starts, fails] = [0, 1 << 23];
    while (fails - starts > 1) {
      const size = Math.floor((starts + fails) / 2);
      if (await outcomeOfArguments(made, size) === null) fails = size;
      else starts = size;
    }
    const outcome = await outcomeOfArguments(made, starts);
    assert.equal(outcome?.code, 1);
    assert.match(
      outcome?.stderr ?? "",
      /^mvgal: cannot start: cannot execute \S+: Argument list too long\n$/,
    );
  },
);

launcherTest(
  "the launcher passes argv[0] of a link through, and finds itself behind it",
  async () => {
    using made = fixture();
    const link = join(made.root, "mvgal-info");
    Deno.symlinkSync("mvgal", link);
    const { report, env } = await run([link, "report"], { HOME: made.home });
    assert.equal(report.get("argv0"), link);
    assert.equal(env.get("MVGAL_LAUNCHER_ARGV0"), link);
    assert.equal(env.get("MVGAL_LAUNCHER_SELF"), made.executable);
  },
);

launcherTest("the launcher finds itself through PATH and by a relative path", async () => {
  using made = fixture();
  const found = await run(["/bin/sh", "-c", "mvgal report"], { HOME: made.home, PATH: made.root });
  assert.equal(found.env.get("MVGAL_LAUNCHER_SELF"), made.executable);
  const relative = await run(["/bin/sh", "-c", `cd ${made.root}/home && ../mvgal report`], {
    HOME: made.home,
  });
  assert.equal(relative.env.get("MVGAL_LAUNCHER_SELF"), made.executable);
});

launcherTest("the launcher leaves a current directory that was removed", async () => {
  using made = fixture();
  const directory = join(made.root, "gone");
  Deno.mkdirSync(directory);
  const script = `cd ${directory} && rmdir ${directory} && exec ${made.executable} report`;
  const { report } = await run(["/bin/sh", "-c", script], {
    HOME: made.home,
    PATH: Deno.env.get("PATH") ?? "",
  });
  assert.equal(report.get("cwd"), "/");
});

launcherTest(
  "the launcher hides an argv[0] that the runtime would take for a command",
  async () => {
    using made = fixture();
    const link = join(made.root, "my-dx");
    Deno.symlinkSync("mvgal", link);
    const { report, env } = await run([link, "report"], { HOME: made.home });
    assert.equal(report.get("argv0"), "runtime");
    assert.equal(env.get("MVGAL_LAUNCHER_ARGV0"), link);
  },
);

launcherTest(
  "the launcher gives the runtime its variables and keeps the user's aside",
  async () => {
    using made = fixture();
    const { env } = await run([made.executable, "report"], {
      HOME: made.home,
      RUNTIME_DIR: "the user's",
      DENO_V8_FLAGS: "--no such flag",
      FAKE: "not FAKE_",
      OTHER: "as it was",
    });
    assert.equal(env.get("RUNTIME_DIR"), join(made.cache, "deno"));
    assert.equal(env.get("MVGAL_LAUNCHER_SET"), "RUNTIME_DIR");
    assert.equal(env.get("MVGAL_LAUNCHER_KEEP_RUNTIME_DIR"), "the user's");
    assert.equal(env.get("MVGAL_LAUNCHER_KEEP_DENO_V8_FLAGS"), "--no such flag");
    assert.equal(env.get("DENO_V8_FLAGS"), undefined);
    assert.equal(env.get("OTHER"), "as it was");
    assert.equal(env.get("FAKE"), "not FAKE_");
  },
);

launcherTest("the launcher drops what another launcher left in the environment", async () => {
  using made = fixture();
  const { env } = await run([made.executable, "report"], {
    HOME: made.home,
    MVGAL_LAUNCHER_DIR: "/nonexistent",
    MVGAL_LAUNCHER_KEEP_PATH: "/nonexistent",
  });
  assert.equal(env.get("MVGAL_LAUNCHER_DIR"), made.cache);
  assert.equal(env.get("MVGAL_LAUNCHER_KEEP_PATH"), undefined);
});

launcherTest(
  "the launcher gives the script at its descriptor, or by path without one",
  async () => {
    using made = fixture();
    const first = await report(made);
    assert.equal(first.report.get("script"), "/proc/self/fd/1000");
    assert.equal(first.report.get("content"), "the script");
    assert.equal(first.env.get("MVGAL_LAUNCHER_FDS"), "1000:script.js");

    const { scriptFd: _, ...payload } = fakePayload();
    using other = fixture(payload);
    const second = await report(other);
    assert.equal(second.report.get("script"), join(other.cache, "script.js"));
    assert.equal(second.report.get("content"), "the script");
  },
);

bashTest(
  "the launcher leaves a descriptor alone that the user opened at the script's",
  async () => {
    using made = fixture();
    const { report } = await run(["/bin/bash", "-c", `${made.executable} report 1000</dev/null`], {
      HOME: made.home,
    });
    assert.equal(report.get("script"), "/proc/self/fd/1001");
    assert.equal(report.get("content"), "the script");
  },
);

launcherTest("the launcher takes lower descriptors where there are few", async () => {
  using made = fixture();
  for (const [limit, script] of [[256, /\/fd\/64$/], [16, /\/fd\/\d$/]] as const) {
    const { report } = await run(
      ["/bin/sh", "-c", `ulimit -n ${limit}; exec ${made.executable} report`],
      { HOME: made.home },
    );
    assert.match(report.get("script") ?? "", script);
    assert.equal(report.get("content"), "the script");
  }
});
