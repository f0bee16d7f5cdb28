import assert from "node:assert/strict";
import fc from "fast-check";
import {
  configValues,
  DEFAULT_CONFIG,
  formatProblem,
  readConfig,
} from "../../lib/config/config.ts";
import { parseIni } from "../../lib/config/ini_document.ts";
import { writeIniValue } from "../../lib/config/ini_value.ts";
import { GPU_SECTION, placeOf, SECTION_NAMES, SECTIONS } from "../../lib/config/schema.ts";
import type { AnyKey } from "../../lib/config/section.ts";
import { originalSections } from "../../lib/config/sections/original.ts";
import { parseOptions } from "../../lib/schedule/options.ts";
import { STRATEGIES } from "../../lib/schedule/strategies.ts";

const errors = (text: string) =>
  readConfig(text).problems.filter(({ severity }) => severity === "error")
    .map((problem) => formatProblem("f", problem));
const warnings = (text: string) =>
  readConfig(text).problems.filter(({ severity }) => severity === "warning")
    .map((problem) => formatProblem("f", problem));

const ALL_KEYS: readonly (readonly [string, string, AnyKey])[] = [
  ...SECTION_NAMES.flatMap((section) =>
    Object.entries(SECTIONS[section].keys).map(([name, key]) =>
      [section, name, key as AnyKey] as const
    )
  ),
  ...Object.entries(GPU_SECTION.keys).map(([name, key]) => ["gpu_0", name, key] as const),
];

Deno.test("readConfig() of nothing has all defaults, and no problem", () => {
  const { config, problems, valid } = readConfig("");
  assert.deepEqual([problems, valid], [[], true]);
  assert.equal(config.core.default_strategy, "hybrid");
  assert.equal(config.http.listen, "127.0.0.1:7474");
  assert.equal(config.power.enabled, false);
  assert.deepEqual(config.gpus, []);
});

Deno.test("readConfig() gives a frozen configuration", () => {
  assert.throws(() => Object.assign(DEFAULT_CONFIG.core, { enabled: false }), TypeError);
  assert.throws(() => Object.assign(DEFAULT_CONFIG, { core: {} }), TypeError);
});

Deno.test("every key reads the text of its default as its default", () => {
  for (const [section, name, key] of ALL_KEYS) {
    assert.deepEqual(key.parse(key.format(key.default)), key.default, `[${section}] ${name}`);
    assert.equal(key.caution(key.default), null, `[${section}] ${name}`);
    assert.match(key.describe, /^[A-Z/][^\n]+\.$/, `[${section}] ${name}`);
  }
});

Deno.test("every key refuses a text that it may not be, or takes it as text", () => {
  for (const [section, name, key] of ALL_KEYS) {
    const { problems, config } = readConfig(`[${section}]\n${name} = \x7f no such value\n`);
    const free = ["allowed_hosts", "socket_group"].includes(name);
    assert.equal(
      problems.some(({ severity }) => severity === "error"),
      !free,
      `[${section}] ${name}`,
    );
    if (!free && section !== "gpu_0") {
      const held = (config as unknown as Record<string, Record<string, unknown>>)[section]?.[name];
      assert.deepEqual(held, key.default);
    }
  }
});

Deno.test("other names lead to keys that there are", () => {
  const sections: readonly [string, object][] = [
    ...Object.entries(SECTIONS),
    ...Object.entries(originalSections),
  ];
  for (const [name, section] of sections) {
    const { otherNames = {} } = section as { otherNames?: Record<string, { to: string }> };
    for (const [key, { to }] of Object.entries(otherNames)) {
      const [target = "", of = ""] = to.split(".");
      assert.equal(placeOf(target, of).is, "key", `[${name}] ${key}`);
    }
  }
});

Deno.test("options of strategies are taken by the strategies as the file has them", () => {
  const { config, problems } = readConfig(
    "[afr]\nqueue_depth = 3\n[sfr]\nsplit_ratio = 3,1\n[compute_offload]\nprimary = pci:0000:06:00.0\n" +
      "[hybrid]\nthreshold_percent = 7.5\n[single]\npick = best\n",
  );
  // Those that nothing takes from the file are answered with a warning.
  assert.deepEqual(problems.map(({ severity, section }) => `${severity} ${section}`), [
    "warning afr",
    "warning sfr",
    "warning hybrid",
  ]);
  assert.ok(problems.every(({ message }) => /has no effect yet/.test(message)));
  for (const name of ["afr", "sfr", "hybrid", "compute_offload", "single"] as const) {
    const values: Record<string, unknown> = { ...config[name] };
    assert.deepEqual({ ...parseOptions(name, STRATEGIES[name].options, values) }, values);
  }
  assert.deepEqual(config.sfr["split_ratio"], [3, 1]);
});

