/** Records as fast as it can, and says after each flush how much is written; until it is killed. */

import { openHistory } from "../../../lib/daemon/history/history.ts";
import { gpuSample } from "../../render/status_samples.ts";
import { START } from "./history_fixture.ts";

const [path = "", first = "0"] = Deno.args;
let second = Number(first);
const store = openHistory({
  path,
  // It records days in no time: steps are kept for longer, so that the test can look at all.
  retention: { raw_s: 3600, tiers_s: [1e9, 1e9, 1e9] },
  clock: { now: () => START + 1000 * second, monotonic: () => 1000 * second },
});
const encoder = new TextEncoder();
for (;;) {
  const gpus = [0, 1].map((index) => gpuSample({ index, utilization_pct: second % 101 }));
  store.record(gpus, START + 1000 * second);
  second++;
  if (second % 7 === 0) {
    store.flush();
    if (store.state().state === "ok") Deno.stdout.writeSync(encoder.encode(`${second}\n`));
  }
}
