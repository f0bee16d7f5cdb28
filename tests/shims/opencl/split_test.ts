/**
 * Launches in parts: that nobody can tell them from whole ones, and how they are shared out.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { SessionRegistry } from "../../../lib/session/registry.ts";
import { compile, compilerTest } from "../../fakes/cc.ts";
import { randomCase } from "./analysis/random_kernel.ts";
import { textOf } from "./analysis/split_check.ts";
import {
  fakeVendor,
  isPoclsOwnEnd,
  poclLibrary,
  poclTest,
  program,
  run,
  runBeside,
  shim,
  together,
  Vendors,
} from "./pool.ts";

const HERE = import.meta.dirname ?? ".";

/** The lines about splitting, without doubles. */
function verdicts(errors: string): string[] {
  return [...new Set(errors.split("\n").filter((line) => line.startsWith("mvgal: ")))].sort();
}

poclTest("a program gives the same in parts as on its member", async () => {
  using vendors = new Vendors({ mvgal: shim() });
  const path = program("split");
  const inner = run(path, [], {});
  assert.match(inner.out, /^done$/m, inner.errors);
  await together(["off", "auto", "strict", "auto,diff", "force,diff", "force"], async (split) => {
    const env = {
      OCL_ICD_VENDORS: vendors.directory,
      MVGAL_SPLIT: split,
      MVGAL_DEBUG: "split",
    };
    const { out, errors } = await runBeside(path, [], env);
    assert.equal(out, inner.out, `${split}: ${errors}`);
    if (split === "force,diff") assert.match(errors, /^mvgal: scatter: split, and compared$/m);
    if (split !== "force") return;
    assert.match(errors, /^mvgal: scatter: every work-group may store to the same bytes/m);
    const split_kernels = verdicts(errors).filter((line) => line.endsWith(": split"))
      .map((line) => line.split(" ")[1]?.slice(0, -1));
    assert.deepEqual(split_kernels, [
      ...["go", "grid", "mandelbrot", "paint", "pull", "saxpy", "shift", "sums"],
    ]);
    assert.match(errors, /^mvgal: count: .*atomic_add/m);
  });
});

poclTest("MVGAL_SPLIT=diff takes nothing for written that nobody wrote", () => {
  using vendors = new Vendors({ mvgal: shim() });
  const env = {
    OCL_ICD_VENDORS: vendors.directory,
    MVGAL_SPLIT: "force,diff",
    MVGAL_DEBUG: "split",
    // Memory that is given again holds what was there before, on each member something else.
    ASAN_OPTIONS: "detect_leaks=0:quarantine_size_mb=0:max_malloc_fill_size=0",
  };
  const { out, errors } = run(program("split"), ["fresh"], env);
  assert.equal(out, "done\n", errors);
  assert.match(errors, /^mvgal: scatter: split, and compared$/m);
});

poclTest("in parts, too, everything comes after what it comes after", async () => {
  using vendors = new Vendors({ mvgal: shim() });
  const path = program("order");
  await together(["off", "force"], async (split) => {
    const env = { OCL_ICD_VENDORS: vendors.directory, MVGAL_SPLIT: split };
    const { out, errors } = await runBeside(path, [], env);
    assert.equal(out, "done\n", `${split}: ${errors}`);
  });
});

poclTest("members swap what they have where drivers have no memory of the host's", () => {
  using pool = new Vendors({ mvgal: shim() });
  using vendors = new Vendors({ unlike: fakeVendor("unlike") });
  const env = {
    OCL_ICD_VENDORS: pool.directory,
    MVGAL_OPENCL_VENDORS: vendors.directory,
    MVGAL_SPLIT: "force",
    UNLIKE_VENDOR: poclLibrary(),
  };
  for (const unpinned of [{}, { UNLIKE_UNPINNED: "1" }]) {
    const { out, errors } = run(program("order"), ["exchange"], { ...env, ...unpinned });
    assert.equal(out, "done\n", errors);
  }
});

