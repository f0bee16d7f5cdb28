import assert from "node:assert/strict";
import { dirname, join, resolve } from "node:path";
import { bundle } from "../../scripts/compile/bundle.ts";
import { writePacked } from "../../scripts/compile/packed.ts";
import { packRuntime, RUNTIME_NAME } from "../../scripts/compile/runtime.ts";
import { buildLauncher } from "../../scripts/compile/build_launcher.ts";
import { ABSENT, flipBit, IS_ROOT, leftovers, run } from "./fixture.ts";
import type { Said } from "./program.ts";

const ROOT = resolve(import.meta.dirname ?? ".", "../..");

/** A single file with Deno in it, a home, and the directory of its only version there. */
interface Packed {
  readonly root: string;
  readonly executable: string;
  readonly home: string;
  readonly stateless: string | undefined;
}

async function packProgram(root: string): Promise<Packed> {
  const directory = join(root, "build");
  const launcher = buildLauncher(directory, RUNTIME_NAME);
  const script = join(directory, "program.js");
  bundle(join(import.meta.dirname ?? ".", "program.ts"), script);
  // Any shared library will do.
  const shim = join(directory, "libmvgal_probe.so");
  Deno.copyFileSync(launcher.preload, shim);
  const probe = join(directory, "probe.txt");
  Deno.writeTextFileSync(probe, "a file of the web");
  const executable = join(root, "mvgal");
  const { stateless } = await writePacked({
    launcher,
    runtime: packRuntime(Deno.execPath(), 9, join(ROOT, "build/launcher")),
    script,
    assets: [
      { name: "shims/libmvgal_probe.so", path: shim },
      { name: "web/probe.txt", path: probe },
    ],
  }, executable);
  const home = join(root, "home");
  Deno.mkdirSync(home);
  return { root, executable, home, stateless };
}

/** What the program says when it is started so. */
async function say(
  command: readonly string[],
  env: Record<string, string>,
): Promise<Said> {
  const { code, stdout, stderr } = await run(command, {
    PATH: Deno.env.get("PATH") ?? "",
    ...env,
  });
  assert.equal(stderr, "");
  assert.equal(code, 0);
  return JSON.parse(stdout);
}

function versionOf({ home }: Packed): string {
  const store = join(home, ".cache/mvgal");
  const names = Array.from(Deno.readDirSync(store), ({ name }) => name)
    .filter((name) => /^[0-9a-f]{64}$/.test(name));
  assert.equal(names.length, 1);
  return join(store, names[0] ?? "");
}

/** Copies Deno's shared libraries to where it looks for them below `root`. */
function copyLibraries(root: string): void {
  const { stdout } = new Deno.Command("ldd", { args: [Deno.execPath()] }).outputSync();
  for (const [path] of new TextDecoder().decode(stdout).matchAll(/\/\S+\.so\S*/g)) {
    Deno.mkdirSync(join(root, dirname(path)), { recursive: true });
    Deno.copyFileSync(path, join(root, path));
  }
}

/** Starts the program in a root of libc and /tmp alone. */
async function sayInEmptyRoot({ root, executable }: Packed, proc: boolean): Promise<Said> {
  const empty = join(root, proc ? "with" : "without");
  Deno.mkdirSync(join(empty, "tmp"), { recursive: true });
  Deno.chmodSync(join(empty, "tmp"), 0o1777);
  copyLibraries(empty);
  Deno.copyFileSync(executable, join(empty, "mvgal"));
  const mount = proc ? `mkdir ${empty}/proc && mount -t proc proc ${empty}/proc &&` : "";
  const script = `${mount} exec env -i $(command -v chroot) ${empty} /mvgal alone`;
  return await say(
    ["unshare", "--mount", "--net", "--propagation", "private", "/bin/sh", "-c", script],
    { PATH: `${Deno.env.get("PATH") ?? ""}:/usr/sbin:/sbin` },
  );
}

const name = "the single file runs a Deno program";

