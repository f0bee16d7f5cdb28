import assert from "node:assert/strict";
import { SharedLibrary } from "../../lib/telemetry/shared_library.ts";

/** A library that counts how often it was opened and closed. */
function counted() {
  const count = { opened: 0, closed: 0 };
  const share = new SharedLibrary(() => {
    count.opened++;
    return { [Symbol.dispose]: () => void count.closed++ };
  });
  return { count, share };
}

Deno.test("SharedLibrary opens once for all and closes with the last", () => {
  const { count, share } = counted();
  assert.deepEqual(count, { opened: 0, closed: 0 });
  const [one, other] = [share.acquire(), share.acquire()];
  assert.ok(typeof one !== "string" && typeof other !== "string");
  assert.equal(one.library, other.library);
  assert.equal(share.users, 2);
  one[Symbol.dispose]();
  assert.deepEqual(count, { opened: 1, closed: 0 });
  other[Symbol.dispose]();
  assert.deepEqual(count, { opened: 1, closed: 1 });
  assert.equal(share.users, 0);
});

Deno.test("SharedLibrary counts a lease that is disposed twice once", () => {
  const { count, share } = counted();
  const [one, other] = [share.acquire(), share.acquire()];
  assert.ok(typeof one !== "string" && typeof other !== "string");
  one[Symbol.dispose]();
  one[Symbol.dispose]();
  assert.equal(count.closed, 0);
  other[Symbol.dispose]();
});

Deno.test("SharedLibrary opens anew after the last, and after a failure", () => {
  const { count, share } = counted();
  for (let time = 1; time <= 2; time++) {
    const lease = share.acquire();
    assert.ok(typeof lease !== "string");
    lease[Symbol.dispose]();
    assert.deepEqual(count, { opened: time, closed: time });
  }
  let attempts = 0;
  const failing = new SharedLibrary<Disposable>(() => {
    if (++attempts === 1) throw new Error("not yet");
    return "not there";
  });
  assert.equal(failing.acquire(), "not yet");
  assert.equal(failing.acquire(), "not there");
  assert.equal(failing.users, 0);
});
