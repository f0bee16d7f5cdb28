/** `mvgal run` and `mvgal cdi`, with a program in C that tells how it was started. */

import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { compile, compilerTest } from "../fakes/cc.ts";
import { Tree } from "../sysfs/tree.ts";
import { capture } from "./capture.ts";

const ROOT = join(import.meta.dirname ?? ".", "../..");

function program(): string {
  return compile({
    name: "run_program",
    source: { file: join(ROOT, "tests/cli/run_program.c") },
    args: [],
  });
}

/** A library that stands for the shim: what it does is not looked at here. */
function shimDirectory(): string {
  return dirname(compile({
    name: "libmvgal_cuda.so",
    source: "int mvgal_stub;",
    args: ["-shared", "-fPIC"],
  }));
}

function start(args: string[], env: Record<string, string> = {}): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", join(ROOT, "main.ts"), "run", ...args],
    env: {
      PATH: "/usr/bin:/bin",
      HOME: Deno.env.get("HOME") ?? "/",
      ...(Deno.env.has("DENO_DIR") && { DENO_DIR: Deno.env.get("DENO_DIR") ?? "" }),
      MVGAL_SHIM_DIR: shimDirectory(),
      ...env,
    },
    clearEnv: true,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

interface Told {
  pid: number;
  status: Deno.CommandStatus;
  lines: string[];
  stderr: string;
}

async function told(args: string[], env?: Record<string, string>): Promise<Told> {
  const child = start(args, env);
  const { stdout, stderr, ...status } = await child.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { pid: child.pid, status, lines: text(stdout).split("\n"), stderr: text(stderr) };
}

function only(lines: readonly string[], word: string): string[] {
  return lines.filter((line) => line.startsWith(`${word} `)).map((line) =>
    line.slice(word.length + 1)
  );
}

compilerTest(
  "mvgal run becomes the program: pid, arguments, status, signals as they were",
  async () => {
    const { pid, status, lines, stderr } = await told(
      ["--vram", "8GiB", "--sm", "30%", "--", program(), "exit", "7", "--json", "", "--", "é x"],
      { LD_PRELOAD: "", MINE: "a=b" },
    );
    assert.equal(stderr, "");
    assert.deepEqual([status.code, status.signal], [7, null]);
    assert.deepEqual(only(lines, "pid"), [`${pid}`]);
    assert.deepEqual(only(lines, "argument"), [program(), "exit", "7", "--json", "", "--", "é x"]);
    assert.deepEqual([only(lines, "sigpipe"), only(lines, "blocked")], [["default"], ["0"]]);
    assert.deepEqual(only(lines, "mapped"), ["1"]);
    const variables = only(lines, "variable");
    for (
      const expected of [
        "MINE=a=b",
        "MVGAL_VRAM_LIMIT=8589934592",
        "MVGAL_SM_LIMIT=30%",
        `LD_PRELOAD=${shimDirectory()}/libmvgal_cuda.so`,
      ]
    ) assert.ok(variables.includes(expected), `${expected}\n${variables.join("\n")}`);
    assert.deepEqual(
      variables.filter((each) => /DENO|LAUNCHER/.test(each) && !/^DENO_DIR=/.test(each)),
      [],
    );
  },
);

compilerTest("mvgal run passes on arguments that are no UTF-8", async () => {
  const shell = new Deno.Command("/bin/sh", {
    args: [
      "-c",
      `exec "$1" run -A --no-check "$2" run -- "$3" exit 0 "$(printf 'a\\377b')" "$(printf '\\303')"`,
      "sh",
      Deno.execPath(),
      join(ROOT, "main.ts"),
      program(),
    ],
    env: { MVGAL_SHIM_DIR: shimDirectory() },
  });
  const { stdout, code } = await shell.output();
  assert.equal(code, 0);
  const bytes = Array.from(stdout, (byte) => String.fromCharCode(byte)).join("");
  assert.deepEqual(only(bytes.split("\n"), "argument").slice(-2), ["a\xffb", "\xc3"]);
});

