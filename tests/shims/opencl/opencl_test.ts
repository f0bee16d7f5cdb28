import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { compile, compilerTest } from "../../fakes/cc.ts";
import {
  fakeVendor,
  linked,
  poclLibrary,
  poclTest,
  program,
  run,
  runBeside,
  shim,
  together,
  Vendors,
} from "./pool.ts";

const ROOT = join(import.meta.dirname ?? ".", "..", "..", "..");
const OCLGRIND = "/usr/lib/oclgrind/liboclgrind-rt-icd.so";
const STRATEGIES = ["single", "round_robin", "task", "compute_offload"];

compilerTest("ranges are what sets of bytes are", () => {
  const directory = join(ROOT, "shims", "opencl");
  const driver = compile({
    name: "ranges_driver",
    source: { file: join(ROOT, "tests", "shims", "opencl", "ranges_driver.c") },
    args: [join(directory, "ranges.c"), "-O1", "-g", "-fsanitize=address,undefined"],
    includes: [join(directory, "ranges.c"), join(directory, "ranges.h")],
  });
  assert.equal(run(driver, [], { ASAN_OPTIONS: "" }).out, "done\n");
}, { libraries: ["libasan.so", "libubsan.so"] });

for (const name of ["buffers", "events", "images", "programs"]) {
  poclTest(
    `a program of ${name} runs on the pool as on its member, whatever the strategy`,
    async () => {
      const path = program(name);
      const inner = run(path, [], {});
      assert.equal(inner.out, "done\n", inner.errors);
      using vendors = new Vendors({ mvgal: shim() });
      await together(STRATEGIES, async (strategy) => {
        const env = { OCL_ICD_VENDORS: vendors.directory, MVGAL_STRATEGY: strategy };
        const { code, out, errors } = await runBeside(path, [], env);
        assert.deepEqual({ code, out }, { code: 0, out: "done\n" }, `${strategy}: ${errors}`);
      });
    },
  );
}

poclTest("a strategy puts queues on the members, and a mask takes members away", () => {
  using vendors = new Vendors({ mvgal: shim() });
  const path = program("buffers");
  const members = (env: Record<string, string>) => {
    const { errors } = run(path, [], {
      OCL_ICD_VENDORS: vendors.directory,
      MVGAL_DEBUG: "opencl",
      ...env,
    });
    const found = errors.matchAll(/a queue on member (\d)/g);
    return [...new Set([...found].map(([, member]) => member))].sort();
  };
  assert.deepEqual(members({}), ["0"]);
  assert.deepEqual(members({ MVGAL_STRATEGY: "round_robin" }), ["0", "1"]);
  assert.deepEqual(members({ MVGAL_STRATEGY: "task" }), ["0", "1"]);
  const masked = { MVGAL_STRATEGY: "round_robin", MVGAL_OPENCL_DEVICES: "1" };
  assert.deepEqual(members(masked), ["0"]);
});

