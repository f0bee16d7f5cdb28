import assert from "node:assert/strict";
import { concernsGpus, followHotplug } from "../../lib/daemon/hotplug.ts";
import type { HeardUevent } from "../../ffi/uevents.ts";

const event = (action: string, path: string, values: Record<string, string>): HeardUevent => ({
  action,
  path,
  values: new Map(Object.entries(values)),
});

Deno.test("concernsGpus() takes cards, PCI displays and accelerators, drivers, and what was lost", () => {
  const yes: HeardUevent[] = [
    event("add", "/devices/pci0000:00/0000:06:00.0/drm/card0", { SUBSYSTEM: "drm" }),
    event("remove", "/devices/pci0000:00/0000:06:00.0", { SUBSYSTEM: "pci", PCI_CLASS: "30000" }),
    event("bind", "/devices/pci0000:00/0000:06:00.0", { SUBSYSTEM: "pci", PCI_CLASS: "30200" }),
    event("add", "/devices/pci0000:00/0000:07:00.0", { SUBSYSTEM: "pci", PCI_CLASS: "120000" }),
    event("add", "/module/nvidia", { SUBSYSTEM: "module" }),
    "lost",
  ];
  for (const each of yes) assert.equal(concernsGpus(each), true, JSON.stringify(each));
  const no: HeardUevent[] = [
    event("change", "/devices/x/drm/card0", { SUBSYSTEM: "drm", HOTPLUG: "1" }),
    event("add", "/devices/pci0000:00/0000:02:00.0", { SUBSYSTEM: "pci", PCI_CLASS: "20000" }),
    event("add", "/devices/pci0000:00/0000:02:00.0", { SUBSYSTEM: "pci" }),
    event("add", "/module/nvidia_fake", { SUBSYSTEM: "module" }),
    event("add", "/devices/virtual/net/lo", { SUBSYSTEM: "net" }),
    event("stranger", "/devices/x", { SUBSYSTEM: "drm" }),
  ];
  for (const each of no) assert.equal(concernsGpus(each), false, JSON.stringify(each));
});

Deno.test("followHotplug() looks once for a flock of events, and says when it is deaf", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  let looks = 0, closed = 0;
  const flock = Array.from(
    { length: 20 },
    () => event("add", "/devices/x/drm/card0", { SUBSYSTEM: "drm" }),
  );
  const following = followHotplug({
    open: () => ({
      state: "ok",
      socket: {
        async *[Symbol.asyncIterator]() {
          yield* flock;
          await promise;
        },
        [Symbol.dispose]: () => {
          closed++;
          resolve();
        },
      },
    }),
    rescan: ({ anew }) => {
      assert.equal(anew, true);
      looks++;
    },
    everyMs: 1_000_000,
    deaf: assert.fail,
  });
  while (looks === 0) await new Promise((wake) => setTimeout(wake, 20));
  assert.equal(looks, 1);
  following[Symbol.dispose]();
  assert.equal(closed, 1);
  const reasons: string[] = [];
  followHotplug({
    open: () => ({ state: "absent", reason: "no netlink socket" }),
    rescan: () => {},
    everyMs: 1_000_000,
    deaf: (reason) => reasons.push(reason),
  })[Symbol.dispose]();
  assert.deepEqual(reasons, ["no netlink socket"]);
});