compilerTest(
  "mvgal run needs no -- before a program without options of its own before it",
  async () => {
    const { status, lines } = await told(["--pool", program(), "exit", "0", "--vram"]);
    assert.equal(status.code, 0);
    assert.deepEqual(only(lines, "argument").slice(1), ["exit", "0", "--vram"]);
  },
);

compilerTest(
  "mvgal run ends by the signal that ends the program, and passes on what it gets",
  async () => {
    const { status } = await told(["--", program(), "signal", "6"]);
    assert.equal(status.signal, "SIGABRT");
    const child = start(["--", program(), "wait"]);
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    for (let text = ""; !text.includes("ready");) {
      text += (await reader.read()).value ??
        assert.fail();
    }
    child.kill("SIGTERM");
    assert.equal((await child.status).code, 42);
    await reader.cancel();
    await child.stderr.cancel();
  },
);

compilerTest("mvgal run in a program that it started adds the shim once", async () => {
  const { lines, status } = await told([
    "--vram",
    "1GiB",
    "--",
    Deno.execPath(),
    "run",
    "-A",
    "--no-check",
    join(ROOT, "main.ts"),
    "run",
    "--sm",
    "20",
    "--",
    program(),
    "exit",
    "0",
  ], { LD_PRELOAD: "/nonexistent.so" });
  assert.equal(status.code, 0);
  const variables = only(lines, "variable");
  assert.ok(variables.includes(`LD_PRELOAD=${shimDirectory()}/libmvgal_cuda.so:/nonexistent.so`));
  assert.ok(variables.includes("MVGAL_VRAM_LIMIT=1073741824"));
  assert.ok(variables.includes("MVGAL_SM_LIMIT=20%"));
});

compilerTest(
  "mvgal run ends with 127 and 126 where the program cannot be, and 2 for wrong usage",
  async () => {
    using tree = new Tree({ "plain": "x", "bad": "\x7fELF" });
    Deno.chmodSync(join(tree.directory, "bad"), 0o755);
    const cases: [string[], number, RegExp][] = [
      [["--", "no-such-program"], 127, /'no-such-program': it is in no directory of PATH/],
      [["--", join(tree.directory, "plain")], 126, /may not be executed/],
      [["--", join(tree.directory, "bad")], 126, /ENOEXEC/],
      [["--", tree.directory], 126, / is a directory$/m],
      [["--", "/dev/null"], 126, /\/dev\/null may not be executed/],
      [["--", join(tree.directory, "none")], 127, /no such file/],
      [["--vram", "8x", "--", "true"], 2, /--vram 8x: it is no limit: write 8GiB/],
      [["--sm", "0", "--", "true"], 2, /--sm 0: it is no limit/],
      [["--group", "a/b", "--", "true"], 2, /'a\/b' is no name of a group/],
      [["--strategy", "x", "--", "true"], 2, /round_robin/],
      [["--format", "json", "--", "true"], 2, /add --print-env/],
      [["--print-env", "--json", "--format", "shell"], 2, /--json is --format json/],
      [[], 2, /which program\?/],
    ];
    for (const [args, code, message] of cases) {
      const { status, stderr, lines } = await told(args);
      assert.equal(status.code, code, `${args.join(" ")}: ${stderr}`);
      assert.match(stderr, /^mvgal: [^\n]+\n$/);
      assert.match(stderr, message);
      assert.deepEqual(lines, [""]);
    }
  },
);

compilerTest("mvgal run takes no other shims than those of a directory that is named", async () => {
  const { status, lines, stderr } = await told(["--", "true"], { MVGAL_SHIM_DIR: "/proc/none" });
  assert.deepEqual([status.code, lines], [1, [""]]);
  assert.equal(
    stderr,
    "mvgal: MVGAL_SHIM_DIR '/proc/none' is no directory: unset it, or name the shims'\n",
  );
});

