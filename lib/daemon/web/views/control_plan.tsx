/**
 * A plan, to be looked at and agreed to.
 *
 * @module
 */

import { useState } from "preact/hooks";
import { formatValue, settingKind } from "../../../control/setting.ts";
import type { PlannedChange } from "../../../control/plan.ts";
import type { ControlPlanView } from "../../service_api.ts";
import { applyPlan } from "../api.ts";
import { useApp } from "../parts/app_context.ts";
import { Dialog } from "../parts/dialog.tsx";
import { Failure } from "../parts/failure.tsx";
import { useGpuName } from "../parts/gpu_select.tsx";
import { useAction } from "../parts/use_action.ts";

/** Seconds after which a change is taken back that nobody keeps: what can be chosen. */
const SECONDS = [15, 30, 60, 120, 300] as const;

/** A change in words: `Power cap: 300 W → 250 W`. */
export function changeText({ setting, from, to, reset }: PlannedChange): string {
  const target = reset && to === null ? "the driver's default" : formatValue(setting, to);
  return `${settingKind(setting).label}: ${formatValue(setting, from)} → ${target}`;
}

/** The dialog. Nothing is written until it is agreed to. */
export function PlanDialog(
  { plan, onClose, onApplied }: {
    plan: ControlPlanView;
    onClose: () => void;
    onApplied: () => void;
  },
) {
  const { store } = useApp();
  const nameOf = useGpuName();
  const [seconds, setSeconds] = useState<number>(60);
  const [agreed, setAgreed] = useState(false);
  const action = useAction();
  const isBlocked = plan.obstacles.length > 0;
  const apply = () =>
    action.run(async () => {
      const data = await applyPlan(plan.token, seconds);
      const event = {
        id: "",
        at: new Date().toISOString(),
        kind: "control" as const,
        data,
      };
      store.dispatch({ do: "event", event, now: Date.now() });
      onApplied();
    });
  return (
    <Dialog title={`Plan for ${nameOf(plan.gpu)}`} onClose={onClose}>
      <h3>What changes</h3>
      <ul>{plan.changes.map((each) => <li key={each.setting}>{changeText(each)}</li>)}</ul>
      <h3>How, step by step</h3>
      <ol class="steps">
        {plan.steps.map((step, i) => (
          <li key={i}>
            <code>{step}</code>
          </li>
        ))}
      </ol>
      {plan.risky && (
        <p class="warning">
          <strong>With care:</strong>{" "}
          a wrong value of this can hang or overheat the GPU. It is taken back unless you keep it.
        </p>
      )}
      {isBlocked && (
        <p class="failure">
          <strong>It cannot be done:</strong> {plan.obstacles.join("; ")}
        </p>
      )}
      <div class="stack">
        <label>
          Taken back unless it is kept within
          <select
            value={String(seconds)}
            onChange={(event) => setSeconds(Number(event.currentTarget.value))}
          >
            {SECONDS.map((each) => <option key={each} value={String(each)}>{each} s</option>)}
          </select>
        </label>
        <label class="check">
          <input
            type="checkbox"
            checked={agreed}
            onChange={(event) => setAgreed(event.currentTarget.checked)}
          />
          I have looked at the steps
        </label>
      </div>
      <Failure of={action} />
      <div class="buttons">
        <button
          type="button"
          class="main"
          disabled={!agreed || isBlocked || action.busy}
          onClick={apply}
        >
          Apply
        </button>
        <button type="button" onClick={onClose}>Cancel</button>
      </div>
    </Dialog>
  );
}
