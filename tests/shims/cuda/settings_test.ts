import assert from "node:assert/strict";
import { compilerTest } from "../../fakes/cc.ts";
import { runDriver, SANITIZERS, settingsDriver } from "./settings_driver.ts";

const NONE = "18446744073709551615";
const UUID = "GPU-b15a0a1c-4b3d-0f21-9c5e-8a7b6c5d4e3f";
const GIB = 2 ** 30;

/** Limits of GPU 0 and 1 under an environment, as `BYTES PERCENT`, and what stood on stderr. */
async function limits(
  env: Record<string, string>,
): Promise<{ head: string; first: string; second: string; stderr: string }> {
  const { lines: [head = "", first = "", second = ""], stderr } = await runDriver(
    settingsDriver("address,undefined"),
    ["settings", "0", UUID, "1", "GPU-00000000-0000-0000-0000-000000000001"],
    { env },
  );
  const numbers = (line: string) => line.split(" ").slice(2).join(" ");
  return { head, first: numbers(first), second: numbers(second), stderr };
}

function settingsTest(name: string, fn: () => Promise<void>): void {
  compilerTest(name, fn, { libraries: SANITIZERS });
}

settingsTest("settings() of an empty environment are on, without limits", async () => {
  const { head, first, second, stderr } = await limits({});
  assert.equal(head, "enabled=1 pool=0 work_conserving=0 log=0 group= runtime= count=0");
  assert.deepEqual([first, second, stderr], [`${NONE} 100`, `${NONE} 100`, ""]);
});

settingsTest("settings() takes the switches, the group and the directory", async () => {
  const { head } = await limits({
    MVGAL_POOL: "1",
    MVGAL_WORK_CONSERVING: "yes",
    MVGAL_LOG: "1",
    MVGAL_GROUP: "render-1.b",
    MVGAL_RUNTIME_DIR: "/tmp/r",
  });
  assert.equal(
    head,
    "enabled=1 pool=1 work_conserving=1 log=1 group=render-1.b runtime=/tmp/r count=0",
  );
});

for (const off of ["0", "false", "OFF", "no"]) {
  settingsTest(`settings() are all off with ENABLE_MVGAL=${off}`, async () => {
    const { head, first } = await limits({
      ENABLE_MVGAL: off,
      MVGAL_POOL: "1",
      MVGAL_VRAM_LIMIT: "1GiB",
      CUDA_DEVICE_SM_LIMIT: "10",
    });
    assert.match(head, /^enabled=0 pool=0 .* count=0$/);
    assert.equal(first, `${NONE} 100`);
  });
}

/** What one source says: environment, GPU 0, GPU 1. */
const CASES: [string, Record<string, string>, string, string][] = [
  ["a limit for all", { MVGAL_VRAM_LIMIT: "8GiB" }, `${8 * GIB} 100`, `${8 * GIB} 100`],
  ["a limit by GPU", { MVGAL_VRAM_LIMIT: "00=8g,1=1.5G" }, `${8 * GIB} 100`, `${1.5 * GIB} 100`],
  ["a GPU's before that for all", { MVGAL_SM_LIMIT: "50%,1=30" }, `${NONE} 50`, `${NONE} 30`],
  ["none for a GPU", { MVGAL_VRAM_LIMIT: "1GiB,1=none" }, `${GIB} 100`, `${NONE} 100`],
  [
    "a UUID in any case, before an ordinal",
    { MVGAL_VRAM_LIMIT: `0=1GiB,${UUID.toUpperCase()}=2GiB` },
    `${2 * GIB} 100`,
    `${NONE} 100`,
  ],
  ["decimal units", { MVGAL_VRAM_LIMIT: "8GB" }, "8000000000 100", "8000000000 100"],
  [
    "TENSOR_FUSION's maps",
    {
      TENSOR_FUSION_CUDA_MEM_LIMIT: `{"${UUID.toLowerCase()}": 4096, "1": 8192}`,
      TENSOR_FUSION_CUDA_UP_LIMIT: ` { "0" : 40 } `,
    },
    "4096 40",
    "8192 100",
  ],
  [
    "TENSOR_FUSION's UUID without prefix, in capitals",
    { TENSOR_FUSION_CUDA_UP_LIMIT: `{"${UUID.slice(4).toUpperCase()}":7}` },
    `${NONE} 7`,
    `${NONE} 100`,
  ],
  [
    "HAMi's, a GPU's before that for all",
    { CUDA_DEVICE_MEMORY_LIMIT: "4g", CUDA_DEVICE_MEMORY_LIMIT_1: "8192m" },
    `${4 * GIB} 100`,
    `${8 * GIB} 100`,
  ],
  [
    "HAMi's 0, which is as if it were unset",
    {
      CUDA_DEVICE_MEMORY_LIMIT: "0",
      CUDA_DEVICE_SM_LIMIT: "30",
      CUDA_DEVICE_SM_LIMIT_0: "0",
      CUDA_DEVICE_SM_LIMIT_1: "250",
    },
    `${NONE} 30`,
    `${NONE} 100`,
  ],
  ["HAMi's k", { CUDA_DEVICE_MEMORY_LIMIT_0: "2048k" }, `${2 * 2 ** 20} 100`, `${NONE} 100`],
];
for (const [what, env, first, second] of CASES) {
  settingsTest(`settings_for() knows ${what}`, async () => {
    const said = await limits(env);
    assert.deepEqual([said.first, said.second, said.stderr], [first, second, ""]);
  });
}

