/**
 * One GPU: what it is, what it does, and its past.
 *
 * @module
 */

import { useEffect, useState } from "preact/hooks";
import type { Gpu } from "../../../gpu/gpu.ts";
import { formatBytes, formatLink } from "../../../render/units.ts";
import { METRIC_NAMES } from "../../../telemetry/metrics.ts";
import type { GpuSample } from "../../../telemetry/metrics.ts";
import type { HistoryView } from "../../service_api.ts";
import { fetchHistory } from "../api.ts";
import { formatDateTime, formatTime } from "../core/format.ts";
import { isNumberMetric, nameOf, SHOWN, tell } from "../core/metrics.ts";
import { moved, type Span, zoomed } from "../core/plot_data.ts";
import { formatRoute } from "../core/route.ts";
import { capText } from "../core/power.ts";
import { staleness } from "../core/state.ts";
import { useApp } from "../parts/app_context.ts";
import { Missing } from "../parts/failure.tsx";
import { PowerState } from "../parts/power_state.tsx";
import { ChartPanel } from "./chart_panel.tsx";
import { CHARTED, CHARTS, RANGES } from "./charts.ts";
import { GpuState, Throttle } from "./gpus.tsx";

/** The view of the GPU with an id. */
export function GpuDetailView({ id }: { id: string }) {
  const { state } = useApp();
  const { status, inventory } = state.parts;
  if (status === null) return <Missing part="status" />;
  const sample = status.gpus.find((each) => each.id === id);
  const gpu = inventory?.gpus.find((each) => each.id === id);
  const back = <a href={formatRoute("gpus")}>All GPUs</a>;
  if (sample === undefined) {
    return (
      <p>
        There is no GPU <code>{id}</code> on this host now. {back}
      </p>
    );
  }
  const stale = staleness(state);
  return (
    <div class={stale === null ? undefined : "stale"}>
      <h2>{nameOf(sample)}</h2>
      <p class="badges">
        <GpuState sample={sample} />
        <span class="id">{id}</span>
        {back}
      </p>
      {stale !== null && <p class="failure">As it was at {formatTime(status.at)}: {stale}</p>}
      {sample.reason !== null && <p class="reason">{sample.reason}</p>}
      <Past sample={sample} />
      <Now sample={sample} />
      <Power id={id} />
      {gpu !== undefined && <Identity gpu={gpu} />}
    </div>
  );
}

/** What part of the past is shown: the last so many ms, or from and to. */
type Shown = { ms: number } | Span;

function spanOf(shown: Shown, now: number): Span {
  return "ms" in shown ? { from: now - shown.ms, to: now } : shown;
}

function Past({ sample }: { sample: GpuSample }) {
  const { state: { now, clockAheadMs, parts } } = useApp();
  const [shown, setShown] = useState<Shown>({ ms: RANGES[0].ms });
  const serverNow = parts.status === null ? now + clockAheadMs : Date.parse(parts.status.at);
  const span = spanOf(shown, serverNow);
  const { history, why } = useHistory(sample.id, shown);
  const change = (next: Span) => setShown(next);
  return (
    <section aria-label="The past">
      <h3 class="section">The past</h3>
      <div class="toolbar" role="group" aria-label="What is shown of the past">
        {RANGES.map(({ id, title, ms }) => (
          <button
            key={id}
            type="button"
            aria-pressed={"ms" in shown && shown.ms === ms}
            onClick={() => setShown({ ms })}
          >
            {title}
          </button>
        ))}
        <span class="space" />
        <button type="button" onClick={() => change(moved(span, -0.5, serverNow))}>Earlier</button>
        <button type="button" onClick={() => change(moved(span, 0.5, serverNow))}>Later</button>
        <button type="button" onClick={() => change(zoomed(span, 0.5, serverNow))}>Closer</button>
        <button type="button" onClick={() => change(zoomed(span, 2, serverNow))}>Wider</button>
      </div>
      <p class="muted" data-span>
        {"ms" in shown
          ? "Up to now. Drag over a chart to look closer."
          : `${formatDateTime(span.from)} to ${formatDateTime(span.to)}`}
      </p>
      {why !== null && (
        <p class="failure">
          <strong>No history:</strong> {why}: only what this page has seen is shown
        </p>
      )}
      <div class="charts">
        {CHARTS.map((chart) => (
          <ChartPanel
            key={chart.title}
            chart={chart}
            sample={sample}
            history={history}
            span={span}
            onZoom={change}
          />
        ))}
      </div>
    </section>
  );
}

