import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { findProgram, whyNotPreloaded } from "../../lib/launch/find_program.ts";
import { openclPoolForPrograms } from "../../lib/launch/opencl_pool.ts";
import { copyForPrograms, shimCaches, shimForPrograms } from "../../lib/launch/shim_file.ts";
import { takeTurn } from "../../lib/launch/turn.ts";
import { compile, compilerTest } from "../fakes/cc.ts";
import { Tree } from "../sysfs/tree.ts";

Deno.test("shimForPrograms() gives a file that stays as it is, and copies others", () => {
  using tree = new Tree({ "libmvgal_cuda.so": "the shim" });
  const path = join(tree.directory, "libmvgal_cuda.so");
  const caches = [join(tree.directory, "no such\0"), join(tree.directory, "cache")];
  const uid = Deno.uid();
  assert.deepEqual(shimForPrograms(path, { isPlain: true, caches, uid }), {
    state: "ready",
    path,
  });
  const copied = shimForPrograms(path, { isPlain: false, caches, uid });
  assert.equal(copied.state, "ready");
  const copy = copied.state === "ready" ? copied.path : "";
  assert.match(copy, /\/cache\/shims\/[0-9a-f]{16}\/libmvgal_cuda\.so$/);
  assert.equal(Deno.readTextFileSync(copy), Deno.readTextFileSync(path));
  // Somebody wrote to it: it is not what it was.
  Deno.writeTextFileSync(copy, "another");
  assert.deepEqual(shimForPrograms(path, { isPlain: false, caches, uid }), copied);
  assert.equal(Deno.readTextFileSync(copy), Deno.readTextFileSync(path));
});

