/**
 * Settings that the service changes: its journal, its log and its events know of them, and its rights count.
 *
 * @module
 */

import { ClientError, type ServiceClient } from "../client/service_client.ts";
import {
  type Changes,
  type SettingGroup,
  SETTINGS,
  type SettingState,
} from "../control/setting.ts";
import type {
  ControlEntryView,
  ControlPlanView,
  ControlRequest,
  ControlView,
} from "../daemon/service_api.ts";
import type { Gpu, GpuId } from "../gpu/gpu.ts";
import type { CommandContext } from "./command.ts";
import { findHostService } from "./service_host.ts";
import {
  type GroupSettings,
  type MadeChange,
  pendingLine,
  type SettingsDesk,
  type ShownPlan,
  type TakenBack,
} from "./settings_desk.ts";

/**
 * Seconds for which changes are made that are to stay, and that the service would not make at once and for good:
 * several, or risky ones. Should the service or this program end before they are kept, they go back.
 */
const LEASE_S = 30;

interface Planned {
  request: ControlRequest;
  view: ControlPlanView;
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function has(error: unknown, status: number): boolean {
  return error instanceof ClientError && error.status === status;
}

/** Changes settings through the service. */
export class ServiceDesk implements SettingsDesk {
  readonly #client: ServiceClient;
  readonly #planned = new Map<ShownPlan, Planned>();
  #made: readonly ControlEntryView[] = [];

  /** Asks nothing yet. */
  constructor(client: ServiceClient) {
    this.#client = client;
  }

  #settings(gpu: GpuId): Promise<ControlView> {
    return this.#client.get(`/api/v1/control/${encodeURIComponent(gpu)}`);
  }