Deno.test("[sfr] split_ratio of one number is the first GPU's share of two", () => {
  assert.deepEqual(readConfig("[sfr]\nsplit_ratio = 0.7\n").config.sfr["split_ratio"], [0.7, 0.3]);
});

Deno.test("readConfig() takes a file that was written for the original, with warnings alone", () => {
  const shipped = readConfig(
    "[core]\nenabled = true\ndebug_level = trace\ngpu_count = 0\ngpu_indices = 0,1\n" +
      "default_strategy = round_robin\nenable_memory_migration = true\nenable_dmabuf = true\n" +
      "enable_kernel_names = true\nstats_interval = 2\nenable_stats = true\n" +
      "[gpu_0]\ntype = auto\npriority = 0\nmemory_limit_mb = 0\nenabled = true\n[gpu_1]\npriority = 1\n" +
      "[workload]\n[afr]\nenable_sync = true\nsync_timeout_ms = 16\n" +
      "[sfr]\nsplit_mode = horizontal\nsplit_ratio = 0.5\n" +
      "[hybrid]\nprimary_gpu = 0\nfallback_gpu = 1\nthreshold_percent = 80\n" +
      "[custom]\nscript_path = /x.lua\n[cuda]\nenabled = true\n[direct3d]\nenabled = true\n" +
      "[metal]\nenabled = false\n[webgpu]\nenabled = true\n[opencl]\nenabled = true\n" +
      "[dri]\ndevice_pattern = /dev/dri/card*\n[debug]\n dump_calls = false\n" +
      "[network]\nenabled = false\n[ai_scheduler]\nmodel_path = /x.onnx\n",
  );
  assert.deepEqual(shipped.problems.filter(({ severity }) => severity === "error"), []);
  assert.equal(shipped.config.core.default_strategy, "round_robin");
  assert.equal(shipped.config.daemon.interval_ms, 2000);
  assert.equal(shipped.config.log.level, "debug");
  assert.equal(shipped.config.core.gpu_indices, "0,1");
  // None is passed over in silence: each key has an effect or a warning.
  const warned = new Set(shipped.problems.map(({ line }) => line));
  for (
    const key of ["enable_dmabuf", "split_mode", "script_path", "dump_calls", "threshold_percent"]
  ) {
    const line = shipped.document.lines.findIndex(({ text }) => text.trim().startsWith(key)) + 1;
    assert.ok(warned.has(line), key);
  }
  const debian = errors(
    "[general]\nenabled = true\nlog_level = 3\ndebug = false\n[gpus]\ndevices = auto\n" +
      "gpu_0_enabled = true\n[scheduler]\nstrategy = compute\nload_balance = true\n" +
      "[memory]\np2p_enabled = true\n[vulkan]\nenabled = true\n" +
      "[daemon]\npid_file = /x\nsocket_path = /run/x.sock\nrun_as_user = root\n",
  );
  assert.deepEqual(debian, []);
});

Deno.test("readConfig() says what is unknown, where, and what was probably meant", () => {
  assert.deepEqual(errors("[core]\ndefualt_strategy = afr\n"), [
    "f:2: error: [core] defualt_strategy: there is no such key: did you mean default_strategy?",
  ]);
  assert.deepEqual(errors("\n[cor]\nenabled = true\n"), [
    "f:2: error: there is no section [cor]: did you mean [core]?",
  ]);
  assert.deepEqual(errors("[gpu 0]\n"), [
    "f:1: error: there is no section [gpu 0]: write [gpu pci:0000:06:00.0] or [gpu_0]",
  ]);
  assert.deepEqual(errors("[core]\ndefault_strategy = afrr\n"), [
    "f:2: error: [core] default_strategy cannot be 'afrr': did you mean afr?",
  ]);
  assert.deepEqual(errors("[daemon]\ninterval_ms = 1s\n"), [
    "f:2: error: [daemon] interval_ms cannot be '1s': give a whole number from 100 to 3600000, " +
    "in ms and without it",
  ]);
  assert.deepEqual(errors("enabled = true\n"), [
    "f:1: error: enabled stands before the first [section]: put it into one",
  ]);
  assert.deepEqual(errors("[core]\nnonsense\n").length, 1);
  for (const name of ["constructor", "__proto__", "toString"]) {
    assert.equal(errors(`[core]\n${name} = 1\n`).length, 1, name);
    assert.equal(errors(`[${name}]\nx = 1\n`).length, 1, name);
  }
});