Deno.test("shimForPrograms() copies to no place that others may write to, or the loader cannot read", () => {
  using tree = new Tree({ "libmvgal_cuda.so": "the shim", "open/x": "", "a b/x": "" });
  Deno.chmodSync(join(tree.directory, "open"), 0o777);
  const at = (name: string) =>
    shimForPrograms(join(tree.directory, "libmvgal_cuda.so"), {
      isPlain: false,
      caches: [join(tree.directory, name)],
      uid: Deno.uid(),
    });
  const open = at("open");
  assert.match(open.state === "absent" ? open.reason : "", /open is not this user's alone/);
  const inside = at("open/inside");
  assert.match(inside.state === "absent" ? inside.reason : "", /open can be written by everyone/);
  const spaced = at("a b");
  assert.match(spaced.state === "absent" ? spaced.reason : "", /takes no path with a space/);
  const missing = shimForPrograms(undefined, { isPlain: false, caches: [], uid: 0 });
  assert.match(missing.state === "absent" ? missing.reason : "", /MVGAL_SHIM_DIR/);
});

Deno.test("shimForPrograms() goes on to the next place where programs load nothing from one", () => {
  using tree = new Tree({ "libmvgal_cuda.so": "the shim" });
  const path = join(tree.directory, "libmvgal_cuda.so");
  const [first, second] = ["first", "second"].map((name) => join(tree.directory, name));
  const from = (isPlain: boolean, ...mounted: (string | undefined)[]) =>
    shimForPrograms(path, {
      isPlain,
      caches: [first ?? "", second ?? ""],
      uid: Deno.uid(),
      whyNotLoaded: (each) =>
        mounted.some((prefix) => each.startsWith(`${prefix}/`)) ? `${each}: noexec` : undefined,
    });
  const placeOf = (shim: ReturnType<typeof from>) => shim.state === "ready" ? shim.path : "";
  assert.ok(placeOf(from(false, first)).startsWith(`${second}/`));
  // A plain file is no better where it lies on such a mount.
  assert.equal(placeOf(from(true)), path);
  const away = shimForPrograms(path, {
    isPlain: true,
    caches: [first ?? ""],
    uid: Deno.uid(),
    whyNotLoaded: (each) => each === path ? "noexec" : undefined,
  });
  assert.ok(placeOf(away).startsWith(`${first}/`));
  const none = from(false, first, second);
  assert.match(
    none.state === "absent" ? none.reason : "",
    /^there is no place for the CUDA shim .*first\/.*: noexec; .*second\/.*: noexec; [^\n]+$/,
  );
});

Deno.test("copyForPrograms() leaves no half copies, and sweeps those of the dead", () => {
  using tree = new Tree();
  const shims = join(tree.directory, "shims");
  const files = [{ name: "libmvgal_cuda.so", bytes: new Uint8Array(1 << 16) }];
  const copied = () => copyForPrograms(files, { caches: [tree.directory], uid: Deno.uid() });
  const names = (place: string) => Array.from(Deno.readDirSync(place), ({ name }) => name).sort();
  const first = copied();
  const place = first.state === "ready" ? first.path : assert.fail();
  const path = join(place, "libmvgal_cuda.so");
  // It cannot be finished: as on a full disk, the file is there by then.
  Deno.removeSync(path);
  Deno.mkdirSync(path);
  assert.equal(copied().state, "absent");
  assert.deepEqual(names(place), ["libmvgal_cuda.so"]);
  Deno.removeSync(path);

  const other = join(shims, "0123456789abcdef");
  Deno.mkdirSync(other, { mode: 0o700 });
  const [living, dead, recent] = [`${Deno.ppid}`, "2147483647", "2147483646"].map((pid) => {
    const name = `libmvgal_opencl.so.${pid}`;
    for (const at of [place, other]) Deno.writeTextFileSync(join(at, name), "half");
    return name;
  });
  for (const at of [place, other]) {
    for (const name of [living, dead]) Deno.utimeSync(join(at, name ?? ""), 1, 1);
  }
  assert.equal(copied().state, "ready");
  assert.deepEqual(names(place), ["libmvgal_cuda.so", recent, living].sort());
  assert.deepEqual(names(other), [recent, living].sort());
});

Deno.test("copyForPrograms() says which variable to set where there is no place", () => {
  const reason = (uid: number) => {
    const place = copyForPrograms([], { caches: [], uid });
    return place.state === "absent" ? place.reason : "";
  };
  assert.match(reason(7), /XDG_CACHE_HOME/);
  assert.match(reason(0), /MVGAL_SHIM_DIR/);
});

Deno.test("openclPoolForPrograms() keeps the pool and its loader together, wherever they come from", () => {
  const names = ["opencl", "opencl_loader", "opencl_name"].map((name) => `libmvgal_${name}.so`);
  using tree = new Tree(
    Object.fromEntries(names.flatMap((name) => [[name, name], [`other/${name}`, `other ${name}`]])),
  );
  const places = { caches: [join(tree.directory, "cache")], uid: Deno.uid() };
  const at = (directory: string) => (name: string) =>
    join(tree.directory, directory, `libmvgal_${name}.so`);
  const pool = (pathOf: (name: string) => string | undefined, isPlain: boolean) => {
    const found = openclPoolForPrograms(pathOf, () => isPlain, places);
    if (found.state === "absent") throw new Error(found.reason);
    const icd = Deno.readTextFileSync(join(found.vendors, "mvgal.icd")).trim();
    return { directory: dirname(icd), paths: [icd, ...found.loaders] };
  };
  const inPlace = pool(at(""), true);
  assert.deepEqual(inPlace.paths, names.map((name) => join(tree.directory, name)));
  // As MVGAL_SHIM_DIR with some of them.
  const mixed = (name: string) => at(name === "opencl" ? "other" : "")(name);
  for (const { directory, paths } of [pool(at(""), false), pool(mixed, true)]) {
    assert.match(directory, /\/cache\/shims\/[0-9a-f]{16}$/);
    assert.deepEqual(paths, names.map((name) => join(directory, name)));
  }
  assert.notEqual(pool(at(""), false).directory, pool(mixed, true).directory);
  const without = (name: string) => name === "opencl_name" ? undefined : at("")(name);
  assert.throws(
    () => pool(without, true),
    /no OpenCL loader shim \(libmvgal_opencl_name\.so\): build/,
  );
});

Deno.test("shimCaches() are the user's own, and for root such as all may read", () => {
  assert.deepEqual(shimCaches(() => "/h", 0), [
    "/var/cache/mvgal",
    "/run/mvgal",
    "/h/mvgal-shims-0",
    "/tmp/mvgal-shims-0",
  ]);
  const env = (name: string) => ({ HOME: "/h", XDG_RUNTIME_DIR: "/r", TMPDIR: "t" })[name];
  assert.deepEqual(shimCaches(env, 7), ["/h/.cache/mvgal", "/r/mvgal", "/tmp/mvgal-shims-7"]);
});

Deno.test("findProgram() finds what a shell would, and says what is wrong elsewhere", () => {
  using tree = new Tree({ "a/tool": "x", "b/tool": "x", "b/plain": "x" });
  const path = `${tree.directory}/a:${tree.directory}/b`;
  Deno.chmodSync(`${tree.directory}/b/tool`, 0o755);
  // What may not be executed is passed over, as execvp(3) does.
  assert.deepEqual(findProgram("tool", path), {
    state: "found",
    path: `${tree.directory}/b/tool`,
  });
  assert.match(JSON.stringify(findProgram("plain", path)), /b\/plain may not be executed.*126/);
  assert.match(JSON.stringify(findProgram("nothing", path)), /in no directory of PATH.*127/);
  assert.match(JSON.stringify(findProgram("./nothing", path)), /no such file.*127/);
  assert.match(JSON.stringify(findProgram(tree.directory, path)), /is a directory.*126/);
  assert.equal(findProgram("", path).state, "missing");
  assert.equal(findProgram("sh").state, "found");
});

compilerTest("whyNotPreloaded() knows static programs", () => {
  const source = "int main(void) { return 0; }";
  const of = (...args: string[]) => whyNotPreloaded(compile({ name: "program", source, args }));
  assert.equal(of("-static"), "it is statically linked");
  assert.equal(of("-pie", "-fPIE"), undefined);
  assert.equal(whyNotPreloaded(new URL(import.meta.url).pathname), undefined);
  assert.equal(whyNotPreloaded("/nonexistent"), undefined);
});

Deno.test("takeTurn() remembers whose turn it was, and takes nothing else for it", () => {
  using tree = new Tree();
  const runtime = join(tree.directory, "mvgal");
  const seen: (string | null)[] = [];
  for (const turn of ["GPU-aa", "MIG-GPU-aa/1/0", null, "GPU-b"]) {
    takeTurn(runtime, (last) => {
      seen.push(last);
      return { turn };
    });
  }
  Deno.writeTextFileSync(join(runtime, "turn"), "GPU-x\nrm -rf\n");
  takeTurn(runtime, (last) => {
    seen.push(last);
    return { turn: null };
  });
  assert.deepEqual(seen, [null, "GPU-aa", "MIG-GPU-aa/1/0", "MIG-GPU-aa/1/0", null]);
});