compilerTest("mvgal run hands on a runtime directory that is relative as it means it", async () => {
  const args = ["--print-env", "--format", "json"];
  const { lines } = await told(args, { MVGAL_RUNTIME_DIR: "rel" });
  assert.equal(JSON.parse(lines.join("\n")).variables.MVGAL_RUNTIME_DIR, join(Deno.cwd(), "rel"));
  const absolute = await told(args, { MVGAL_RUNTIME_DIR: "/r" });
  assert.equal(JSON.parse(absolute.lines.join("\n")).variables.MVGAL_RUNTIME_DIR, undefined);
});

compilerTest(
  "mvgal run says where a program cannot have the shim, and starts none without limits that hold",
  async () => {
    const source = "int main(void) { return 3; }";
    const path = compile({ name: "static", source, args: ["-static"] });
    const { status, stderr } = await told(["--vram", "1G", "--", path]);
    assert.equal(status.code, 3);
    assert.match(stderr, /it is statically linked: it runs without the shim and its limits/);
    const none = await told(["--vram", "1G", "--", path], { CUDA_DEVICE_SM_LIMIT: "x" });
    assert.equal(none.status.code, 1);
    assert.match(none.stderr, /CUDA_DEVICE_SM_LIMIT=x/);
  },
);

compilerTest(
  "mvgal run --print-env prints what a shell, a unit file and a container take",
  async () => {
    const shim = `${shimDirectory()}/libmvgal_cuda.so`;
    const print = async (...args: string[]) =>
      (await told(["--vram", "2k", "--print-env", ...args])).lines;
    assert.deepEqual(await print(), [
      `export LD_PRELOAD='${shim}'`,
      "export MVGAL_VRAM_LIMIT='2048'",
      "",
    ]);
    assert.deepEqual(JSON.parse((await print("--json")).join("\n")), {
      schema: "mvgal.environment/1",
      variables: { LD_PRELOAD: shim, MVGAL_VRAM_LIMIT: "2048" },
    });
    assert.deepEqual(await print("--format", "systemd"), [
      `Environment="LD_PRELOAD=${shim}"`,
      'Environment="MVGAL_VRAM_LIMIT=2048"',
      "",
    ]);
    assert.deepEqual((await print("--format", "docker"))[1], "MVGAL_VRAM_LIMIT=2048");
  },
);

compilerTest("mvgal cdi generate writes a device, and takes nothing of this shell", async () => {
  using tree = new Tree();
  const output = join(tree.directory, "mvgal.json");
  const before = Deno.env.get("MVGAL_SHIM_DIR");
  Deno.env.set("MVGAL_SHIM_DIR", shimDirectory());
  Deno.env.set("MVGAL_GROUP", "this shell's");
  try {
    const args = ["cdi", "generate", "--vram", "4k", "--sm", "30%", "--name", "small"];
    const { status, stderr } = await capture([...args, "--output", output]);
    assert.deepEqual([status, stderr], [0, ""]);
    const printed = await capture(args);
    assert.equal(printed.stdout, Deno.readTextFileSync(output));
    const { kind, devices } = JSON.parse(printed.stdout);
    assert.equal(kind, "mvgal/cuda");
    assert.equal(devices[0].name, "small");
    assert.deepEqual(devices[0].containerEdits.env, [
      "LD_PRELOAD=/usr/local/lib/mvgal/libmvgal_cuda.so",
      "MVGAL_VRAM_LIMIT=4096",
      "MVGAL_SM_LIMIT=30%",
    ]);
    const full = join(tree.directory, "full");
    Deno.symlinkSync("/dev/full", full);
    const failed = await capture([...args, "--output", full]);
    assert.deepEqual([failed.status, failed.stderr], [
      1,
      `mvgal: cannot write ${full}: No space left on device\n`,
    ]);
    const old = Deno.statSync(output).ino;
    assert.equal((await capture([...args, "--output", output])).status, 0);
    assert.notEqual(Deno.statSync(output).ino, old, "it was written beside it, and renamed");
    const wrong = await capture(["cdi", "generate", "--name", "a b"]);
    assert.equal(wrong.status, 2);
  } finally {
    Deno.env.delete("MVGAL_GROUP");
    if (before === undefined) Deno.env.delete("MVGAL_SHIM_DIR");
    else Deno.env.set("MVGAL_SHIM_DIR", before);
  }
});
