/**
 * `mvgal __probe-transfer`, which `mvgal bench` and pools start: tries paths between devices in a process of its
 * own, since drivers hang and crash there.
 *
 * @module
 */

import type { ProbeRequest } from "../bench/transfer/probe.ts";
import { answerProbes } from "../bench/transfer/probe_child.ts";
import { answerWays } from "../pool/transfer/probe_child.ts";
import type { WayRequest } from "../pool/transfer/requests.ts";
import { parseOrder, PROBE_COMMAND, type ProbeAnswer, type ProbeOrder } from "../transfer/probe.ts";
import { type CommandModule, UsageError } from "./command.ts";

/** Reads an order on standard input. */
async function readOrder(): Promise<ProbeOrder> {
  try {
    return parseOrder(await new Response(Deno.stdin.readable).text());
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UsageError(`standard input is no order of requests: ${why}`);
  }
}

/** `mvgal __probe-transfer`. Answers each request of its order with a line of JSON. */
export const probeTransferCommand: CommandModule = {
  name: PROBE_COMMAND,
  describe: "Try paths between devices for mvgal bench and for pools",
  options: [],
  examples: [],
  async run(_input, context) {
    const { asker, requests } = await readOrder();
    const answer = (each: ProbeAnswer) => context.stdout.write(`${JSON.stringify(each)}\n`);
    if (asker === "pool") await answerWays(requests as WayRequest[], answer);
    else answerProbes(requests as ProbeRequest[], answer);
    return 0;
  },
};
