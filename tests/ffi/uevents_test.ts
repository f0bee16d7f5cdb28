import assert from "node:assert/strict";
import fc from "fast-check";
import { openUevents, parseUevent } from "../../ffi/uevents.ts";

const encoded = (text: string) => new TextEncoder().encode(text);

Deno.test("parseUevent() reads the action, the path and the values", () => {
  const event = parseUevent(encoded(
    "add@/devices/pci0000:00/0000:06:00.0/drm/card0\0ACTION=add\0SUBSYSTEM=drm\0DEVNAME=dri/card0\0A=b=c\0",
  ));
  assert.equal(event?.action, "add");
  assert.equal(event?.path, "/devices/pci0000:00/0000:06:00.0/drm/card0");
  assert.equal(event?.values.get("SUBSYSTEM"), "drm");
  assert.equal(event?.values.get("A"), "b=c");
});

Deno.test("parseUevent() takes any bytes, and what is no event for none", () => {
  for (const text of ["", "libudev\0", "@/devices", "\0add@x"]) {
    assert.equal(parseUevent(encoded(text)), undefined, JSON.stringify(text));
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
    const event = parseUevent(bytes);
    assert.ok(event === undefined || event.action.length > 0);
  }));
});

/** A file whose writing makes the kernel send an event. */
const TRIGGER = "/sys/class/net/lo/uevent";

/** Whether an event that this host makes comes back: not in a network namespace of its own. */
async function hearsItself(): Promise<boolean> {
  const opened = openUevents();
  if (opened.state === "absent") return false;
  using socket = opened.socket;
  const timer = setTimeout(() => socket[Symbol.dispose](), 500);
  try {
    Deno.writeTextFileSync(TRIGGER, "change");
    for await (const _event of socket) return true;
  } catch {
    // Not root.
  } finally {
    clearTimeout(timer);
  }
  return false;
}

const hears = await hearsItself();

Deno.test({
  name: `openUevents() hears the kernel, until it is disposed${
    hears ? "" : " (skipped: events of this host are not heard here)"
  }`,
  ignore: !hears,
  async fn() {
    const opened = openUevents();
    assert.ok(opened.state === "ok");
    const heard: string[] = [];
    const ended = (async () => {
      for await (const event of opened.socket) {
        if (event === "lost" || event.values.get("INTERFACE") !== "lo") continue;
        heard.push(event.action);
        if (heard.length === 2) opened.socket[Symbol.dispose]();
      }
    })();
    Deno.writeTextFileSync(TRIGGER, "change");
    Deno.writeTextFileSync(TRIGGER, "add");
    await ended;
    assert.deepEqual(heard, ["change", "add"]);
  },
});
