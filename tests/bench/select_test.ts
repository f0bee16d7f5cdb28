import assert from "node:assert/strict";
import { SUITES } from "../../lib/bench/benchmark.ts";
import { listBenchmarks } from "../../lib/bench/listing.ts";
import { REGISTRY } from "../../lib/bench/registry.ts";
import { settledTask } from "../../lib/bench/run.ts";
import { BenchSelectionError, globTest, selectBenchmarks } from "../../lib/bench/select.ts";
import { benchListText } from "../../lib/render/bench_list.ts";

const chosen = (...words: string[]) => {
  const { selects } = selectBenchmarks(words, REGISTRY);
  return new Set(REGISTRY.filter(selects).map(({ name }) => name));
};

Deno.test("selectBenchmarks() takes suites, names, patterns, and all", () => {
  assert.equal(chosen().size, new Set(REGISTRY.map(({ name }) => name)).size);
  assert.deepEqual(chosen("all"), chosen());
  assert.deepEqual(chosen("compute.fp32"), new Set(["compute.fp32"]));
  assert.deepEqual(chosen("memory.*"), chosen("memory"));
  assert.ok(chosen("*.copy").has("memory.copy") && chosen("*.copy").has("host.copy"));
  assert.deepEqual(
    chosen("compute.fp??"),
    new Set(["compute.fp32", "compute.fp64", "compute.fp16"]),
  );
  assert.deepEqual(selectBenchmarks(["sync", "memory.copy"], REGISTRY).suites, ["memory", "sync"]);
  assert.deepEqual(selectBenchmarks([], REGISTRY).suites, SUITES);
});

Deno.test("selectBenchmarks() refuses a word that chooses nothing, with a suggestion", () => {
  assert.throws(() => chosen("memry"), (error) => {
    assert.ok(error instanceof BenchSelectionError);
    assert.match(error.message, /did you mean memory\?/);
    return true;
  });
  assert.throws(() => chosen("memory", "nothing.*"), BenchSelectionError);
});

Deno.test("globTest() gives characters of regular expressions no meaning", () => {
  assert.ok(!globTest("a.c")("abc"));
  assert.ok(globTest("a+(b)[c]*")("a+(b)[c]d"));
  assert.ok(!globTest("a?")("a"));
});

Deno.test("REGISTRY names every benchmark once for each set of parameters, by its suite", () => {
  const keys = REGISTRY.map(({ name, parameters }) => JSON.stringify([name, parameters]));
  assert.equal(new Set(keys).size, keys.length);
  for (const { name, suite, unit, convention } of REGISTRY) {
    assert.ok(name.startsWith(`${suite}.`), name);
    assert.ok(unit !== "" && convention !== "", name);
  }
  for (const suite of SUITES) assert.ok(REGISTRY.some((each) => each.suite === suite), suite);
});

Deno.test("listBenchmarks() says on which devices a benchmark can be run, and why not on others", () => {
  const [first] = REGISTRY.filter(({ name }) => name === "memory.copy");
  assert.ok(first);
  const base = {
    ...first,
    better: "higher" as const,
    unsupported: () => undefined,
    shapes: () => [],
  };
  const can = settledTask(base, "gpu:a", { state: "skipped", reason: "" });
  const broken = {
    ...can,
    device: "gpu:c",
    unsupported: () => {
      throw new Error("vkCreateDevice: VK_ERROR_INITIALIZATION_FAILED");
    },
  };
  const cannot = settledTask(base, "gpu:b", { state: "unsupported", reason: "no such unit" });
  const list = listBenchmarks([first], [{ ...can, unsupported: () => undefined }, cannot, broken]);
  const [only] = list.benchmarks;
  assert.deepEqual(only?.available, ["gpu:a"]);
  assert.deepEqual(only?.unavailable, {
    "gpu:b": "no such unit",
    "gpu:c": "vkCreateDevice: VK_ERROR_INITIALIZATION_FAILED",
  });
  const text = benchListText(list, 200);
  assert.match(text, /^memory\n {2}memory\.copy, GB\/s\n {4}bytes read plus bytes written\n/);
  assert.match(text, /on gpu:a; not on gpu:b: no such unit/);
  assert.match(benchListText(listBenchmarks([first], []), 80), /no device here/);
});
