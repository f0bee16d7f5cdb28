/**
 * The running service as commands find it.
 *
 * @module
 */

import { hasSocket, ServiceClient } from "../client/service_client.ts";
import { socketPaths } from "../client/socket_path.ts";
import { loadConfig } from "../config/config_file.ts";
import type { ServiceHealth } from "../daemon/service_api.ts";

/** A service that answers. */
export interface FoundService {
  client: ServiceClient;
  health: ServiceHealth;
}

/** What the configuration says of the socket; null where it says nothing, or cannot be read. */
function configuredSocket(env: (name: string) => string | undefined): string | null {
  try {
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
 */
export async function findService(
  env: (name: string) => string | undefined,
  socket?: string,
): Promise<FoundService | undefined> {
  const paths = socket === undefined ? socketPaths(env, configuredSocket(env)) : [socket];
  for (const path of paths) {
    if (!hasSocket(path)) continue;
    const client = new ServiceClient(path);
    try {
      const { service } = await client.get<{ service: ServiceHealth }>("/api/v1/health");
      return { client, health: service };
    } catch {
      // What a killed service left behind, or one that this user may not ask.
    }
  }
  return undefined;
}
