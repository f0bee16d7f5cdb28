/**
 * A service of which everything can be told: every field of its documents is there at least once.
 *
 * @module
 */

import { sampleReport } from "../render/sample_report.ts";
import type * as api from "../../lib/daemon/service_api.ts";
import { inventoryDocument } from "../../lib/discovery/inventory.ts";
import type { ApiDevice, Gpu } from "../../lib/gpu/gpu.ts";
import type { StatusDocument } from "../../lib/render/status_document.ts";
import type { HealthFinding, HealthReport } from "../../lib/telemetry/health/report.ts";
import { fakeSettings } from "../web/fake_documents.ts";
import { FakeService } from "./fake_service.ts";
import { idOf } from "./gpus.ts";

const AT = "2026-01-01T00:00:00.000Z";

const DEVICE: ApiDevice = {
  index: "0",
  name: "a device",
  api_version: "1.3.260",
  driver: null,
  uuid: null,
  capabilities: ["shaderFloat64"],
  memory_total_bytes: 1 << 30,
};

const FINDING: HealthFinding = {
  id: "temperature_high",
  severity: "warning",
  metric: "temperature_c",
  value: 95,
  limit: 90,
  since: 1000,
  text: "95 °C, of 90",
};

/** GPUs 0 and 1 are linked, and known by every API. */
function known(gpu: Gpu): Gpu {
  const link = { link: 0, active: true, remote_type: "gpu", version: 4 } as const;
  return {
    ...gpu,
    apis: { vulkan: [DEVICE], opencl: [DEVICE], cuda: [DEVICE], level_zero: [], hip: [] },
    connectors: [{ name: "DP-1", status: "connected" }],
    pcie_path: ["0000:00:01.0", gpu.pci_slot ?? ""],
    memory_kind: "dedicated",
    numa_node: 0,
    power_state: "active",
    sriov: { role: "vf", total_vfs: null, num_vfs: null, physical_function: "0000:00:00.0" },
    mig_enabled: false,
    peer_links: [{ ...link, remote: idOf(1 - gpu.index).slice("pci:".length) }],
    sources: { name: "nvml" },
    absent: { board_name: "no list has it" },
  };
}

/** Two GPUs; nothing of it is empty. */
export class FullService extends FakeService {
  constructor() {
    super({ gpus: 2, processes: 2 });
    this.listed.splice(0, 2, ...this.listed.map(known));
  }

  override inventory() {
    const source = { name: "pci", reads: "files", state: "ok", reason: null } as const;
    return inventoryDocument({
      gpus: [...this.listed, { ...this.listed[0] as Gpu, id: "vulkan:cpu", kind: "software" }],
      sources: [{ ...source, devices: 2, note: "its bus is slow" }],
      notes: ["GPU 1 may be GPU 0"],
    });
  }

  override status(): StatusDocument | null {
    const status = super.status();
    if (status === null) return null;
    const [first, ...others] = status.processes ?? [];
    if (first === undefined) return status;
    const program = {
      ...first,
      kinds: ["graphics", "compute"],
      engine_utilization_pct: { gfx: 10, other: 0 },
      memory_bytes: { vram: 4096, gtt: 0 },
    } as const;
    return {
      ...status,
      gpus: status.gpus.map((gpu) => ({
        ...gpu,
        throttle_reasons: ["thermal"],
        power_state: "active",
        sources: { power_w: "nvml" },
        absent: { fan_rpm: "it has none" },
      })),
      processes: [{ ...program, kinds: [...program.kinds] }, ...others],
      partial: "fdinfo of 12 processes of other users: needs CAP_SYS_PTRACE (root)",
      health: this.report(),
    };
  }

  /** The health of its GPUs. */
  report(): HealthReport {
    const gpu = { id: idOf(0), index: 0, name: null };
    return {
      at: 1000,
      gpus: [{ ...gpu, state: "warning", findings: [FINDING], unjudged: { fan_stuck: "no fan" } }],
      events: [{ at: 1000, gpu: idOf(0), finding: { ...FINDING, metric: null }, edge: "raised" }],
      worst: "warning",
    };
  }

  override sessions(): api.SessionView[] {
    return [{
      id: "4711.99",
      pid: 4711,
      command: "train.py",
      since: AT,
      api: "cuda",
      strategy: "hybrid",
      gpus: [idOf(0), idOf(1)],
      placed_on: idOf(0),
      placed_because: "the least busy",
      counters: [{ gpu: idOf(0), bytes: 5e9, launches: 12_345, splits: 678, busy_ms: 90.5 }],
      kernels: { whole: 12, parted: 339 },
      whole: [{ reason: "atomics on global memory", count: 12 }],
    }];
  }

  override async history(query: api.HistoryQuery): Promise<api.HistoryView> {
    const history = await super.history(query);
    const points = [{ at: AT, mean: 1.5, min: 1, max: 2 }];
    return { ...history, series: [{ gpu: idOf(0), metric: "power_w", points }] };
  }

  override power(): api.PowerView {
    const gpu = { id: idOf(0), state: "limited", asleep: null, idle_ms: 0, cap_w: 200 } as const;
    return {
      schema: "mvgal.power/1",
      enabled: true,
      budget: {
        watts: 500,
        source: "psu_capacity_watts",
        assigned_w: null,
        state: "infeasible",
        reason: "the least caps are 600 W",
      },
      gpus: [{ ...gpu, own_cap_w: 300, thermal_step: 1, reason: "95 °C" }],
    };
  }

  override logs(query: api.LogQuery): api.LogLine[] {
    super.logs(query);
    return [{ id: 1, at: AT, level: "warning", part: "health", text: "hot", gpu: idOf(0) }];
  }

  override config(): api.ConfigView {
    const values = { core: { strategy: "afr", enabled: true, limit: 1.5, file: null } };
    return { path: "/etc/mvgal/mvgal.conf", values, loaded_at: AT, problem: "line 3: no key a" };
  }

  override settings(gpu: string): api.ControlView {
    return { ...fakeSettings(super.settings(gpu).gpu), absent: { fan: "it has none" } };
  }

  override plan(request: api.ControlRequest): api.ControlPlanView {
    const change = { setting: "power_cap_w", from: 700, to: null, reset: true } as const;
    return { ...super.plan(request), changes: [change], steps: ["write"], obstacles: ["root"] };
  }

  override benchReport(id: string): unknown {
    super.benchReport(id);
    return sampleReport("h200", 3);
  }

  /** Publishes an event of every kind. */
  publishAll(): void {
    const [session] = this.sessions(), [line] = this.logs({}), [run] = this.benchRuns();
    if (session === undefined || line === undefined || run === undefined) throw new Error("no run");
    this.tick();
    this.events.publish("power", this.power());
    this.events.publish("health", this.report());
    this.events.publish("gpus", { added: [idOf(2)], removed: [] });
    this.events.publish("scheduler", this.scheduler());
    this.events.publish("session", { edge: "begin", session });
    this.events.publish("log", line);
    this.events.publish("config", this.config());
    this.events.publish("control", {
      gpu: idOf(0),
      group: "power",
      changes: [{ setting: "power_cap_w", from: 700, to: 500, reset: false }],
      state: "pending",
      reverts_at: AT,
      message: null,
    });
    this.events.publish("bench", run);
  }
}