Deno.test("readConfig() refuses a key that is set twice, by whichever name", () => {
  assert.deepEqual(errors("[core]\ndefault_strategy = afr\n[scheduler]\nstrategy = sfr\n"), [
    "f:4: error: [scheduler] strategy is set in line 2 already: leave one of them out",
  ]);
  assert.equal(
    errors("[gpu 06:00.0]\npriority = 1\n[gpu pci:0000:06:00.0]\npriority = 2\n").length,
    1,
  );
  assert.deepEqual(
    errors("[gpu 06:00.0]\npriority = 1\n[gpu pci:0000:06:00.0]\nenabled = no\n"),
    [],
  );
});

Deno.test("readConfig() says why a key has no effect", () => {
  assert.match(
    warnings("[custom]\nscript_path = /x\n")[0] ?? "",
    /^f:2: warning: .* has no effect: /,
  );
});

Deno.test("readConfig() checks keys against each other", () => {
  assert.match(
    errors("[power]\nthermal_threshold = 99\n")[0] ?? "",
    /^f:2: .*above critical_threshold/,
  );
  assert.match(
    errors("[power]\npark_timeout_ms = 9000\n")[0] ?? "",
    /^f:2: .*above park_timeout_ms/,
  );
  assert.match(errors("[http]\ntls_key = /k\n")[0] ?? "", /^f:2: .*needs tls_certificate/);
  assert.match(errors("[health]\ntemperature_warning_c = 99\n")[0] ?? "", /^f:2: .*above/);
  assert.deepEqual(
    errors("[health]\ntemperature_warning_c = 99\ntemperature_critical_c = 100\n"),
    [],
  );
  assert.match(warnings("[http]\nlisten = 0.0.0.0:7474\n")[0] ?? "", /open to other hosts/);
  assert.deepEqual(
    warnings("[http]\nlisten = 0.0.0.0:1\ntls_key = /k\ntls_certificate = /c\n"),
    [],
  );
});

Deno.test("[http] listen is an address, brought to one form, or nothing", () => {
  const listen = (text: string) => readConfig(`[http]\nlisten = ${text}\n`).config.http.listen;
  assert.equal(listen("[::1]:80"), "[::1]:80");
  assert.equal(listen(""), null);
  for (const wrong of ["7474", ":7474", "::1:80", "1.2.3:80", "127.0.0.1:65536", "x:1", "[::1]"]) {
    assert.equal(errors(`[http]\nlisten = ${wrong}\n`).length, 1, wrong);
  }
});

Deno.test("[power] power_curve rises, within its bounds", () => {
  const { config } = readConfig("[power]\npower_curve = 0:50, 50:80,95:100\n");
  assert.deepEqual(config.power.power_curve[2], { at: 95, value: 100 });
  assert.equal(configValues(config)["power"]?.["power_curve"], "0:50,50:80,95:100");
  for (const wrong of ["", "0", "10:1,5:2", "0:101", "0:9,1:8", "a:b", "0:1,,2:3"]) {
    assert.equal(errors(`[power]\npower_curve = ${wrong}\n`).length, 1, wrong);
  }
});

Deno.test("readConfig() is total, and gives every key a value, whatever the text", () => {
  const word = fc.oneof(
    fc.constantFrom(
      "core",
      "gpu_0",
      "enabled",
      "daemon",
      "=",
      "[",
      "]",
      "\n",
      "true",
      "interval_ms",
    ),
    fc.string({ unit: "binary", maxLength: 6 }),
  );
  fc.assert(fc.property(fc.array(word).map((words) => words.join("")), (text) => {
    const { config, problems, valid } = readConfig(text);
    assert.equal(valid, problems.every(({ severity }) => severity === "warning"));
    for (const { message } of problems) assert.doesNotMatch(message, /[\r\n]/);
    for (const section of SECTION_NAMES) {
      assert.deepEqual(Object.keys(config[section]), Object.keys(SECTIONS[section].keys));
    }
  }));
});

Deno.test("configValues() written as a file is read as the same configuration", () => {
  const text =
    "[single]\npick = best\n[http]\nallowed_hosts = a,b\nlisten =\n[gpu_1]\npriority = 9\n";
  const { config } = readConfig(text);
  const values = configValues(config);
  const written = Object.entries(values).map(([section, keys]) =>
    `[${section}]\n` +
    Object.entries(keys).map(([key, value]) => `${key} = ${writeIniValue(String(value ?? ""))}\n`)
      .join("")
  ).join("");
  const again = readConfig(written);
  assert.deepEqual(again.problems, []);
  assert.deepEqual(again.config, config);
  assert.equal(parseIni(written).lines.length > 60, true);
});