/** How often the history is asked for again, in ms: what came since is added from the live looks. */
const REFETCH_MS = 60_000;

/** The history of a GPU; why there is none. */
function useHistory(
  gpu: string,
  shown: Shown,
): { history: HistoryView | null; why: string | null } {
  const { state: { link }, store } = useApp();
  const [answer, setAnswer] = useState<{ history: HistoryView | null; why: string | null }>({
    history: null,
    why: null,
  });
  const isLive = link.state === "live";
  useEffect(() => {
    if (!isLive) return;
    const abort = new AbortController();
    const ask = () => {
      const span = spanOf(shown, Date.now() + store.state.clockAheadMs);
      fetchHistory({ gpu, metrics: CHARTED, ...span }, abort.signal).then(
        (history) => setAnswer({ history, why: null }),
        (error) => {
          if (!abort.signal.aborted) setAnswer({ history: null, why: String(error.message) });
        },
      );
    };
    ask();
    const timer = "ms" in shown ? setInterval(ask, REFETCH_MS) : undefined;
    return () => {
      clearInterval(timer);
      abort.abort();
    };
  }, [gpu, shown, isLive]);
  return answer;
}

function Now({ sample }: { sample: GpuSample }) {
  const names = METRIC_NAMES.filter(isNumberMetric);
  const known = names.filter((name) => tell(sample, name).known);
  const unknown = names.filter((name) => !tell(sample, name).known);
  return (
    <section class="panel">
      <h3>Now</h3>
      <dl class="facts">
        <div>
          <dt>Slowed down by</dt>
          <dd>
            <Throttle sample={sample} />
          </dd>
        </div>
        {known.map((name) => {
          const told = tell(sample, name);
          return (
            <div key={name}>
              <dt>{SHOWN[name].label}</dt>
              <dd>
                {told.known && told.text}
                {told.known && told.source !== null && <span class="source">{told.source}</span>}
              </dd>
            </div>
          );
        })}
      </dl>
      {unknown.length > 0 && (
        <details>
          <summary>Not known: {unknown.length}</summary>
          <dl class="facts reasons">
            {unknown.map((name) => {
              const told = tell(sample, name);
              return (
                <div key={name}>
                  <dt>{SHOWN[name].label}</dt>
                  <dd>{!told.known && told.why}</dd>
                </div>
              );
            })}
          </dl>
        </details>
      )}
    </section>
  );
}

function Power({ id }: { id: string }) {
  const { state: { parts: { power } } } = useApp();
  const gpu = power?.gpus.find((each) => each.id === id);
  if (power === null || gpu === undefined) return null;
  return (
    <section class="panel" aria-label="Power manager">
      <h3>Power manager</h3>
      <p class="badges">
        <PowerState of={gpu} />
        <span>{power.enabled ? capText(gpu) : "The power manager is off."}</span>
        <a href={formatRoute("power")}>All of it</a>
      </p>
      {gpu.reason !== null && <p class="reason">{gpu.reason}</p>}
    </section>
  );
}

function Identity({ gpu }: { gpu: Gpu }) {
  const link = gpu.pcie_link_gen === null && gpu.pcie_link_width === null
    ? null
    : formatLink(gpu.pcie_link_gen, gpu.pcie_link_width);
  const facts: [string, string | null, string | undefined][] = [
    ["Vendor", gpu.vendor, undefined],
    ["Driver", gpu.driver, gpu.absent.driver],
    ["Driver version", gpu.driver_version, gpu.absent.driver_version],
    ["UUID", gpu.uuid, gpu.absent.uuid],
    ["PCI address", gpu.pci_slot, gpu.absent.pci_slot],
    ["PCIe link", link, gpu.absent.pcie_link_gen],
    ["NUMA node", gpu.numa_node === null ? null : String(gpu.numa_node), gpu.absent.numa_node],
    [
      "Memory",
      gpu.vram_total_bytes === null ? null : formatBytes(gpu.vram_total_bytes),
      gpu.absent.vram_total_bytes,
    ],
    ["Reached by", Object.keys(gpu.apis).join(", ") || null, "no API shows it"],
  ];
  return (
    <section class="panel">
      <h3>What it is</h3>
      <dl class="facts">
        {facts.map(([name, value, why]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value ?? <span class="unknown">unknown: {why ?? "nothing tells it"}</span>}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
