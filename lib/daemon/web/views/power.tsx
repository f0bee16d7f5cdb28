/**
 * The power manager: its budget, what it does with each GPU, what it did last, and its policy. It is set by the
 * configuration alone, so that nothing can be changed here.
 *
 * @module
 */

import type { PowerView as Power } from "../../service_api.ts";
import { count, formatDuration, formatTime } from "../core/format.ts";
import { shareOf } from "../core/metrics.ts";
import {
  type Budget,
  BUDGET_SOURCES,
  drawOf,
  formatWatts,
  policyFacts,
  type PowerGpu,
} from "../core/power.ts";
import { formatRoute } from "../core/route.ts";
import { staleness } from "../core/state.ts";
import { useApp } from "../parts/app_context.ts";
import { Badge, type Tone } from "../parts/badge.tsx";
import { Bar } from "../parts/bar.tsx";
import { Missing } from "../parts/failure.tsx";
import { useGpuName } from "../parts/gpu_select.tsx";
import { PowerState } from "../parts/power_state.tsx";
import { type Column, SortTable } from "../parts/sort_table.tsx";
import { Unknown } from "../parts/value.tsx";
import { Line } from "./log.tsx";

/** The view. */
export function PowerView() {
  const { state } = useApp();
  const { power, status } = state.parts;
  if (power === null) return <Missing part="power" />;
  const stale = staleness(state);
  return (
    <div class={stale === null ? undefined : "stale"}>
      {stale !== null && status !== null && (
        <p class="failure">As it was at {formatTime(status.at)}: {stale}</p>
      )}
      <Manager power={power} />
      <Gpus power={power} />
      <Deeds />
      <Policy />
    </div>
  );
}

function Manager({ power: { enabled, budget } }: { power: Power }) {
  const { state: { parts } } = useApp();
  const isWanted = parts.config?.values["power"]?.["enabled"] === true;
  return (
    <section class="panel" data-power={enabled ? "on" : "off"}>
      <h2>Power manager</h2>
      <p class="badges">
        <Badge tone={enabled ? "good" : "plain"} text={enabled ? "On" : "Off"} />
        <span>
          {enabled
            ? "It lets idle GPUs sleep, holds hot ones back, and keeps the budget, as its policy allows."
            : isWanted
            ? "The configuration enables it, but this service may change nothing on this host."
            : (
              <>
                It changes nothing. <code>enabled = true</code> in <code>[power]</code>{" "}
                of the configuration turns it on.
              </>
            )}
        </span>
      </p>
      {enabled && (budget === null
        ? <p class="muted">There is no power budget: its policy has no limit of watts.</p>
        : <BudgetFacts budget={budget} />)}
    </section>
  );
}

const BUDGET_STATES: Record<Budget["state"], { tone: Tone; text: string }> = {
  kept: { tone: "good", text: "Kept" },
  infeasible: { tone: "bad", text: "Cannot be kept" },
  refused: { tone: "bad", text: "Refused" },
};

function BudgetFacts({ budget }: { budget: Budget }) {
  const { state: { parts } } = useApp();
  const { watts, source, assigned_w, state, reason } = budget;
  const draw = drawOf(parts.status?.gpus ?? []);
  return (
    <>
      <h3>Budget</h3>
      <p class="badges">
        <Badge {...BUDGET_STATES[state]} />
        <span>
          <strong>{formatWatts(watts)}</strong>, {BUDGET_SOURCES[source]}
        </span>
      </p>
      {reason !== null && <p class={state === "kept" ? "reason" : "failure"}>{reason}</p>}
      <dl class="figures budget">
        <div>
          <dt>Allowed by the caps of all GPUs</dt>
          <dd>
            {assigned_w === null
              ? <Unknown why="some GPU tells neither its cap nor its power" />
              : <span class="figure">{formatWatts(assigned_w)}</span>}
            <span class="whole">{` of ${formatWatts(watts)}`}</span>
          </dd>
          <dd class="picture">
            <Bar share={shareOf(assigned_w, watts)} isFullWell />
          </dd>
        </div>
        <div>
          <dt>Drawn now</dt>
          <dd>
            {draw.known === 0
              ? <Unknown why="no GPU tells its power" />
              : <span class="figure">{formatWatts(draw.watts)}</span>}
            {draw.known > 0 && draw.known < draw.of && (
              <span class="whole">
                {` by ${draw.known} of ${count(draw.of, "GPU")}; the others do not tell`}
              </span>
            )}
          </dd>
          <dd class="picture">
            <Bar share={draw.known === 0 ? null : shareOf(draw.watts, watts)} />
          </dd>
        </div>
      </dl>
    </>
  );
}