Deno.test({
  name: ABSENT === undefined ? name : `${name} (skipped: needs ${ABSENT})`,
  ignore: ABSENT !== undefined,
  fn: async (t) => {
    const root = Deno.makeTempDirSync({ prefix: "mvgal-deno-" });
    try {
      const packed = await packProgram(root);
      const { executable, home } = packed;

      await t.step("at build time it gathers what Deno remembers", () => {
        assert.equal(packed.stateless, undefined);
      });

      await t.step("from its cache, with its shim and its own name", async () => {
        const link = join(root, "mvgal-info");
        Deno.symlinkSync("mvgal", link);
        const said = await say([link, "--a", "", "b c"], { HOME: home });
        const version = versionOf(packed);
        assert.deepEqual(said.args, ["--a", "", "b c"]);
        assert.equal(said.name, "mvgal-info");
        assert.deepEqual(said.self, [executable]);
        assert.equal(said.execPath, join(version, "mvgal"));
        assert.equal(said.shim, join(version, "shims/libmvgal_probe.so"));
        assert.equal(said.shimWorks, true);
        assert.equal(said.asset, "a file of the web");
      });

      await t.step(
        "without its own variables and descriptors in programs that it starts",
        async () => {
          const user = { DENO_DIR: "/nonexistent", NODE_OPTIONS: "--nonsense", HOME: home };
          const { env, childDescriptors } = await say([executable], user);
          assert.deepEqual(env, { ...env, ...user });
          const own = /^(MVGAL_|DENO_NO|LD_PRELOAD)/;
          assert.deepEqual(Object.keys(env).filter((name) => own.test(name)), []);
          assert.ok(childDescriptors !== null && childDescriptors.length >= 3);
          assert.deepEqual(childDescriptors.filter((path) => path.startsWith(root)), []);
        },
      );

      await t.step(
        "whatever the user's settings for Deno and the current directory are",
        async () => {
          const directory = join(root, "project");
          Deno.mkdirSync(join(directory, "node_modules"), { recursive: true });
          for (const file of ["deno.json", "deno.lock", "package.json", ".npmrc", ".env"]) {
            Deno.writeTextFileSync(join(directory, file), "{ broken");
          }
          const command = ["/bin/sh", "-c", `cd ${directory} && exec ${executable} alone`];
          const said = await say(command, {
            HOME: home,
            DENO_DIR: "/proc/nonexistent",
            DENO_V8_FLAGS: "--no-such-flag",
            DENO_LOG: "debug",
            DENO_CERT: "/nonexistent",
            DENO_COMPAT: "1",
            DENO_CONDITIONS: "nonsense",
            NODE_OPTIONS: "--require=/nonexistent",
            OTEL_DENO: "true",
          });
          assert.deepEqual(said.args, ["alone"]);
        },
      );

      await t.step(
        "whatever is in the user's home, which programs that it starts see",
        async () => {
          const odd = join(root, "odd");
          const kept = { PATH: Deno.env.get("PATH") ?? "", XDG_CACHE_HOME: join(home, ".cache") };
          const homes: Record<string, (path: string) => void> = {
            variable: (path) => Deno.writeTextFileSync(path, "registry=${NPM_REGISTRY_NOT_SET}\n"),
            bytes: (path) => Deno.writeFileSync(path, Uint8Array.of(0xff, 0xfe, 0x3d)),
            directory: (path) => Deno.mkdirSync(path),
          };
          for (const [name, make] of Object.entries(homes)) {
            Deno.mkdirSync(join(odd, name), { recursive: true });
            make(join(odd, name, ".npmrc"));
          }
          const all = ["/dev/null", ...Object.keys(homes).map((name) => join(odd, name))];
          for (const user of all) {
            // From the cache, and from memory where there is none.
            for (const env of [kept, { XDG_CACHE_HOME: "/dev/null" }]) {
              const said = await say([executable], { ...env, HOME: user });
              assert.equal(said.env["HOME"], user);
              assert.equal(said.childHome, user);
            }
          }
        },
      );

      await t.step("under a name that Deno takes for a command", async () => {
        const link = join(root, "my-dx");
        Deno.symlinkSync("mvgal", link);
        assert.equal((await say([link], { HOME: home })).name, "my-dx");
      });

      await t.step("and starts itself again", async () => {
        const said = await say([executable, "again"], { HOME: home });
        assert.deepEqual(said.args, ["alone"]);
      });

      await t.step("with an exit status and a readable trace when it throws", async () => {
        const { code, stderr } = await run([executable, "fail"], { HOME: home, NO_COLOR: "1" });
        assert.equal(code, 1);
        assert.match(stderr, /Error: on purpose\n[^]*throw new Error\("on purpose"\)/);
      });

      await t.step("and no start changes what it remembers", async () => {
        const stamp = join(versionOf(packed), "stamp");
        const before = Deno.statSync(stamp).ino;
        await run([executable, "sqlite"], { HOME: home });
        await run([executable, "fail"], { HOME: home });
        await Promise.all([1, 2, 3, 4].map(() => say([executable], { HOME: home })));
        await say([executable], { HOME: home });
        assert.equal(Deno.statSync(stamp).ino, before);
      });

      await t.step("and not from damaged compiled code", async () => {
        const code = join(versionOf(packed), "deno/v8_code_cache_v2");
        const good = Deno.readFileSync(code);
        for (let offset = 8192; offset < good.length; offset += 65_536) flipBit(code, offset);
        await say([executable], { HOME: home });
        assert.deepEqual(Deno.readFileSync(code), good);
        assert.deepEqual(leftovers(join(home, ".cache/mvgal")), []);
      });

      await t.step("from memory, with its shim", async () => {
        const said = await say([executable, "x"], {});
        assert.deepEqual(said.args, ["x"]);
        assert.deepEqual(said.self, [executable]);
        assert.equal(said.shim, "/proc/self/fd/1001");
        assert.equal(said.shimWorks, true);
        assert.equal(said.asset, "a file of the web");
        // Drivers that other tests loaded into this process leave descriptors of theirs to its children.
        const leaked = said.childDescriptors?.filter((path) =>
          path.includes("memfd") && !path.includes("swiftshader")
        );
        assert.deepEqual(leaked, []);
      });

      for (const proc of [true, false]) {
        await t.step({
          name: `in an empty root with${proc ? "" : "out"} /proc${
            IS_ROOT ? "" : " (skipped: needs root)"
          }`,
          ignore: !IS_ROOT,
          fn: async () => {
            const said = await sayInEmptyRoot(packed, proc);
            assert.deepEqual(said.args, ["alone"]);
            assert.deepEqual(said.self, ["/mvgal"]);
            assert.equal(said.shimWorks, true);
            assert.equal(said.asset, "a file of the web");
            assert.deepEqual(said.env, {});
            if (!proc) assert.match(said.execPath, /^\/tmp\/mvgal-0\/[0-9a-f]{64}\/mvgal$/);
          },
        });
      }
    } finally {
      Deno.removeSync(root, { recursive: true });
    }
  },
});