  /** The changes of some GPUs' group that are not kept. */
  async #open(gpus: readonly GpuId[], group: SettingGroup): Promise<ControlEntryView[]> {
    const all = await this.#client.get<ControlEntryView[]>("/api/v1/control");
    return all.filter((entry) =>
      gpus.includes(entry.gpu) && entry.group === group && entry.state !== "confirmed"
    );
  }

  async settings(gpu: Gpu, group: SettingGroup): Promise<GroupSettings> {
    const { settings, absent } = await this.#settings(gpu.id);
    return {
      settings: settings.filter(({ id }) => SETTINGS[id].group === group),
      absent: absent[group] ?? null,
      pending: (await this.#open([gpu.id], group))
        .map(({ reverts_at, message }) => pendingLine(reverts_at, message)),
    };
  }

  async plan(
    gpu: Gpu,
    group: SettingGroup,
    changesFor: (has: { settings: readonly SettingState[] }) => Changes,
  ): Promise<ShownPlan> {
    const changes = changesFor(await this.#settings(gpu.id));
    const request: ControlRequest = {
      gpu: gpu.id,
      group,
      values: Object.fromEntries(
        Array.from(changes, ([id, change]) => [id, change.kind === "set" ? change.value : null]),
      ),
    };
    return await this.#plan(request);
  }

  async #plan(request: ControlRequest): Promise<ShownPlan> {
    const view = await this.#client.post<ControlPlanView>("/api/v1/control/plan", request);
    const { gpu, group, changes, actions, risky, obstacles } = view;
    const shown: ShownPlan = { gpu, group, changes, steps: actions, risky, obstacles };
    this.#planned.set(shown, { request, view });
    return shown;
  }

  async takeBackEarlier(gpus: readonly GpuId[], group: SettingGroup): Promise<string[]> {
    const told: string[] = [];
    for (const entry of await this.#open(gpus, group)) {
      const { message } = await this.#revert(entry);
      told.push(message);
    }
    return told;
  }

  /** Takes one change back. What the GPU refuses, and that the service has ended, is in the message. */
  async #revert({ gpu, group, reverts_at }: ControlEntryView): Promise<TakenBack> {
    const path = `/api/v1/control/${encodeURIComponent(gpu)}/${group}/revert`;
    try {
      const { message } = await this.#client.post<ControlEntryView>(path);
      return { message: message ?? `${gpu}: taken back`, settled: true };
    } catch (error) {
      if (has(error, 404)) return { message: `${gpu}: was taken back already`, settled: true };
      if (has(error, 409)) return { message: reason(error), settled: false };
      const later = reverts_at === null ? "" : `; it is taken back at ${reverts_at}`;
      return { message: `${gpu}: ${reason(error)}${later}`, settled: false };
    }
  }

  async apply(plans: readonly ShownPlan[], seconds: number | undefined): Promise<MadeChange[]> {
    const stays = seconds === undefined;
    const lease = stays && (plans.length > 1 || plans.some(({ risky }) => risky))
      ? LEASE_S
      : seconds;
    const made: ControlEntryView[] = [];
    try {
      for (const plan of plans) made.push(await this.#apply(plan, lease));
      this.#made = made;
      if (stays && lease !== undefined && !await this.keep()) {
        throw new Error("they were taken back before they could be kept: try again");
      }
    } catch (error) {
      const told: string[] = [];
      for (const entry of made.toReversed()) told.push((await this.#revert(entry)).message);
      throw new Error([reason(error), ...told].join("; "));
    }
    return made.map(({ gpu, reverts_at }) => ({ gpu, until: stays ? null : reverts_at }));
  }

  /** Makes one plan; one that was shown for longer than the service keeps it is made where it is the same. */
  async #apply(plan: ShownPlan, seconds: number | undefined): Promise<ControlEntryView> {
    const planned = this.#planned.get(plan);
    if (planned === undefined) throw new RangeError("the plan of another desk");
    const make = ({ view: { token } }: Planned) =>
      this.#client.post<ControlEntryView>("/api/v1/control/apply", { token, seconds });
    try {
      return await make(planned);
    } catch (error) {
      if (has(error, 404)) {
        const anew = await this.#plan(planned.request);
        const again = this.#planned.get(anew);
        if (again !== undefined && JSON.stringify(anew) === JSON.stringify(plan)) {
          return await make(again);
        }
        throw new Error(
          `${plan.gpu}: its settings became others after the plan was made: something else sets them ` +
            "too; nothing was written, try again",
        );
      }
      if (!(error instanceof ClientError) || error.status !== undefined) throw error;
      throw new Error(`${error.message}; ${this.#fate(plan, error, seconds)}`);
    }
  }

  /** What is known of a change that the service was asked to make, and did not answer. */
  #fate(plan: ShownPlan, { reached }: ClientError, seconds: number | undefined): string {
    if (!reached) return "nothing was changed";
    return seconds === undefined
      ? `whether the change was made says mvgal ${plan.group} show`
      : `if the change was made it is taken back within ${seconds} s`;
  }

  async keep(): Promise<boolean> {
    const kept: boolean[] = [];
    for (const entry of this.#made) {
      const { gpu, group, reverts_at } = entry;
      try {
        // The process that waits may have taken it back, and somebody else have made another.
        const open = await this.#open([gpu], group);
        const still = open.some((each) => each.reverts_at === reverts_at);
        if (still) {
          const path = `/api/v1/control/${encodeURIComponent(gpu)}/${group}/confirm`;
          await this.#client.post(path);
        }
        kept.push(still);
      } catch {
        // Taking them back says why.
        kept.push(false);
      }
    }
    return kept.every(Boolean);
  }

  async takeBack(): Promise<TakenBack[]> {
    const taken: TakenBack[] = [];
    for (const entry of this.#made) {
      let open: ControlEntryView[];
      try {
        open = await this.#open([entry.gpu], entry.group);
      } catch (error) {
        const message = `${entry.gpu}: ${reason(error)}; it is taken back at ${entry.reverts_at}`;
        taken.push({ message, settled: false });
        continue;
      }
      if (open.some(({ reverts_at }) => reverts_at === entry.reverts_at)) {
        taken.push(await this.#revert(entry));
      }
    }
    return taken;
  }
}

/**
 * The service that runs, as who changes settings; undefined where none does, or it does not know these GPUs:
 * bare display controllers have settings too.
 *
 * @param find finds it.
 */
export async function openServiceDesk(
  context: Pick<CommandContext, "env" | "stderr">,
  gpus: readonly Gpu[],
  find: typeof findHostService = findHostService,
): Promise<SettingsDesk | undefined> {
  const found = await find(context);
  if (found === undefined) return undefined;
  let known: { id: GpuId }[];
  try {
    known = await found.client.get("/api/v1/gpus");
  } catch (error) {
    context.stderr.write(`mvgal: ${reason(error)}; going on without it\n`);
    return undefined;
  }
  return gpus.every((gpu) => known.some(({ id }) => id === gpu.id))
    ? new ServiceDesk(found.client)
    : undefined;
}