poclTest("mvgal run --opencl-pool shows a program the pool alone", () => {
  const env = { MVGAL_SHIM_DIR: dirname(shim("plain")), NO_COLOR: "1" };
  const main = join(ROOT, "main.ts");
  const options = ["run", "--opencl-pool", "--", "clinfo", "-l"];
  const { out, errors } = run(Deno.execPath(), ["run", "-A", main, ...options], env);
  assert.match(out, /^Platform #0: MVGAL\n `-- Device #0: .*\n$/, errors);
}, ["clinfo"]);

poclTest("members of two vendors pass buffers and images on between them", () => {
  using pool = new Vendors({ mvgal: shim() });
  using vendors = new Vendors({ pocl: poclLibrary(), oclgrind: OCLGRIND });
  const env = {
    OCL_ICD_VENDORS: pool.directory,
    MVGAL_OPENCL_VENDORS: vendors.directory,
    MVGAL_STRATEGY: "round_robin",
    MVGAL_DEBUG: "opencl",
    POCL_DEVICES: "pthread",
    // Oclgrind deletes some of its own as what they are not.
    ASAN_OPTIONS: "detect_leaks=0:new_delete_type_mismatch=0:alloc_dealloc_mismatch=0",
  };
  for (const name of ["buffers", "images"]) {
    const { out, errors } = run(program(name), [], env);
    assert.equal(out, "done\n", errors);
    assert.match(errors, /member \d is Oclgrind/);
    assert.match(errors, /a queue on member 0/);
    assert.match(errors, /a queue on member 1/);
  }
}, [OCLGRIND]);

poclTest("members that differ have both names, and a binary is for the one that it is of", () => {
  using vendors = new Vendors({ mvgal: shim("plain") });
  const env = { OCL_ICD_VENDORS: vendors.directory, POCL_DEVICES: "pthread basic" };
  const { out } = run("clinfo", [], env);
  assert.match(out, /Device Name +MVGAL: pthread-.* \+ basic-/);
  const { out: done, errors } = run(program("programs"), [], env);
  assert.equal(done, "done\n", errors);
}, ["clinfo"]);

poclTest("clinfo sees one platform with one device, whose memory is that of all", () => {
  using vendors = new Vendors({ mvgal: shim("plain") });
  const raw = (env: Record<string, string>) => run("clinfo", ["--raw"], env).out;
  const numbers = (text: string, name: string) =>
    [...text.matchAll(new RegExp(`${name} +(\\d+)`, "g"))].map(([, number]) => Number(number));
  const members = raw({});
  const pool = raw({ OCL_ICD_VENDORS: vendors.directory });
  assert.deepEqual(numbers(pool, "#PLATFORMS"), [1]);
  assert.deepEqual(numbers(pool, "#DEVICES"), [1]);
  assert.match(pool, /CL_PLATFORM_NAME +MVGAL/);
  const sum = (name: string) => numbers(members, name).reduce((a, b) => a + b, 0);
  for (const name of ["CL_DEVICE_GLOBAL_MEM_SIZE", "CL_DEVICE_MAX_COMPUTE_UNITS"]) {
    assert.equal(numbers(members, name).length, 2);
    assert.deepEqual(numbers(pool, name), [sum(name)]);
  }
  const name = "CL_DEVICE_MAX_MEM_ALLOC_SIZE";
  assert.deepEqual(numbers(pool, name), [numbers(members, name)[0]]);
}, ["clinfo"]);

poclTest("the device has an extension where all members have it, and answers what it asks", () => {
  using pool = new Vendors({ mvgal: shim("plain") });
  using vendors = new Vendors({ unlike: fakeVendor("unlike") });
  const { out, errors } = run(program("queries"), [], {
    POCL_DEVICES: "pthread pthread",
    OCL_ICD_VENDORS: pool.directory,
    MVGAL_OPENCL_VENDORS: vendors.directory,
    UNLIKE_VENDOR: poclLibrary(),
  });
  const [extensions = "", ...answers] = out.trim().split("\n");
  assert.match(extensions, /\bcl_khr_integer_dot_product\b/, errors);
  // Of its members each has one of its own.
  assert.doesNotMatch(extensions, /\bcl_khr_device_uuid\b/);
  assert.deepEqual(answers, ["1 0", "1 0 1 0 0 0", "error -30"]);
});

poclTest(
  "vendors are found in a directory, a file and a library, and never the pool itself",
  () => {
    using pool = new Vendors({ mvgal: shim("plain") });
    using both = new Vendors({ mvgal: shim("plain"), pocl: poclLibrary() });
    using none = new Vendors({});
    const devices = (vendors: string) => {
      const env = { OCL_ICD_VENDORS: pool.directory, MVGAL_OPENCL_VENDORS: vendors };
      return run("clinfo", ["-l"], env).out.match(/Device #/g)?.length ?? 0;
    };
    for (const vendors of ["", both.directory, join(both.directory, "pocl.icd"), poclLibrary()]) {
      assert.equal(devices(vendors), 1, vendors);
    }
    assert.equal(devices("pocl.icd"), 1);
    assert.equal(devices(none.directory), 0);
    assert.equal(devices(join(both.directory, "mvgal.icd")), 0);
  },
  ["clinfo"],
);

/** More with MVGAL_FUZZ_SEEDS, a number. */
const FUZZ_SEEDS = Array.from(
  { length: Number(Deno.env.get("MVGAL_FUZZ_SEEDS") ?? 2) },
  (_, i) => String(i + 1),
);

poclTest("handles of any kind, released ones and none are answered, whatever the order", () => {
  const path = linked("fuzz.c");
  const environments: Record<string, string>[] = [
    ...STRATEGIES.slice(0, 3).map((strategy) => ({ MVGAL_STRATEGY: strategy })),
    { MVGAL_SPLIT: "force,diff" },
  ];
  for (const env of environments) {
    const how = Object.entries(env).join();
    for (const seed of FUZZ_SEEDS) {
      const { code, out, errors } = run(path, [seed, "10000"], env);
      assert.equal(code, 0, `${how}, seed ${seed}: ${errors}`);
      const enqueued = Number(/(\d+) enqueued/.exec(out)?.[1]);
      assert.ok(enqueued > 50, `${how}, seed ${seed} enqueues little: ${out}`);
    }
  }
});

poclTest("ffmpeg's filters give on the pool what they give on its member", () => {
  const kernel = Deno.makeTempFileSync({ suffix: ".cl" });
  Deno.writeTextFileSync(
    kernel,
    `kernel void man(write_only image2d_t to, unsigned int index, read_only image2d_t from) {
      const sampler_t s = CLK_NORMALIZED_COORDS_FALSE | CLK_ADDRESS_CLAMP_TO_EDGE | CLK_FILTER_NEAREST;
      int2 at = (int2)(get_global_id(0), get_global_id(1)), size = get_image_dim(to);
      float2 c = convert_float2(at) / convert_float2(size) * 3.0f - 2.0f, z = 0.0f;
      int i = 0;
      for (; i < 100 && dot(z, z) < 4.0f; i++) z = (float2)(z.x * z.x - z.y * z.y, 2 * z.x * z.y) + c;
      write_imagef(to, at, read_imagef(from, s, at) * (i / 100.0f));
    }`,
  );
  const filters = [
    ["rgba", `program_opencl=source=${kernel}:kernel=man`],
    ["yuv420p", "convolution_opencl='0 -1 0 -1 5 -1 0 -1 0'"],
    ["yuv420p", "avgblur_opencl=sizeX=9"],
  ];
  const sum = (format: string, filter: string, env: Record<string, string>) =>
    run("ffmpeg", [
      ..."-v error -init_hw_device opencl=o:0.0 -filter_hw_device o -f lavfi -i".split(" "),
      "testsrc2=size=160x120:rate=3:duration=1",
      "-vf",
      `format=${format},hwupload,${filter},hwdownload,format=${format}`,
      ..."-f md5 -".split(" "),
    ], env);
  using vendors = new Vendors({ mvgal: shim("plain") });
  try {
    for (const [format = "", filter = ""] of filters) {
      const inner = sum(format, filter, {});
      assert.match(inner.out, /^MD5=/, inner.errors);
      for (const strategy of ["single", "round_robin"]) {
        const env = { OCL_ICD_VENDORS: vendors.directory, MVGAL_STRATEGY: strategy };
        assert.deepEqual(sum(format, filter, env), inner, `${filter}, ${strategy}`);
      }
    }
  } finally {
    Deno.removeSync(kernel);
  }
}, ["ffmpeg"]);