function columnsWith(nameOf: (id: string) => string): Column<PowerGpu>[] {
  const watts = (value: number | null, why: string) =>
    value === null ? <Unknown word="–" why={why} /> : formatWatts(value);
  return [
    {
      id: "gpu",
      title: "GPU",
      key: ({ id }) => nameOf(id),
      cell: ({ id }) => <a href={formatRoute("gpus", id)}>{nameOf(id)}</a>,
    },
    {
      id: "state",
      title: "State",
      key: ({ state }) => state,
      cell: (gpu) => <PowerState of={gpu} />,
    },
    {
      id: "cap",
      title: "Cap now",
      isNumber: true,
      key: ({ cap_w }) => cap_w,
      cell: ({ cap_w }) => watts(cap_w, "it was not read, or the GPU has none"),
    },
    {
      id: "own",
      title: "Without the manager",
      isNumber: true,
      key: ({ own_cap_w }) => own_cap_w,
      cell: ({ own_cap_w }) => watts(own_cap_w, "it was not read, or the GPU has none"),
    },
    {
      id: "idle",
      title: "Nothing to do for",
      isNumber: true,
      key: ({ idle_ms }) => idle_ms,
      cell: ({ idle_ms }) => idle_ms < 1000 ? "–" : formatDuration(idle_ms),
    },
    {
      id: "thermal",
      title: "Steps back for heat",
      isNumber: true,
      key: ({ thermal_step }) => thermal_step,
      cell: ({ thermal_step }) => thermal_step === 0 ? "–" : thermal_step,
    },
    {
      id: "reason",
      title: "Why",
      key: ({ reason }) => reason,
      cell: ({ reason }) => reason ?? "–",
      kind: "why",
    },
  ];
}

function Gpus({ power }: { power: Power }) {
  const nameOf = useGpuName();
  return (
    <section class="panel">
      <h2>GPUs</h2>
      <SortTable
        caption="What the power manager does with each GPU"
        columns={columnsWith(nameOf)}
        rows={power.gpus}
        rowKey={({ id }) => id}
        start={{ column: "gpu", descending: false }}
        empty="The power manager has seen no GPU yet."
      />
    </section>
  );
}

/** How many lines of the log are shown, the newest. */
const DEEDS = 10;

function Deeds() {
  const nameOf = useGpuName();
  const { state: { parts: { log } } } = useApp();
  const lines = (log ?? []).filter(({ part, level }) => part === "power" && level !== "debug");
  return (
    <section class="panel">
      <h2>What it did last</h2>
      {log === null
        ? <Missing part="log" />
        : lines.length === 0
        ? <p class="muted">The log has nothing of it.</p>
        : (
          <ol class="plain news" data-deeds>
            {lines.slice(-DEEDS).reverse().map((line) => (
              <Line key={`${line.at} ${line.id}`} line={line} nameOf={nameOf} />
            ))}
          </ol>
        )}
      <p>
        <a href={formatRoute("log")}>The whole log</a>
      </p>
    </section>
  );
}

function Policy() {
  const { state: { parts: { config } } } = useApp();
  if (config === null) return <Missing part="config" />;
  return (
    <section class="panel">
      <h2>Policy</h2>
      <p class="muted">
        {config.path === null ? "There is no configuration file: these are the defaults." : (
          <>
            From <code>{config.path}</code>.
          </>
        )}
      </p>
      <dl class="facts">
        {policyFacts(config).map(([label, text]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
