/** What the shim and `mvgal run` read of limits is the same. */

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type LimitEntry,
  LimitTextError,
  parseBytes,
  parseLimitList,
  parseLimitMap,
  parsePercent,
} from "../../../lib/launch/limit_text.ts";
import { unreadableLimits } from "../../../lib/launch/asked_limits.ts";
import { compilerTest } from "../../fakes/cc.ts";
import { runDriver, SANITIZERS, settingsDriver } from "./settings_driver.ts";

const UUID = "GPU-B15a0a1c-4b3d-0f21-9c5e-8a7b6c5d4e3f";

const AMOUNTS = [
  ..."0 1 30 100 101 8GiB 8g 8G 8Gi 8GI 8gib 8GB 8kb 1.5G 1.5 .5G 5.G 1.0000001G 4Kib".split(" "),
  ..."512M 2T 16777216T 16777215T 18446744073709551615 18446744073709551614 030 30% 101% %".split(
    " ",
  ),
  ..."none NONE non 3b 3B 3P 1,5 -1 +1 0x10 1e3 8GiBs".split(" "),
  " 8 GiB ",
  "30 %",
  "\t7\t",
  "\n7",
  "8 G iB",
  "",
];

const LIST = fc.array(
  fc.tuple(
    fc.constantFrom("", "0=", "1=", `${UUID}=`, "x=", " 2 =", "="),
    fc.constantFrom(...AMOUNTS),
  )
    .map((parts) => parts.join("")),
  { minLength: 1, maxLength: 4 },
).map((parts) => parts.join(","));

/** What TypeScript makes of a text, as the driver writes it. */
function written<T>(parse: () => LimitEntry<T>[], none: string): string {
  try {
    return `[${
      parse().map(({ key, value }) => ` ${key ?? ""}=${value === null ? none : value}`).join("")
    }] ok`;
  } catch (error) {
    assert.ok(error instanceof LimitTextError, String(error));
    return "[]";
  }
}

async function compare(
  mode: "bytes" | "percent" | "json",
  texts: string[],
  parse: (text: string) => LimitEntry<unknown>[],
): Promise<void> {
  const { lines } = await runDriver(settingsDriver("address,undefined"), [mode], {
    stdin: texts.map((text) => `${text}\0`).join(""),
  });
  assert.equal(lines.length, texts.length);
  lines.forEach((line, i) => {
    const own = written(() => parse(texts[i] ?? ""), "18446744073709551615");
    assert.equal(line.endsWith("] ok") ? line : line.slice(0, 2), own, JSON.stringify(texts[i]));
  });
}

for (
  const { mode, parse } of [
    { mode: "bytes", parse: (text: string) => parseLimitList<unknown>(text, parseBytes) },
    { mode: "percent", parse: (text: string) => parseLimitList<unknown>(text, parsePercent) },
  ] as const
) {
  compilerTest(`limit_list() and parseLimitList() take the same lists of ${mode}`, async () => {
    const texts = [...AMOUNTS, ...fc.sample(LIST, { numRuns: 2000, seed: 7 })];
    await compare(mode, texts, parse);
  }, { libraries: SANITIZERS });
}

compilerTest("limit_json() and parseLimitMap() take the same maps", async () => {
  const key = fc.constantFrom(
    '"0"',
    '"12"',
    `"${UUID}"`,
    `"${UUID.slice(4)}"`,
    '"x"',
    "0",
    '"\\u0030"',
  );
  const value = fc.constantFrom(
    "0",
    "30",
    "8589934592",
    "18446744073709551615",
    "18446744073709551616",
    "-1",
    "1.0",
    "01",
    '"3"',
  );
  const space = fc.constantFrom("", " ", "\n\t");
  const member = fc.tuple(
    space,
    key,
    space,
    fc.constantFrom(":", ":", ":", ""),
    space,
    value,
    space,
  )
    .map((parts) => parts.join(""));
  const map = fc.tuple(
    fc.constantFrom("", " "),
    fc.constantFrom("{", "{", "{", "["),
    fc.array(member, { maxLength: 3 }).map((parts) => parts.join(",")),
    fc.constantFrom("}", "}", "}", ",}", "} ", "}}", ""),
  ).map((parts) => parts.join(""));
  await compare("json", fc.sample(map, { numRuns: 3000, seed: 7 }), parseLimitMap);
}, { libraries: SANITIZERS });

compilerTest(
  "unreadableLimits() tells of the variables of which the shim takes no limit",
  async () => {
    const names = [
      "MVGAL_VRAM_LIMIT",
      "MVGAL_SM_LIMIT",
      "CUDA_DEVICE_MEMORY_LIMIT",
      "CUDA_DEVICE_MEMORY_LIMIT_3",
      "CUDA_DEVICE_SM_LIMIT_31",
      "TENSOR_FUSION_CUDA_UP_LIMIT",
      "TENSOR_FUSION_CUDA_MEM_LIMIT",
    ];
    const values = [
      ...["8GiB", "30", "0", "150", "lots", '{"0": 30}', '{"0": 0}', '{"0": 150}', "30%", "0=4"],
    ];
    const driver = settingsDriver("address,undefined");
    for (const name of names) {
      for (const value of values) {
        const { stderr } = await runDriver(driver, ["settings"], { env: { [name]: value } });
        const told = unreadableLimits((asked) => asked === name ? value : undefined);
        assert.equal(told.length, stderr === "" ? 0 : 1, `${name}=${value}: ${stderr}${told}`);
        if (told[0] !== undefined) assert.ok(told[0].startsWith(`${name}=${value}: `), told[0]);
      }
    }
  },
  { libraries: SANITIZERS },
);
