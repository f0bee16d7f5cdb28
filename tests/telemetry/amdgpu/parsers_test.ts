/** The small parsers of amdgpu's files. */

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  BusyJudge,
  isSettling,
  percentage,
  SETTLING_MS,
} from "../../../lib/telemetry/amdgpu/busy.ts";
import { currentMhz, dpmRange, parseDpmLevels } from "../../../lib/telemetry/amdgpu/dpm.ts";
import {
  countRetiredPages,
  parseErrorCounts,
  parsePcieBandwidth,
} from "../../../lib/telemetry/amdgpu/slow.ts";
import { throttledSince, throttleNames } from "../../../lib/telemetry/amdgpu/throttle.ts";

Deno.test("parseDpmLevels() reads levels, with and without a blank behind, and the line S", () => {
  assert.deepEqual(parseDpmLevels("0: 300Mhz \n1: 600Mhz *\n2: 900Mhz\n"), [
    { index: 0, mhz: 300, current: false },
    { index: 1, mhz: 600, current: true },
    { index: 2, mhz: 900, current: false },
  ]);
  assert.deepEqual(parseDpmLevels("S: 19Mhz *\n0: 500Mhz"), [
    { index: null, mhz: 19, current: true },
    { index: 0, mhz: 500, current: false },
  ]);
  for (
    const none of [
      "",
      "OD_SCLK:",
      "0: fastMhz",
      "1: 8.0GT/s, x16 *",
      "0: 12345678Mhz",
      "0: 999999Mhz",
    ]
  ) {
    assert.deepEqual(parseDpmLevels(none), [], none);
  }
});

Deno.test("dpmRange() takes the ends, and no clock that is only that of just now", () => {
  const range = (text: string) => dpmRange(parseDpmLevels(text));
  // RX 580: all levels.
  assert.deepEqual(range("0: 300Mhz\n1: 600Mhz\n2: 900Mhz *\n7: 1366Mhz"), {
    min_mhz: 300,
    max_mhz: 1366,
  });
  // RX 7900 XTX: the clock of now between the ends, in deep sleep below both.
  assert.deepEqual(range("0: 500Mhz\n1: 31Mhz *\n2: 2219Mhz"), { min_mhz: 500, max_mhz: 2219 });
  // Later kernels: in deep sleep on a line of its own, and levels from 1 on.
  assert.deepEqual(range("S: 31Mhz *\n1: 500Mhz\n2: 2219Mhz"), { min_mhz: 500, max_mhz: 2219 });
  // RX 9070: the lowest level is called S.
  assert.deepEqual(range("S: 500Mhz\n1: 789Mhz *\n2: 2070Mhz"), { min_mhz: 500, max_mhz: 2070 });
  // Renoir's memory: falling.
  assert.deepEqual(range("0: 1600Mhz *\n1: 1333Mhz\n2: 800Mhz"), { min_mhz: 800, max_mhz: 1600 });
  assert.equal(range(""), undefined);
  assert.equal(range("S: 31Mhz *"), undefined);
});

Deno.test("currentMhz() takes stars that agree, and none that differ", () => {
  const current = (text: string) => currentMhz(parseDpmLevels(text));
  assert.equal(current("0: 800Mhz *\n1: 800Mhz *\n2: 1200Mhz"), 800);
  assert.equal(current("0: 800Mhz *\n1: 900Mhz *"), undefined);
  assert.equal(current("0: 800Mhz\n1: 900Mhz"), undefined);
  assert.equal(current("S: 31Mhz *\n0: 500Mhz"), 31);
});

Deno.test("percentage() takes a rounding over 100 for 100, and 655 for no load", () => {
  assert.equal(percentage(0), 0);
  assert.equal(percentage(100), 100);
  assert.equal(percentage(101), 100);
  assert.equal(percentage(655), undefined);
  assert.equal(percentage(655.35), undefined);
  assert.equal(percentage(-1), undefined);
  assert.equal(percentage(NaN), undefined);
  assert.equal(percentage(undefined), undefined);
});