/** More with MVGAL_RANDOM_KERNELS; from another seed on with MVGAL_RANDOM_SEED. */
const COUNT = Number(Deno.env.get("MVGAL_RANDOM_KERNELS") ?? 16);
const SEED = Number(Deno.env.get("MVGAL_RANDOM_SEED") ?? 1);

poclTest("random kernels give in parts what they give on their member, launch after launch", () => {
  using vendors = new Vendors({ mvgal: shim() });
  const input = Deno.makeTempFileSync();
  try {
    const cases = Array.from({ length: COUNT }, (_, i) => textOf(randomCase(SEED + i)));
    Deno.writeTextFileSync(input, `${cases.join("\n")}\n`);
    // Work-groups of one launch run one after another, so that races have one outcome.
    const one = { POCL_MAX_PTHREAD_COUNT: "1" };
    const inner = run(program("cases"), [], one, input);
    assert.match(inner.out, /^done$/m, inner.errors);
    for (const split of ["off", "force"]) {
      const env = { ...one, OCL_ICD_VENDORS: vendors.directory, MVGAL_SPLIT: split };
      const pooled = run(program("cases"), [], { ...env, MVGAL_DEBUG: "split" }, input);
      assert.equal(pooled.out, inner.out, pooled.errors);
      const parted = pooled.errors.match(/^mvgal: k: split$/gm)?.length ?? 0;
      assert.ok(split === "off" ? parted === 0 : parted >= COUNT / 20, `${parted} were split`);
    }
  } finally {
    Deno.removeSync(input);
  }
});

/** The reasons that the session of the program of launches had last, and how it ended. */
async function reasonsSeen(): Promise<
  { code: number; errors: string; reasons: Map<string, number> }
