/** What clients see of a session. */

import assert from "node:assert/strict";
import { countedIn, sessionView } from "../../lib/daemon/session_view.ts";
import type { SessionPage } from "../../lib/session/page.ts";
import type { Session } from "../../lib/session/registry.ts";

/** A session whose page has these kernels, and nothing else that counts. */
function sessionWith(kernels: SessionPage["kernels"]): Session {
  const page = { command: "a", began: null, api: "opencl", counters: [], whole: [], kernels };
  return { id: "1.1", pid: 1, page } as unknown as Session;
}

const PLACEMENT = { strategy: "single", gpus: [], gpu: null, reason: "" } as const;

Deno.test("sessionView() tells of no kernels where a shim counts none, or says what cannot be", () => {
  assert.deepEqual(countedIn(sessionWith({ whole: 2, parted: 6 })).kernels, {
    whole: 2,
    parted: 6,
  });
  assert.equal(countedIn(sessionWith({ whole: 0, parted: 0 })).kernels, null);
  assert.equal(countedIn(sessionWith({ whole: null, parted: 6 })).kernels, null);
});

Deno.test("sessionView() counts kernels since what is not counted", () => {
  const before = countedIn(sessionWith({ whole: 2, parted: 6 }));
  const since = (kernels: SessionPage["kernels"]) =>
    sessionView(sessionWith(kernels), { ...PLACEMENT, gpus: [] }, before).kernels;
  assert.deepEqual(since({ whole: 2, parted: 9 }), { whole: 0, parted: 3 });
  assert.equal(since({ whole: 2, parted: 6 }), null);
  // A page that was written anew.
  assert.deepEqual(since({ whole: 1, parted: 7 }), { whole: 0, parted: 1 });
});
