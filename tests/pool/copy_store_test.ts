/** Memory for copies: used again, and no more kept than is allowed. */

import assert from "node:assert/strict";
import { CopyStore } from "../../lib/pool/copy_store.ts";
import { openPool } from "../../lib/pool/open.ts";
import { allDevicesTest, softwareEnvironment } from "../vulkan_devices.ts";

allDevicesTest(
  "CopyStore gives a member its copies again, and keeps no more than is allowed",
  async () => {
    for (const [name, value] of Object.entries(softwareEnvironment())) Deno.env.set(name, value);
    using pool = await openPool({ virtual: true });
    const [one, other] = pool.members;
    assert(one && other);
    const store = new CopyStore(pool, 1024);
    const first = store.take(one, 512), second = store.take(one, 512);
    assert.notEqual(first, second, "the one is in use");
    store.give(first);
    const fresh = [store.take(other, 512), store.take(one, 256)];
    assert(!fresh.includes(first), "of another member, or size");
    assert.equal(store.take(one, 512), first);
    store.give(first);
    store.give(second);
    assert.equal(store.kept, 2);
    for (const copy of fresh) store.give(copy);
    // 1792 bytes: the oldest go until no more than 1024 are left.
    assert.deepEqual([first, second, ...fresh].map(({ buffer }) => buffer.isClosed), [
      true,
      true,
      false,
      false,
    ]);
    const late = store.take(one, 64);
    await store[Symbol.asyncDispose]();
    store.give(late);
    assert([...fresh, late].every(({ buffer }) => buffer.isClosed));
  },
);
