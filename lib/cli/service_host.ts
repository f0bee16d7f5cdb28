/**
 * The running service as commands find it.
 *
 * @module
 */

import { ClientError, hasSocket, ServiceClient } from "../client/service_client.ts";
import { socketPaths } from "../client/socket_path.ts";
import { findConfig } from "../config/config_path.ts";
import type { ServiceHealth } from "../daemon/service_api.ts";
import type { CommandContext } from "./command.ts";
import { VERSION } from "./version.ts";

/** A service that answers. */
export interface FoundService {
  client: ServiceClient;
  health: ServiceHealth;
}

/** What the configuration says of the socket; null where it says nothing, or cannot be read. */
async function configuredSocket(
  env: (name: string) => string | undefined,
): Promise<string | null> {
  // To read it takes longer than to ask the service.
  if (!findConfig({ env }).exists) return null;
  try {
    const { loadConfig } = await import("../config/config_file.ts");
    const { valid, config } = loadConfig({ env });
    return valid ? config.daemon.socket : null;
  } catch {
    return null;
  }
}

/**
 * The service that answers: of this user, else of the host.
 *
 * @param socket asked alone, where it is given.
 * @param failed told of each that is there, and does not answer as a service does; one line.
 */
export async function findService(
  env: (name: string) => string | undefined,
  socket?: string,
  failed: (why: string) => void = () => {},
): Promise<FoundService | undefined> {
  const paths = socket === undefined ? socketPaths(env, await configuredSocket(env)) : [socket];
  for (const path of paths) {
    if (!hasSocket(path)) continue;
    const client = new ServiceClient(path);
    try {
      const { service } = await client.get<{ service?: ServiceHealth }>("/api/v1/health");
      if (typeof service?.pid === "number") return { client, health: service };
      failed(`what listens at ${path} is no service of mvgal`);
    } catch (error) {
      // What a killed service left behind, or one that this user may not ask, is none.
      if (error instanceof ClientError && error.reached) failed(error.message);
    }
  }
  return undefined;
}

/**
 * The service that speaks for this host in place of the command itself. One that cannot, though it runs, is
 * told in a line on standard error, and the command goes on without it.
 */
export async function findHostService(
  { env, stderr }: Pick<CommandContext, "env" | "stderr">,
  find: typeof findService = findService,
): Promise<FoundService | undefined> {
  const without = (why: string) => void stderr.write(`mvgal: ${why}; going on without it\n`);
  const found = await find(env, undefined, without);
  if (found === undefined) return undefined;
  const { client, health: { sysroot, version } } = found;
  // Who started a service of another host's dump has asked for that, and not whoever looks here.
  if (sysroot !== null) return undefined;
  if (version === VERSION) return found;
  without(`the service at ${client.path} is of version ${version}, and this is ${VERSION}`);
  return undefined;
}
