/** What tests of faults have in common: a service with a directory of its own, and what it says. */

import { join } from "node:path";
import type { LogLine, ServiceHealth } from "../../../lib/daemon/service_api.ts";
import { ServiceProcess, type ServiceProcessOptions, whyNoService } from "../service_process.ts";

/** A dump with one GPU. */
export const SYSROOT = join(import.meta.dirname ?? ".", "../../fixtures/sysroots/rx7900xtx");

/** Why no service can be started; undefined where one can. */
export const NO_SERVICE = whyNoService();

/** A test with a directory of its own, skipped where no service can be started. */
export function faultTest(
  name: string,
  run: (options: ServiceProcessOptions) => Promise<void>,
  skip: string | undefined = NO_SERVICE,
): void {
  Deno.test({
    name: skip === undefined ? name : `${name} (skipped: ${skip})`,
    ignore: skip !== undefined,
    async fn() {
      const directory = Deno.makeTempDirSync({ prefix: "mvgal-faults-" });
      try {
        const config = "[http]\nlisten =\n[daemon]\ninterval_ms = 100\n";
        await run({ directory, sysroot: SYSROOT, config });
      } finally {
        Deno.removeSync(directory, { recursive: true });
      }
    },
  });
}

/** Lets so many ms pass. */
export function wait(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}

/** The log of a service, as it gives it. */
export async function logOf({ client }: ServiceProcess): Promise<string> {
  const { lines } = await client.get<{ lines: LogLine[] }>("/api/v1/logs?limit=1000");
  return lines.map(({ level, part, text }) => `${level} ${part}: ${text}`).join("\n");
}

/** What a service says of itself. */
export async function healthOf({ client }: ServiceProcess): Promise<ServiceHealth> {
  return (await client.get<{ service: ServiceHealth }>("/api/v1/health")).service;
}

/** Asks until an answer is as it is to be. Rejects with the last one after half a minute. */
export async function until<T>(
  ask: () => Promise<T>,
  isSo: (answer: T) => boolean,
  limitMs = 30_000,
): Promise<T> {
  const end = performance.now() + limitMs;
  for (;;) {
    const answer = await ask();
    if (isSo(answer)) return answer;
    if (performance.now() > end) throw new Error(`it stays at ${JSON.stringify(answer)}`);
    await wait(50);
  }
}