settingsTest(
  "settings_for() holds to the stricter of two sources, and says so once a GPU",
  async () => {
    const said = await limits({
      MVGAL_VRAM_LIMIT: "8GiB",
      CUDA_DEVICE_MEMORY_LIMIT_0: "4g",
      CUDA_DEVICE_SM_LIMIT: "30",
      TENSOR_FUSION_CUDA_UP_LIMIT: '{"1": 20}',
      MVGAL_SM_LIMIT: "30%",
    });
    assert.deepEqual([said.first, said.second], [`${4 * GIB} 30`, `${8 * GIB} 20`]);
    assert.deepEqual(said.stderr.split("\n"), [
      "mvgal: GPU 0: MVGAL_VRAM_LIMIT says 8589934592 bytes and CUDA_DEVICE_MEMORY_LIMIT " +
      "4294967296 bytes: the stricter holds",
      "mvgal: GPU 1: MVGAL_SM_LIMIT says 30% and TENSOR_FUSION_CUDA_UP_LIMIT 20%: the stricter holds",
      "",
    ]);
  },
);

/** Values of which no limit is taken, and what is said of them. */
const REFUSED: [Record<string, string>, RegExp][] = [
  [{ MVGAL_VRAM_LIMIT: "8 apples" }, /^mvgal: MVGAL_VRAM_LIMIT=8 apples: it is no such amount/],
  [{ MVGAL_VRAM_LIMIT: "1GiB,x=2GiB" }, /no ordinal and no UUID/],
  [{ MVGAL_VRAM_LIMIT: "-1" }, /no such amount/],
  [{ MVGAL_VRAM_LIMIT: "99999999999999999999" }, /no such amount/],
  [{ MVGAL_SM_LIMIT: "0" }, /MVGAL_SM_LIMIT=0: it is no such amount: .*30%/],
  [{ MVGAL_SM_LIMIT: "101%" }, /no such amount/],
  [{ TENSOR_FUSION_CUDA_UP_LIMIT: "50" }, /it is no JSON object/],
  [{ TENSOR_FUSION_CUDA_UP_LIMIT: '{"0": 50' }, /has no end/],
  [{ TENSOR_FUSION_CUDA_UP_LIMIT: '{"0": 150}' }, /150 for GPU 0 is no percentage from 1 to 100/],
  [{ TENSOR_FUSION_CUDA_MEM_LIMIT: '{"0": 0}' }, /0 for GPU 0 is no number of bytes/],
  [{ CUDA_DEVICE_MEMORY_LIMIT: "lots" }, /CUDA_DEVICE_MEMORY_LIMIT=lots/],
  [{ CUDA_DEVICE_SM_LIMIT_0: "30x" }, /CUDA_DEVICE_SM_LIMIT_0=30x/],
  [{ MVGAL_GROUP: "../other" }, /MVGAL_GROUP=..\/other: it is no name of a group/],
];
for (const [env, message] of REFUSED) {
  settingsTest(`settings() tell of ${Object.entries(env).join()} in a line`, async () => {
    const said = await limits(env);
    assert.match(said.head, / group= /);
    assert.deepEqual([said.first, said.second], [`${NONE} 100`, `${NONE} 100`]);
    assert.match(said.stderr, message);
    assert.match(said.stderr, /^mvgal: [^\n]+\n$/);
  });
}

compilerTest("settings() are read once by threads that ask at once", async () => {
  const { lines, stderr } = await runDriver(settingsDriver("thread"), ["threads"], {
    env: { MVGAL_VRAM_LIMIT: "1k", CUDA_DEVICE_MEMORY_LIMIT: "2k", TSAN_OPTIONS: "exitcode=66" },
  });
  assert.deepEqual(lines, ["8"]);
  assert.equal(stderr.split("\n").length - 1, 8, stderr);
}, { libraries: ["libtsan.so"] });

/** Changes text at random. */
function mutated(text: string, random: () => number): string {
  const pieces = ['"', "{", "}", ":", ",", "0", "9", "\\", " ", "\n", "1e3", "-", "é", "{}", '""'];
  let now = text;
  for (let times = 1 + Math.floor(random() * 3); times > 0; times--) {
    const at = Math.floor(random() * (now.length + 1));
    const piece = pieces[Math.floor(random() * pieces.length)] ?? "";
    now = now.slice(0, at) + (random() < 0.6 ? piece : "") +
      now.slice(at + Math.floor(random() * 3));
  }
  return now.replaceAll("\0", "");
}

/** Numbers from 0 to 1 that are the same each time (mulberry32). */
function randomOf(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

settingsTest(
  "limit_json() takes of 20,000 changed texts what JSON.parse() does, or nothing",
  async () => {
    const random = randomOf(1);
    const seeds = [`{"0": 50, "${UUID}": 30}`, "{}", '{"1":8589934592,"2":1}', ` {"0":0 } `];
    const texts = Array.from(
      { length: 20_000 },
      (_, i) => mutated(seeds[i % seeds.length] ?? "", random),
    );
    const { lines } = await runDriver(settingsDriver("address,undefined"), ["json"], {
      stdin: texts.map((text) => `${text}\0`).join(""),
    });
    assert.equal(lines.length, texts.length);
    let taken = 0;
    lines.forEach((line, i) => {
      const [, entries = "", outcome = ""] = /^\[(.*)\] (.*)$/.exec(line) ?? [];
      if (outcome !== "ok") return assert.equal(entries, "", `${texts[i]}: ${line}`);
      taken++;
      const parsed = JSON.parse(texts[i] ?? "") as Record<string, number>;
      const own = new Map(
        entries.trim().split(" ").filter(Boolean).map((entry) => {
          const [id = "", value] = entry.split("=");
          return [id, Number(value)];
        }),
      );
      assert.deepEqual(Object.fromEntries(own), parsed, texts[i]);
    });
    assert.ok(taken > 500 && taken < 19_500, String(taken));
  },
);
