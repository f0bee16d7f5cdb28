/**
 * How the GPUs are, and what has changed.
 *
 * @module
 */

import type { GpuHealth, HealthFinding } from "../../../telemetry/health/report.ts";
import { count, formatDateTime, formatDuration, formatTime } from "../core/format.ts";
import { nameOf } from "../core/metrics.ts";
import { formatRoute } from "../core/route.ts";
import { staleness } from "../core/state.ts";
import { useApp } from "../parts/app_context.ts";
import { Badge } from "../parts/badge.tsx";
import { Missing } from "../parts/failure.tsx";
import { useGpuName } from "../parts/gpu_select.tsx";
import { HEALTH_TONES } from "./gpus.tsx";

/** The view. */
export function HealthView() {
  const { state } = useApp();
  const { status } = state.parts;
  if (status === null) return <Missing part="status" />;
  const { health } = status;
  const stale = staleness(state);
  return (
    <>
      {health === undefined
        ? <p class="failure">The service does not judge the health of GPUs.</p>
        : (
          <ul class={`cards ${stale === null ? "" : "stale"}`}>
            {health.gpus.map((gpu) => <Card key={gpu.id} gpu={gpu} at={health.at} />)}
          </ul>
        )}
      {stale !== null && <p class="failure">As it was at {formatTime(status.at)}: {stale}</p>}
      <News />
    </>
  );
}

function Card({ gpu, at }: { gpu: GpuHealth; at: number }) {
  const unjudged = Object.entries(gpu.unjudged);
  return (
    <li class="card">
      <h2>
        <a href={formatRoute("gpus", gpu.id)}>{nameOf(gpu)}</a>
      </h2>
      <p class="badges">
        <Badge tone={HEALTH_TONES[gpu.state]} text={gpu.state === "ok" ? "Well" : gpu.state} />
        <span class="id">{gpu.id}</span>
      </p>
      {gpu.findings.length === 0 && gpu.state === "ok" && <p class="muted">Nothing was found.</p>}
      {gpu.findings.length > 0 && (
        <ul class="plain">
          {gpu.findings.map((finding) => (
            <li key={finding.id}>
              <Finding finding={finding} />{" "}
              <span class="muted">for {formatDuration(at - finding.since)}</span>
            </li>
          ))}
        </ul>
      )}
      {unjudged.length > 0 && (
        <details>
          <summary>{count(unjudged.length, "rule")} could not be applied</summary>
          <dl class="facts reasons">
            {unjudged.map(([rule, why]) => (
              <div key={rule}>
                <dt>{rule.replaceAll("_", " ")}</dt>
                <dd>{why}</dd>
              </div>
            ))}
          </dl>
        </details>
      )}
    </li>
  );
}

function Finding({ finding: { severity, text } }: { finding: HealthFinding }) {
  return (
    <>
      <Badge tone={HEALTH_TONES[severity]} text={severity} /> {text}
    </>
  );
}

function News() {
  const { state: { healthNews } } = useApp();
  const gpuName = useGpuName();
  return (
    <section class="panel">
      <h2>Events</h2>
      {healthNews.length === 0
        ? <p class="muted">Nothing has changed since this page was opened.</p>
        : (
          <ol class="plain news">
            {healthNews.map(({ id, told, edge, gpu, finding }) => (
              <li key={id}>
                <time dateTime={told}>{formatDateTime(told)}</time>{" "}
                <Badge
                  tone={edge === "cleared" ? "good" : HEALTH_TONES[finding.severity]}
                  text={edge === "cleared" ? "over" : finding.severity}
                />{" "}
                {gpuName(gpu)}: {finding.text}
              </li>
            ))}
          </ol>
        )}
    </section>
  );
}
