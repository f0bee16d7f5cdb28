/**
 * Where work goes: the strategy, and which GPUs take part.
 *
 * @module
 */

import { useState } from "preact/hooks";
import type { StrategyName } from "../../../schedule/strategies.ts";
import type { SchedulerGpu, SchedulerView as Scheduler } from "../../service_api.ts";
import { changeScheduler } from "../api.ts";
import { formatNumber } from "../core/format.ts";
import { changeOf, type Draft } from "../core/scheduler_draft.ts";
import { useApp } from "../parts/app_context.ts";
import { Failure, Missing } from "../parts/failure.tsx";
import { useGpuName } from "../parts/gpu_select.tsx";
import { useAction } from "../parts/use_action.ts";
import { Unknown } from "../parts/value.tsx";

/** What each strategy does, in the order in which they are offered. */
const STRATEGIES: Record<StrategyName, string> = {
  round_robin: "each piece of work whole, on one GPU after the other",
  afr: "frames alternate between the GPUs, in proportion to their speeds",
  sfr: "each frame is cut into parts, one a GPU",
  task: "each piece of work whole, on the GPU that would be done with it first",
  compute_offload: "one GPU draws, another computes",
  hybrid: "what is measured to be best of the others",
  single: "everything on one GPU",
};

/** The view. */
export function SchedulerView() {
  const { state: { parts: { scheduler } } } = useApp();
  return scheduler === null ? <Missing part="scheduler" /> : <Form scheduler={scheduler} />;
}

function Form({ scheduler }: { scheduler: Scheduler }) {
  const { store } = useApp();
  const [draft, setDraft] = useState<Draft>({ gpus: {} });
  const [isDone, setDone] = useState(false);
  const action = useAction();
  const change = changeOf(scheduler, draft);
  const strategy = draft.strategy ?? scheduler.strategy;
  const edit = (next: Draft) => {
    setDone(false);
    setDraft(next);
  };
  const submit = (event: Event) => {
    event.preventDefault();
    if (change === null) return;
    action.run(async () => {
      const data = await changeScheduler(change);
      store.dispatch({ do: "fetched", part: "scheduler", data, now: Date.now() });
      setDraft({ gpus: {} });
      setDone(true);
    });
  };
  return (
    <form onSubmit={submit} class="panel">
      <fieldset class="choices">
        <legend>Strategy</legend>
        {(Object.entries(STRATEGIES) as [StrategyName, string][]).map(([name, what]) => (
          <label key={name} class="check">
            <input
              type="radio"
              name="strategy"
              value={name}
              checked={strategy === name}
              onChange={() =>
                edit({ ...draft, strategy: name })}
            />
            <span>
              <strong>{name}</strong> <span class="muted">{what}</span>
            </span>
          </label>
        ))}
      </fieldset>
      <Gpus scheduler={scheduler} draft={draft} edit={edit} />
      <div class="buttons">
        <button type="submit" class="main" disabled={change === null || action.busy}>
          Apply
        </button>
        <button
          type="button"
          disabled={change === null || action.busy}
          onClick={() => edit({ gpus: {} })}
        >
          Discard
        </button>
        <span role="status" class="muted">
          {action.busy
            ? "Under way…"
            : change !== null
            ? "Not applied yet."
            : isDone
            ? "Applied."
            : ""}
        </span>
      </div>
      <Failure of={action} />
    </form>
  );
}

function Gpus(
  { scheduler, draft, edit }: {
    scheduler: Scheduler;
    draft: Draft;
    edit: (next: Draft) => void;
  },
) {
  return (
    <div class="scroll" role="region" aria-label="GPUs of the scheduler" tabIndex={0}>
      <table>
        <caption class="unseen">GPUs of the scheduler</caption>
        <thead>
          <tr>
            <th scope="col">GPU</th>
            <th scope="col">Takes part</th>
            <th scope="col">Priority</th>
            <th scope="col" class="number">Weight</th>
            <th scope="col" class="number">Load</th>
            <th scope="col" class="number">Programs</th>
          </tr>
        </thead>
        <tbody>
          {scheduler.gpus.map((gpu) => (
            <Row
              key={gpu.id}
              gpu={gpu}
              of={draft.gpus[gpu.id] ?? {}}
              set={(next) => edit({ ...draft, gpus: { ...draft.gpus, [gpu.id]: next } })}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row(
  { gpu, of, set }: {
    gpu: SchedulerGpu;
    of: Draft["gpus"][string];
    set: (next: Draft["gpus"][string]) => void;
  },
) {
  const name = useGpuName()(gpu.id);
  return (
    <tr>
      <th scope="row">{name}</th>
      <td>
        <input
          type="checkbox"
          aria-label={`${name} takes part`}
          checked={of.enabled ?? gpu.enabled}
          onChange={(event) => set({ ...of, enabled: event.currentTarget.checked })}
        />
      </td>
      <td>
        <input
          type="number"
          min={0}
          max={100}
          step={1}
          required
          aria-label={`Priority of ${name}`}
          value={of.priority ?? String(gpu.priority)}
          onInput={(event) => set({ ...of, priority: event.currentTarget.value })}
        />
      </td>
      <td class="number">
        {gpu.weight === null
          ? <Unknown word="–" why="it was never measured" />
          : <span title={gpu.weight_source ?? undefined}>{formatNumber(gpu.weight, 2)}</span>}
      </td>
      <td class="number">
        {gpu.load_pct === null
          ? <Unknown word="–" why="its utilization is not known" />
          : `${formatNumber(gpu.load_pct, 0)} %`}
      </td>
      <td class="number">{gpu.sessions}</td>
    </tr>
  );
}
