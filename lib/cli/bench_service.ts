/**
 * `mvgal bench` beside a service that measures: two runs at once distort each other.
 *
 * @module
 */

import { mayHaveService } from "../client/socket_path.ts";
import type { BenchRunView } from "../daemon/service_api.ts";
import { type CommandContext, type CommandInput, flag } from "./command.ts";

/** The run of the service that goes on; undefined where there is none, or no service. */
async function runningBench(
  env: (name: string) => string | undefined,
): Promise<BenchRunView | undefined> {
  if (!mayHaveService(env)) return undefined;
  const { findService } = await import("./service_host.ts");
  const found = await findService(env);
  try {
    const runs = await found?.client.get<BenchRunView[]>("/api/v1/bench");
    return runs?.find(({ state }) => state === "running");
  } catch {
    // One that does not say is no reason not to measure.
    return undefined;
  }
}

/**
 * Sees to it that no other run is disturbed, unless `--direct` says that it may be.
 *
 * @throws {Error} by rejection, where the service measures.
 */
export async function checkNoOtherBench(
  input: CommandInput,
  { env }: Pick<CommandContext, "env">,
): Promise<void> {
  if (flag(input, "direct")) return;
  const run = await runningBench(env);
  if (run === undefined) return;
  const far = run.total === 0 ? "" : `, ${run.done} of ${run.total} done`;
  throw new Error(
    `the service is measuring (run ${run.id}${far}), and two runs at once distort each other: ` +
      "wait for its end, or measure all the same with --direct",
  );
}
