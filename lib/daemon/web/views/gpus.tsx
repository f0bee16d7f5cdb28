/**
 * All GPUs, a live card each.
 *
 * @module
 */

import type { GpuSample } from "../../../telemetry/metrics.ts";
import type { HealthState } from "../../../telemetry/health/report.ts";
import { count, formatTime, wordsOf } from "../core/format.ts";
import { nameOf, shareOf, whyUnknown } from "../core/metrics.ts";
import { formatRoute } from "../core/route.ts";
import { staleness } from "../core/state.ts";
import { trendOf } from "../core/trend.ts";
import { useApp } from "../parts/app_context.ts";
import { Badge, type Tone } from "../parts/badge.tsx";
import { Bar } from "../parts/bar.tsx";
import { Missing } from "../parts/failure.tsx";
import { ACTS, PowerState } from "../parts/power_state.tsx";
import { Sparkline } from "../parts/sparkline.tsx";
import { PartOf, Unknown, Value } from "../parts/value.tsx";

/** Tones of a GPU's health. */
export const HEALTH_TONES: Record<HealthState, Tone> = {
  ok: "good",
  warning: "warning",
  critical: "bad",
  unknown: "unknown",
};

const STATES: Record<GpuSample["state"], { tone: Tone; text: string }> = {
  ok: { tone: "good", text: "Working" },
  asleep: { tone: "plain", text: "Asleep" },
  lost: { tone: "bad", text: "Lost" },
  unsupported: { tone: "unknown", text: "Not readable" },
};

/** The state of a GPU in a word; one of a later version of the service is shown as it is called there. */
export function GpuState({ sample }: { sample: GpuSample }) {
  const { state } = sample;
  const known = Object.hasOwn(STATES, state) ? STATES[state] : undefined;
  return <Badge {...known ?? { tone: "unknown", text: state }} />;
}

/** The view. */
export function GpusView() {
  const { state } = useApp();
  const status = state.parts.status;
  if (status === null) return <Missing part="status" />;
  if (status.gpus.length === 0) {
    return (
      <p>
        No GPU was found on this host. <code>mvgal doctor</code> says what it lacks.
      </p>
    );
  }
  const stale = staleness(state);
  const isWide = status.gpus.length <= 2;
  return (
    <>
      <p class="muted">
        {count(status.gpus.length, "GPU")}
        {stale === null ? "" : `, as they were at ${formatTime(status.at)}: ${stale}`}
      </p>
      <ul class={`cards ${stale === null ? "" : "stale"} ${isWide ? "few" : ""}`}>
        {status.gpus.map((sample) => <Card key={sample.id} sample={sample} />)}
      </ul>
    </>
  );
}

function Card({ sample }: { sample: GpuSample }) {
  const { state: { parts } } = useApp();
  const health = parts.status?.health?.gpus.find(({ id }) => id === sample.id);
  const power = parts.power?.gpus.find(({ id }) => id === sample.id);
  return (
    <li class={`card ${sample.state}`} data-gpu={sample.id}>
      <h2>
        <a href={formatRoute("gpus", sample.id)}>{nameOf(sample)}</a>
      </h2>
      <p class="badges">
        <GpuState sample={sample} />
        {health !== undefined && health.state !== "ok" && (
          <Badge tone={HEALTH_TONES[health.state]} text={`Health ${health.state}`} />
        )}
        {power !== undefined && ACTS.includes(power.state) && <PowerState of={power} />}
        <span class="id">{sample.id}</span>
      </p>
      {sample.state === "ok" ? <Figures sample={sample} /> : <p class="reason">{sample.reason}</p>}
    </li>
  );
}

function Figures({ sample }: { sample: GpuSample }) {
  const { state } = useApp();
  const status = state.parts.status;
  const {
    id,
    utilization_pct,
    vram_used_bytes,
    vram_total_bytes,
    power_w,
    power_cap_w,
    temperature_c,
    temperature_slowdown_c,
  } = sample;
  return (
    <>
      <dl class="figures">
        <div class="first">
          <dt>Utilization</dt>
          <dd>
            <Value sample={sample} of="utilization_pct" />
          </dd>
          <dd class="picture">
            <Bar share={shareOf(utilization_pct, 100)} isFullWell />
            <Sparkline
              points={trendOf(state.recent, id, "utilization_pct")}
              now={status === null ? state.now : Date.parse(status.at)}
              most={100}
              intervalMs={status?.interval_ms ?? 1000}
            />
          </dd>
        </div>
        <div>
          <dt>Memory</dt>
          <dd>
            <PartOf sample={sample} part="vram_used_bytes" whole="vram_total_bytes" />
          </dd>
          <dd class="picture">
            <Bar share={shareOf(vram_used_bytes, vram_total_bytes)} />
          </dd>
        </div>
        <div>
          <dt>Power</dt>
          <dd>
            <PartOf sample={sample} part="power_w" whole="power_cap_w" />
          </dd>
          <dd class="picture">
            <Bar share={shareOf(power_w, power_cap_w)} />
          </dd>
        </div>
        <div>
          <dt>Temperature</dt>
          <dd>
            <PartOf sample={sample} part="temperature_c" whole="temperature_slowdown_c" />
          </dd>
          <dd class="picture">
            <Bar share={shareOf(temperature_c, temperature_slowdown_c)} />
          </dd>
        </div>
        <div class="plain">
          <dt>Core clock</dt>
          <dd>
            <Value sample={sample} of="core_clock_mhz" />
          </dd>
        </div>
        <div class="plain">
          <dt>Memory clock</dt>
          <dd>
            <Value sample={sample} of="memory_clock_mhz" />
          </dd>
        </div>
        <div class="plain">
          <dt>Slowed down by</dt>
          <dd>
            <Throttle sample={sample} />
          </dd>
        </div>
      </dl>
    </>
  );
}

/** Why the clock is lower than it could be. */
export function Throttle({ sample }: { sample: GpuSample }) {
  const reasons: GpuSample["throttle_reasons"] | undefined = sample.throttle_reasons;
  if (reasons === null || reasons === undefined) {
    return <Unknown why={whyUnknown(sample, "throttle_reasons")} />;
  }
  if (reasons.length === 0) return <span class="figure">nothing</span>;
  return <Badge tone="warning" text={reasons.map(wordsOf).join(", ")} />;
}
