import assert from "node:assert/strict";
import { isDumped, isEntered } from "../../lib/dump/allowed.ts";
import { Scrubber } from "../../lib/dump/scrub.ts";

const text = (scrubber: Scrubber, path: string, content: string) =>
  new TextDecoder().decode(scrubber.scrub(path, new TextEncoder().encode(content)));

Deno.test("Scrubber replaces the same by the same and different ones by different ones", () => {
  const scrubber = new Scrubber();
  const a = text(scrubber, "/a/serial_number", "deadbeefdeadbeef\n");
  const b = text(scrubber, "/b/serial_number", "0123456789abcdef\n");
  assert.notEqual(a, b);
  assert.equal(text(scrubber, "/a/unique_id", "DEADBEEFDEADBEEF\n"), a);
  assert.equal(a.length, 17);
  assert.equal(scrubber.count, 2);
});

Deno.test("Scrubber keeps a serial number of zeros, and the NULs that fill a page", () => {
  const scrubber = new Scrubber();
  assert.equal(text(scrubber, "/serial_number", "0000000000000000\n"), "0000000000000000\n");
  const padded = text(scrubber, "/unique_id", "7f3e\n" + "\0".repeat(10));
  assert.equal(padded, "0001\n" + "\0".repeat(10));
});

Deno.test("Scrubber finds UUIDs, MAC addresses and the compute topology's numbers", () => {
  const scrubber = new Scrubber();
  const clean = text(
    scrubber,
    "/x",
    "GPU-B15A0A1C-4B3D-0F21-9C5E-8A7B6C5D4E3F 52:54:00:ab:cd:ef 0000:06:00.0\nunique_id 77\nhive_id 0",
  );
  assert.equal(
    clean,
    "GPU-00000000-0000-0000-0000-000000000001 02:00:00:00:00:02 0000:06:00.0\nunique_id 3\nhive_id 0",
  );
});

Deno.test("Scrubber leaves binary tables and all other text as they are", () => {
  const scrubber = new Scrubber();
  const table = new Uint8Array([0xff, 0xfe, 0, 1]);
  assert.equal(scrubber.scrub("/gpu_metrics", table), table);
  assert.equal(text(scrubber, "/class", "0x030000\n"), "0x030000\n");
  assert.equal(scrubber.count, 0);
});

Deno.test("isDumped() allows what mvgal reads and nothing that does more than tell", () => {
  for (
    const path of [
      "vendor",
      "power/runtime_status",
      "gpu_busy_percent",
      "hwmon/hwmon3/temp1_input",
      "hwmon/hwmon3/power1_cap_max",
      "drm/card0/card0-HDMI-A-1/status",
      "drm/card0/gt_act_freq_mhz",
      "tile0/gt0/freq0/act_freq",
      "gpu_od/fan_ctrl/fan_curve",
    ]
  ) assert.ok(isDumped(path), path);
  for (
    const path of [
      "pcie_bw",
      "psp_vbflash",
      "rom",
      "vpd",
      "remove",
      "resource0",
      "resource1_wc",
      "drm/card0/error",
      "drm/card0/card0-DP-1/edid",
      "hwmon/hwmon3/device",
      "i2c-3/new_device",
    ]
  ) assert.ok(!isDumped(path), path);
});

Deno.test("isEntered() keeps the walk to directories with something to find", () => {
  for (
    const path of ["power", "hwmon/hwmon3", "drm/card0/card0-DP-1", "tile0/gt1/freq0/throttle"]
  ) {
    assert.ok(isEntered(path), path);
  }
  for (const path of ["i2c-3", "0000:08:00.0", "devcoredump", "sound/card1", "usb1"]) {
    assert.ok(!isEntered(path), path);
  }
});
