import assert from "node:assert/strict";
import { decodeAttribute, parseInteger, Sysroot } from "../../lib/sysfs/sysroot.ts";
import { DUMPS, Tree } from "./tree.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("Sysroot.text() removes the white space and the NULs around an attribute", () => {
  using tree = new Tree({
    "sys/plain": "0x1002",
    "sys/padded": bytes("edge\n" + "\0".repeat(4091)),
  });
  assert.equal(tree.sysroot.text("/sys/plain"), "0x1002");
  assert.equal(tree.sysroot.text("/sys/padded"), "edge");
});

Deno.test("Sysroot.text() takes no text from empty, binary, oversized or missing files", () => {
  using tree = new Tree({
    "sys/empty": new Uint8Array(),
    "sys/nul": new Uint8Array(64),
    "sys/hidden": bytes("12\x003"),
    "sys/latin1": new Uint8Array([0x31, 0xff, 0x32]),
    "sys/escape": bytes("\x1b[2J"),
    "sys/huge": bytes("1".repeat(70_000)),
    "sys/directory/file": "",
  });
  for (const name of ["empty", "nul", "hidden", "latin1", "escape", "huge", "directory", "no"]) {
    assert.equal(tree.sysroot.text(`/sys/${name}`), undefined, name);
  }
});

Deno.test("Sysroot.text() refuses a file longer than its limit rather than cutting a number short", () => {
  using tree = new Tree({ "sys/number": "123456789" });
  assert.equal(tree.sysroot.text("/sys/number", 4), undefined);
  assert.equal(tree.sysroot.text("/sys/number", 10), "123456789");
});

Deno.test("Sysroot.bytes() reads the first bytes of a longer file", () => {
  using tree = new Tree({ "sys/config": new Uint8Array(256).fill(7) });
  assert.equal(tree.sysroot.bytes("/sys/config", 64)?.length, 64);
});

Deno.test("Sysroot.integer() reads decimal and hexadecimal integers and nothing else", () => {
  using tree = new Tree({
    "sys/decimal": "4294967296",
    "sys/hex": "0x56a5",
    "sys/negative": "-1",
    "sys/fraction": "1.5",
    "sys/words": "12 MHz",
    "sys/large": "18446744073709551615",
  });
  const read = (name: string) => tree.sysroot.integer(`/sys/${name}`);
  assert.equal(read("decimal"), 4294967296);
  assert.equal(read("hex"), 0x56a5);
  assert.equal(read("negative"), -1);
  assert.equal(read("fraction"), undefined);
  assert.equal(read("words"), undefined);
  assert.equal(read("large"), undefined);
});

Deno.test("Sysroot follows links within the root, absolute ones from the root", () => {
  using tree = new Tree({
    "sys/devices/pci0000:00/0000:00:02.0/vendor": "0x8086",
    "sys/bus/pci/devices/0000:00:02.0": { link: "../../../devices/pci0000:00/0000:00:02.0" },
    "sys/absolute": { link: "/sys/devices/pci0000:00" },
  });
  const { sysroot } = tree;
  assert.equal(sysroot.text("/sys/bus/pci/devices/0000:00:02.0/vendor"), "0x8086");
  assert.equal(
    sysroot.resolve("/sys/absolute/0000:00:02.0"),
    "/sys/devices/pci0000:00/0000:00:02.0",
  );
});

Deno.test("Sysroot reads nothing outside of the root, wherever links lead", () => {
  using outside = new Tree({ "secret": "4711" });
  using tree = new Tree({
    "sys/absolute": { link: `${outside.directory}/secret` },
    "sys/relative": { link: `${"../".repeat(20)}${outside.directory.slice(1)}/secret` },
    "sys/directory": { link: outside.directory },
  });
  for (const path of ["/sys/absolute", "/sys/relative", "/sys/directory/secret"]) {
    assert.equal(tree.sysroot.text(path), undefined, path);
  }
  assert.deepEqual(tree.sysroot.list("/sys/directory"), []);
});

Deno.test("Sysroot ends at links that go in circles", () => {
  using tree = new Tree({ "sys/a": { link: "b" }, "sys/b": { link: "a" }, "sys/c": { link: "c" } });
  for (const name of ["a", "b", "c"]) {
    assert.equal(tree.sysroot.resolve(`/sys/${name}`), undefined);
    assert.equal(tree.sysroot.kind(`/sys/${name}`), undefined);
  }
});

Deno.test("Sysroot follows links that a dump keeps as text", () => {
  const sysroot = new Sysroot(`${DUMPS}vega56`);
  assert.equal(
    sysroot.resolve("/sys/class/drm/card0/device"),
    "/sys/devices/pci0000:00/0000:0b:00.0",
  );
  assert.equal(sysroot.text("/sys/class/drm/card0/device/vendor"), "0x1002");
});

Deno.test("Sysroot takes no attribute for a link that is kept as text", () => {
  using tree = new Tree({
    "sys/devices/a/label": "../secret",
    "sys/devices/secret": "1",
  });
  assert.equal(tree.sysroot.text("/sys/devices/a/label"), "../secret");
});

Deno.test("Sysroot.linkName() names the target of a link that leads to nothing in the dump", () => {
  using tree = new Tree({ "sys/devices/x/driver": { link: "../../bus/pci/drivers/xe" } });
  assert.equal(tree.sysroot.resolve("/sys/devices/x/driver"), undefined);
  assert.equal(tree.sysroot.linkName("/sys/devices/x/driver"), "xe");
  assert.equal(tree.sysroot.readLink("/sys/devices/x/driver"), "../../bus/pci/drivers/xe");
  assert.equal(tree.sysroot.linkName("/sys/devices/x/none"), undefined);
});

Deno.test("Sysroot.list() puts card2 before card10", () => {
  using tree = new Tree({ "sys/card10": "", "sys/card2": "", "sys/card1": "" });
  assert.deepEqual(tree.sysroot.list("/sys"), ["card1", "card2", "card10"]);
});

Deno.test("decodeAttribute() takes no text that holds control characters", () => {
  assert.equal(decodeAttribute(bytes("two\nlines\n")), "two\nlines");
  assert.equal(decodeAttribute(bytes("bell\x07")), "");
  assert.equal(decodeAttribute(bytes("del\x7f")), "");
});

Deno.test("parseInteger() takes no number that a double cannot hold", () => {
  assert.equal(parseInteger("9007199254740991"), 9007199254740991);
  assert.equal(parseInteger("9007199254740992"), undefined);
  assert.equal(parseInteger("-0x10"), -16);
  assert.equal(parseInteger("1e3"), undefined);
  assert.equal(parseInteger(""), undefined);
  assert.ok(Object.is(parseInteger("-0"), 0));
});
