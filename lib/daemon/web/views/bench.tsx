/**
 * Benchmark runs: starting one, following it, its report, and two side by side.
 *
 * @module
 */

import { useState } from "preact/hooks";
import type { BenchRunView } from "../../service_api.ts";
import { cancelBench, startBench } from "../api.ts";
import { formatDateTime, formatDuration } from "../core/format.ts";
import { formatRoute } from "../core/route.ts";
import { useApp } from "../parts/app_context.ts";
import { Badge, type Tone } from "../parts/badge.tsx";
import { Failure, Missing } from "../parts/failure.tsx";
import { GpuSelect } from "../parts/gpu_select.tsx";
import { useAction } from "../parts/use_action.ts";
import { CompareView } from "./bench_compare.tsx";
import { ReportView } from "./bench_report.tsx";

const STATES: Record<BenchRunView["state"], { tone: Tone; text: string }> = {
  running: { tone: "plain", text: "Running" },
  done: { tone: "good", text: "Done" },
  failed: { tone: "bad", text: "Failed" },
  cancelled: { tone: "unknown", text: "Cancelled" },
};

/** The view; `of` is a run, or two of them with `..` between. */
export function BenchView({ of }: { of: string | null }) {
  const { state: { parts: { runs } } } = useApp();
  const [old, now] = of?.split("..") ?? [];
  return (
    <>
      <Start />
      {runs === null ? <Missing part="runs" /> : <Runs runs={runs} />}
      {old !== undefined && now === undefined && <ReportView key={old} id={old} />}
      {old !== undefined && now !== undefined && (
        <CompareView key={`${old}..${now}`} old={old} now={now} />
      )}
    </>
  );
}

function Start() {
  const { store, state: { parts } } = useApp();
  const [what, setWhat] = useState("");
  const [gpu, setGpu] = useState("");
  const [quick, setQuick] = useState(true);
  const action = useAction();
  const isBusy = parts.runs?.some(({ state }) => state === "running") ?? false;
  const submit = (event: Event) => {
    event.preventDefault();
    const select = what.split(/\s+/).filter((word) => word !== "");
    action.run(async () => {
      const data = await startBench({
        ...(select.length > 0 && { select }),
        ...(gpu !== "" && { gpu }),
        quick,
      });
      const at = data.started_at;
      const told = { id: "", at, kind: "bench" as const, data };
      store.dispatch({ do: "event", event: told, now: Date.now() });
    });
  };
  return (
    <form class="panel" onSubmit={submit}>
      <h2>Start a run</h2>
      <div class="toolbar">
        <label>
          Suites or names
          <input
            type="text"
            value={what}
            placeholder="all, memory, compute.fp*"
            onInput={(event) => setWhat(event.currentTarget.value)}
          />
        </label>
        <GpuSelect value={gpu} onChange={setGpu} all="All GPUs" />
        <label class="check">
          <input
            type="checkbox"
            checked={quick}
            onChange={(event) => setQuick(event.currentTarget.checked)}
          />
          Quick
        </label>
        <button type="submit" class="main" disabled={action.busy || isBusy}>Start</button>
      </div>
      <p class="muted">
        {isBusy
          ? "One goes on: another can start when it has ended."
          : "The GPUs are busy while they are measured, and programs on them slower."}
      </p>
      <Failure of={action} />
    </form>
  );
}

function Runs({ runs }: { runs: readonly BenchRunView[] }) {
  const done = runs.filter(({ state }) => state === "done");
  const [old, setOld] = useState("");
  const [now, setNow] = useState("");
  const pick = (label: string, value: string, set: (id: string) => void) => (
    <label>
      {label}
      <select value={value} onChange={(event) => set(event.currentTarget.value)}>
        <option value="">choose a run</option>
        {done.map(({ id, started_at }) => (
          <option key={id} value={id}>{formatDateTime(started_at)} ({id.slice(0, 8)})</option>
        ))}
      </select>
    </label>
  );
  return (
    <section class="panel">
      <h2>Runs</h2>
      {runs.length === 0
        ? <p class="muted">None yet.</p>
        : <ul class="plain">{runs.map((run) => <Run key={run.id} run={run} />)}</ul>}
      {done.length > 1 && (
        <div class="toolbar">
          {pick("Before", old, setOld)}
          {pick("After", now, setNow)}
          {old !== "" && now !== "" && old !== now
            ? <a class="button" href={formatRoute("bench", `${old}..${now}`)}>Compare</a>
            : <span class="muted">Choose two runs to compare them.</span>}
        </div>
      )}
    </section>
  );
}

function Run({ run }: { run: BenchRunView }) {
  const { state: { now, clockAheadMs } } = useApp();
  const action = useAction();
  const { id, state, started_at, ended_at, what, done, total, error } = run;
  const end = ended_at === null ? now + clockAheadMs : Date.parse(ended_at);
  const took = formatDuration(end - Date.parse(started_at));
  return (
    <li class="run" data-run={id} data-state={state}>
      <p>
        <Badge {...STATES[state]} /> {formatDateTime(started_at)}, {took}{" "}
        <span class="id">{id.slice(0, 8)}</span>
      </p>
      {state === "running" && (
        <p class="progress">
          {total > 0
            ? <progress aria-label="Progress of the run" value={done} max={total} />
            : <progress aria-label="Progress of the run" />}{" "}
          {total > 0 ? `${done} of ${total}` : "starting"} <span class="what">{what}</span>
        </p>
      )}
      {error !== null && <p class="reason">{error}</p>}
      <div class="buttons">
        {state === "done" && (
          <a class="button" href={formatRoute("bench", id)}>
            Report<span class="unseen">of {formatDateTime(started_at)}</span>
          </a>
        )}
        {state === "running" && (
          <button
            type="button"
            disabled={action.busy}
            onClick={() =>
              action.run(async () => {
                await cancelBench(id);
              })}
          >
            Cancel
          </button>
        )}
      </div>
      <Failure of={action} />
    </li>
  );
}
