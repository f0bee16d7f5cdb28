/**
 * Answers a pool's probes as `mvgal __probe-transfer` does, with a fake CUDA.
 *
 *     peer_program.ts LIBRARY
 */

import { answerWays } from "../../../lib/pool/transfer/probe_child.ts";
import type { WayRequest } from "../../../lib/pool/transfer/requests.ts";
import { parseOrder } from "../../../lib/transfer/probe.ts";
import { fakeCuda } from "./fake_cuda.ts";

if (import.meta.main) {
  const [library = ""] = Deno.args;
  const { requests } = parseOrder(await new Response(Deno.stdin.readable).text());
  await answerWays(requests as WayRequest[], (answer) => {
    // deno-lint-ignore no-console -- what the prober reads
    console.log(JSON.stringify(answer));
  }, { openers: fakeCuda(library) });
}