> {
  using vendors = new Vendors({ mvgal: shim() });
  const directory = Deno.makeTempDirSync();
  try {
    using registry = new SessionRegistry({ directories: { own: [directory], foreign: [] } });
    const child = new Deno.Command(program("split"), {
      env: {
        POCL_DEVICES: "pthread pthread",
        ASAN_OPTIONS: "detect_leaks=0",
        OCL_ICD_VENDORS: vendors.directory,
        MVGAL_SPLIT: "force",
        MVGAL_RUNTIME_DIR: directory,
      },
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const errors = new Response(child.stderr).text();
    let isOver = false;
    const status = child.status.finally(() => isOver = true);
    const reasons = new Map<string, number>();
    while (!isOver) {
      const page = registry.look().sessions[0]?.page;
      if (page) assert.equal(page.api, "opencl");
      for (const { reason, count } of page?.whole ?? []) reasons.set(reason, count);
      await new Promise((wake) => setTimeout(wake, 2));
    }
    return { code: (await status).code, errors: await errors, reasons };
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

poclTest("a program's session has the reasons why its launches ran whole", async () => {
  let seen = await reasonsSeen();
  for (let again = 0; again < 3 && isPoclsOwnEnd(seen); again++) seen = await reasonsSeen();
  assert.equal(seen.code, 0, seen.errors);
  const { reasons } = seen;
  assert.ok((reasons.get("atomic") ?? 0) >= 1, [...reasons].join("; "));
  assert.ok((reasons.get("one_group") ?? 0) >= 1, [...reasons].join("; "));
});

for (const name of ["buffers", "events", "images", "programs"]) {
  poclTest(`a program of ${name} runs in parts as on its member`, () => {
    using vendors = new Vendors({ mvgal: shim() });
    const env = { OCL_ICD_VENDORS: vendors.directory, MVGAL_SPLIT: "force" };
    const { code, out, errors } = run(program(name), [], env);
    assert.deepEqual({ code, out }, { code: 0, out: "done\n" }, errors);
  });
}

poclTest("what is known of a kernel outlives its objects", () => {
  using vendors = new Vendors({ mvgal: shim() });
  const env = { OCL_ICD_VENDORS: vendors.directory, MVGAL_SPLIT: "auto", MVGAL_DEBUG: "split" };
  const { out, errors } = run(program("moments"), [], env);
  assert.equal(out, "done\n", errors);
  assert.deepEqual(verdicts(errors), ["mvgal: spin0: split"]);
});

/**
 * Runs a program on a pool of two GPUs of another vendor, whose builds take so many milliseconds longer, and launches
 * so many nanoseconds a work-item, or a tenth outside of a hill. Each launch is a line on stderr.
 */
function runOnUnlike(
  name: string,
  args: string[],
  { builds = 0, item = 0, hill = "" }: { builds?: number; item?: number; hill?: string },
) {
  using pool = new Vendors({ mvgal: shim() });
  using vendors = new Vendors({ unlike: fakeVendor("unlike") });
  return run(program(name), args, {
    POCL_DEVICES: "pthread pthread",
    OCL_ICD_VENDORS: pool.directory,
    MVGAL_OPENCL_VENDORS: vendors.directory,
    MVGAL_SPLIT: "auto",
    MVGAL_DEBUG: "split",
    UNLIKE_VENDOR: poclLibrary(),
    UNLIKE_GPUS: "2",
    UNLIKE_BUILDS: String(builds),
    UNLIKE_ITEM_NS: String(item),
    UNLIKE_TELLS: "1",
    ...(hill && { UNLIKE_HILL: hill }),
    // Those that wait for a device that does nothing need a thread each.
    POCL_MAX_PTHREAD_COUNT: "4",
  });
}

poclTest("kernels that are too short alone are worth it to build their program for parts", () => {
  const { out, errors } = runOnUnlike("moments", ["4"], { builds: 800 });
  assert.equal(out, "done\n", errors);
  // Its own, and one for parts; that of another member may not have been begun when it ended.
  assert.ok((errors.match(/^build$/gm)?.length ?? 0) >= 2, errors);
});

poclTest("a program that waits for the last of its launches alone has them in parts", () => {
  // 10 ms each: parts are built in so many.
  const { out, errors } = runOnUnlike("ahead", ["200", "4096"], { item: 2500 });
  assert.match(out, /^done$/m, errors);
  assert.deepEqual(verdicts(errors), ["mvgal: count: split"]);
});

poclTest("the first launch of a kernel is in parts from where it has turned out to be long", () => {
  const items = 2 ** 20;
  const { out, errors } = runOnUnlike("ahead", ["1", String(items)], { item: 4000 });
  const [, took = NaN, passed = NaN] = /^took (\S+) of (\S+)\ndone$/m.exec(out)?.map(Number) ?? [];
  const alone = items * 4000 / 1e9;
  assert.ok(passed > alone / 2, `${out} ${errors}`);
  // Its event has the slices that ran before, and of the parts the longest.
  assert.ok(took > alone / 2 && took <= passed, `${out} ${errors}`);
  assert.deepEqual(verdicts(errors), ["mvgal: count: split"]);
});

poclTest("what is left of a first launch is dealt out by turns, for some of it may be dear", () => {
  const items = 2 ** 22;
  const { out, errors } = runOnUnlike("ahead", ["2", String(items)], {
    item: 1500,
    hill: `${items / 2}-${items * 3 / 4}`,
  });
  assert.match(out, /^done$/m, errors);
  const launches = [...errors.matchAll(/^launch: (\d+) (\d+) (\d+)$/gm)].map(([, ...each]) =>
    each.map(Number) as [device: number, from: number, count: number]
  );
  const second = launches.findLastIndex(([, from]) => from === 0);
  const first = launches.slice(0, second);
  let end = 0;
  for (const [, from, count] of first) {
    assert.equal(from, end, errors);
    end += count;
  }
  assert.equal(end, items, errors);
  const dealt = first.slice(first.findIndex(([device]) => device === 1) - 1);
  assert.ok(dealt.length >= 8, errors);
  assert.deepEqual(dealt.map(([device]) => device), dealt.map((_, i) => i % 2));
  // Of the next one the parts take the same time: the cut is in the hill.
  const [, [, cut = 0] = []] = launches.slice(second);
  assert.equal(launches.length - second, 2, errors);
  assert.ok(cut > items / 2 && cut < items * 3 / 4, errors);
});

poclTest("children of a fork end, also while their parent builds for parts", () => {
  const { out, errors } = runOnUnlike("forks", ["40"], { builds: 200 });
  assert.equal(out, "done\n", errors);
  assert.deepEqual(verdicts(errors), ["mvgal: even: split"]);
});

poclTest("MVGAL_SPLIT that is no mode is told, and splits nothing", () => {
  using vendors = new Vendors({ mvgal: shim() });
  const env = { OCL_ICD_VENDORS: vendors.directory, MVGAL_SPLIT: "often", MVGAL_DEBUG: "split" };
  const { errors } = run(program("split"), [], env);
  assert.deepEqual(verdicts(errors), [
    "mvgal: MVGAL_SPLIT=often is none of off, auto, force, strict, with diff or without: nothing " +
    "is split",
  ]);
});

poclTest("ffmpeg's filters give in parts what they give on their member", async () => {
  using vendors = new Vendors({ mvgal: shim("plain") });
  const filters = ["convolution_opencl", "avgblur_opencl=sizeX=9", "unsharp_opencl"];
  await together(filters, async (filter) => {
    const args = ["-v", "error", "-init_hw_device", "opencl=o:0.0", "-filter_hw_device", "o"];
    args.push("-f", "lavfi", "-i", "testsrc2=size=160x120:rate=3:duration=1", "-vf");
    args.push(`format=yuv420p,hwupload,${filter},hwdownload,format=yuv420p`, "-f", "md5", "-");
    const inner = await runBeside("ffmpeg", args, {});
    const env = {
      OCL_ICD_VENDORS: vendors.directory,
      MVGAL_SPLIT: "force",
      MVGAL_DEBUG: "split",
    };
    const parts = await runBeside("ffmpeg", args, env);
    assert.match(inner.out, /^MD5=/, inner.errors);
    assert.equal(parts.out, inner.out, `${filter}: ${parts.errors}`);
    assert.match(parts.errors, /: split$/m);
  });
}, ["ffmpeg"]);

/**
 * How often of 200 launches it split, how much faster than whole the last one was, how often shares changed, how many
 * were split before one took about as long as the last, and how much faster than whole the first of them was.
 */
function balanced(groups: number, moving: number, ...speeds: number[]): number[] {
  return balancedWith({}, groups, moving, ...speeds);
}

/**
 * The same with times that are off by up to a part of them, where each so many-th launch alone moves, with groups in
 * the middle that take so many times as long, at once or more and more, after a first launch that was dealt out in so
 * many parts, or where members of other speeds seem to be alike.
 */
function balancedWith(
  { noise = 0, every = 1, hill = 1, dealt = 0, isSlope = false, alike = false }: {
    noise?: number;
    every?: number;
    hill?: number;
    dealt?: number;
    isSlope?: boolean;
    alike?: boolean;
  },
  groups: number,
  moving: number,
  ...speeds: number[]
): number[] {
  const shims = join(HERE, "..", "..", "..", "shims", "opencl");
  const sources = [join(shims, "balance.c")];
  const driver = compile({
    name: "balance_driver",
    source: { file: join(HERE, "balance_driver.c") },
    args: [...sources, "-O1", "-g", "-fsanitize=address,undefined", "-lm"],
    includes: [...sources, join(shims, "balance.h")],
  });
  const { code, out } = run(driver, [groups, moving, ...speeds].map(String), {
    BALANCE_NOISE: String(noise),
    BALANCE_EVERY: String(every),
    BALANCE_HILL: String(hill),
    BALANCE_ALIKE: alike ? "1" : "0",
    ...(dealt > 0 ? { BALANCE_DEALT: String(dealt) } : {}),
    ...(isSlope ? { BALANCE_SLOPE: "1" } : {}),
  });
  assert.equal(code, 0);
  return out.trim().split(" ").map(Number);
}

compilerTest("launches are shared out by what members do in a second", () => {
  const near = (actual: number | undefined, expected: number) =>
    assert.ok(Math.abs((actual ?? NaN) - expected) < 0.03, `${actual} is not about ${expected}`);
  near(balanced(10_000, 0, 1e5, 1e5)[1], 2);
  near(balanced(10_000, 0, 1e5, 1e5, 1e5, 1e5)[1], 4);
  near(balanced(10_000, 0, 1e5, 5e4)[1], 1.5);
  // What was lost on finding out how slow one is, is not held against it.
  const [times = NaN, faster] = balanced(10_000, 0, 1e5, -2e4);
  near(faster, 1.2);
  assert.ok(times > 190, `${times} splits that pay`);
  // The slowest is left out: its part is not worth the calls.
  near(balanced(10_000, 0, 1e5, 1e5, 1e2)[1], 2);
  // Too short to split, and too dear.
  assert.deepEqual(balanced(10, 0, 1e5, 1e5).slice(0, 4), [0, 1, 0, 0]);
  const [splits = NaN, gain] = balanced(10_000, 0.06, 1e5, 1e5);
  assert.ok(splits < 30, `${splits} splits that do not pay`);
  assert.equal(gain, 1);
  near(balanced(10_000, 0.01, 1e5, 1e5)[1], 10 / 6);
  // A launch that moves more than it takes, for fifteen that move nothing.
  const [batches = NaN] = balancedWith({ every: 16 }, 10_000, 0.15, 1e5, 1e5);
  assert.ok(batches > 190, `${batches} splits after uploads`);
  const [dear = NaN] = balancedWith({ every: 2 }, 10_000, 0.15, 1e5, 1e5);
  assert.ok(dear < 60, `${dear} splits that do not pay`);
  // What is off by chance moves no bytes.
  const [, even, changes = NaN] = balancedWith({ noise: 0.01 }, 10_000, 0, 1e5, 1e5, 1e5);
  near(even, 3);
  assert.ok(changes < 10, `${changes} changes of the shares`);
  // Members of one kind: where the groups are that take long is known after a launch or two.
  for (const members of [2, 3, 4, 8]) {
    const speeds = Array.from({ length: members }, () => 1e5);
    const [, gain, , soon = NaN] = balancedWith({ hill: 1000 }, 10_000, 0, ...speeds);
    near(gain, members);
    assert.ok(soon <= 2, `${soon} launches until ${members} members take the same time`);
  }
  // Of two kinds: after some more, and then it stays so.
  const [, mixed = NaN, moved = NaN] = balancedWith({ hill: 1000 }, 10_000, 0, 1e5, 1e5, 5e4, 5e4);
  assert.ok(mixed > 3 * 0.98, `${mixed}: shares that are not 2 % worse than others stay`);
  assert.ok(moved < 30, `${moved} changes of the shares`);
  // One of them may be used by others, too.
  near(balancedWith({ alike: true }, 10_000, 0, 1e5, 5e4)[1], 1.5);
}, { libraries: ["libasan.so", "libubsan.so"] });

compilerTest("the second launch is shared out by what a first one told that was dealt out", () => {
  for (const [members, parts] of [[2, 4], [2, 12], [3, 30], [4, 12], [8, 32]] as const) {
    for (const isSlope of [false, true]) {
      const speeds = Array.from({ length: members }, () => 1e5);
      const dealt = { hill: 1000, dealt: parts, isSlope };
      const [, , , , first = NaN] = balancedWith(dealt, 10_000, 0, ...speeds);
      assert.ok(first > members * 0.97, `${first} times as fast on ${members} after ${parts}`);
    }
  }
}, { libraries: ["libasan.so", "libubsan.so"] });
