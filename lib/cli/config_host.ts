/**
 * What `mvgal config` uses of the host.
 *
 * @module
 */

import type { ConfigSearch } from "../config/config_file.ts";
import type { FindService } from "../config/running.ts";
import { discover } from "../discovery/mod.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { standing } from "../gpu/standing.ts";
import type { ConfigView, SchedulerView } from "../daemon/service_api.ts";
import { findService } from "./service_host.ts";
import type { Sysroot } from "../sysfs/sysroot.ts";

/** What `mvgal config` uses of the host. Tests pass their own. */
export interface ConfigHost {
  /** Where the file is searched for. */
  readonly search: Pick<ConfigSearch, "isRoot" | "system">;
  readonly findService: FindService;
  /** The GPUs that work can be placed on, in the order of the listing. */
  gpus(sysroot: Sysroot): Gpu[];
}

/** Files alone are asked: libraries would wake GPUs that sleep. */
const SOURCES = ["pci", "drm", "hwmon", "amdgpu", "intel", "nvidia"];

/** This host. */
export const hostConfig: ConfigHost = {
  search: {},
  async findService(env) {
    const found = await findService(env);
    if (found === undefined) return undefined;
    const { client } = found;
    return {
      where: client.path,
      configPath: async () => (await client.get<ConfigView>("/api/v1/config")).path,
      scheduler: () => client.get<SchedulerView>("/api/v1/scheduler"),
      changeScheduler: async (change) => void await client.put("/api/v1/scheduler", change),
      reload: () => client.post<ConfigView>("/api/v1/config/reload"),
      resetStats: async () => void await client.post("/api/v1/stats/reset"),
      [Symbol.dispose]() {},
    };
  },
  gpus: (sysroot) =>
    discover({ sysroot, only: SOURCES }).gpus.filter((gpu) => standing(gpu) === "gpu"),
};