Deno.test("BusyJudge believes a Raven's 100 only once it has said less", () => {
  for (const id of ["0x15dd", "0x15d8"]) {
    const broken = new BusyJudge(id);
    for (let i = 0; i < 3; i++) assert.match(String(broken.judge(100)), /always .*Raven/);
    const works = new BusyJudge(id);
    assert.equal(works.judge(12), 12);
    assert.equal(works.judge(100), 100);
  }
  assert.equal(new BusyJudge("0x744c").judge(100), 100);
  assert.equal(new BusyJudge(null).judge(100), 100);
});

Deno.test("BusyJudge says why 655 is no load, and nothing where the driver said nothing", () => {
  assert.match(String(new BusyJudge("0x13fe").judge(655)), /says 655 %, which is no load/);
  assert.equal(new BusyJudge("0x13fe").judge(undefined), undefined);
});

Deno.test("isSettling() holds for 15 s after a wake that was seen", () => {
  assert.equal(isSettling(0), true);
  assert.equal(isSettling(SETTLING_MS - 1), true);
  assert.equal(isSettling(SETTLING_MS), false);
  assert.equal(isSettling(undefined), false);
});

Deno.test("throttleNames() names bits as the kernel does", () => {
  assert.deepEqual(throttleNames(0n), []);
  assert.deepEqual(throttleNames(1n << 6n), ["SPPT"]);
  assert.deepEqual(throttleNames(1n << 23n), ["APCC"]);
  assert.deepEqual(throttleNames(1n << 35n | 1n << 34n), ["TEMP_MEM", "TEMP_EDGE"]);
  assert.deepEqual(throttleNames(1n << 44n | 1n << 47n), ["VRHOT0", "PROCHOT_GFX"]);
  assert.deepEqual(throttleNames(1n << 57n | 1n << 60n), ["FIT", "bit 60"]);
});

Deno.test("throttledSince() names what went up, and nothing for a counter that was reset", () => {
  assert.deepEqual(
    throttledSince({ PPT: 1, VR_THM: 5, HBM_THM: 9 }, { PPT: 2, VR_THM: 5, HBM_THM: 0 }),
    [
      "PPT",
    ],
  );
  assert.deepEqual(throttledSince({}, { PPT: 2 }), []);
});

Deno.test("parsePcieBandwidth() multiplies received and sent messages by the largest payload", () => {
  assert.deepEqual(parsePcieBandwidth("11886 2528 256\n"), {
    rx_bytes_per_s: 11886 * 256,
    tx_bytes_per_s: 2528 * 256,
  });
  for (
    const none of ["", "1 2", "1 2 64", "1 2 8192", "1 2 -1", "1 2 256 3", "9007199254740993 1 256"]
  ) {
    assert.equal(parsePcieBandwidth(none), undefined, none);
  }
});

Deno.test("parseErrorCounts() reads corrected and uncorrected ones, with deferred ones or without", () => {
  assert.deepEqual(parseErrorCounts("ue: 2\nce: 17"), { corrected: 17, uncorrected: 2 });
  assert.deepEqual(parseErrorCounts("ue: 0\nce: 1\nde: 5"), { corrected: 1, uncorrected: 0 });
  assert.equal(parseErrorCounts("Query currently inaccessible"), undefined);
  assert.equal(parseErrorCounts("ce: 1"), undefined);
  assert.equal(parseErrorCounts(""), undefined);
});

Deno.test("countRetiredPages() counts pages that are out of use, not those that are to be", () => {
  const list =
    "0x00000001 : 0x00001000 : R\n0x027f5d43 : 0x00001000 : P\n0x00000003 : 0x00001000 : R\n" +
    "0x00000004 : 0x00001000 : F";
  assert.equal(countRetiredPages(list), 2);
  assert.equal(countRetiredPages(""), 0);
  assert.equal(countRetiredPages("0x1 : R"), undefined);
});

Deno.test("amdgpu's parsers take any text without throwing", () => {
  fc.assert(fc.property(fc.string(), (text) => {
    dpmRange(parseDpmLevels(text));
    parsePcieBandwidth(text);
    parseErrorCounts(text);
    countRetiredPages(text);
  }));
});
