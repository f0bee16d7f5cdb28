/**
 * The changes that were made, with the time that is left to keep them.
 *
 * @module
 */

import type { ControlEntryView } from "../../service_api.ts";
import { endChange } from "../api.ts";
import { formatDuration } from "../core/format.ts";
import { useApp } from "../parts/app_context.ts";
import { Badge, type Tone } from "../parts/badge.tsx";
import { Failure, Missing } from "../parts/failure.tsx";
import { useGpuName } from "../parts/gpu_select.tsx";
import { useAction } from "../parts/use_action.ts";
import { changeText } from "./control_plan.tsx";

const STATES: Record<ControlEntryView["state"], { tone: Tone; text: string }> = {
  pending: { tone: "warning", text: "Not kept yet" },
  confirmed: { tone: "good", text: "Kept" },
  reverted: { tone: "plain", text: "Taken back" },
  failed: { tone: "bad", text: "Failed" },
};

/** All of them, those first that wait for an answer. */
export function ChangesPanel() {
  const { state: { parts: { changes } } } = useApp();
  if (changes === null) return <Missing part="changes" />;
  if (changes.length === 0) return null;
  const waits = ({ state }: ControlEntryView) => Number(state !== "pending");
  return (
    <section class="panel" aria-label="Changes that were made">
      <h2>Changes</h2>
      <ul class="plain">
        {changes.toSorted((a, b) => waits(a) - waits(b)).map((change) => (
          <Entry key={`${change.gpu} ${change.group}`} change={change} />
        ))}
      </ul>
    </section>
  );
}

function Entry({ change }: { change: ControlEntryView }) {
  const { store, state } = useApp();
  const nameOf = useGpuName();
  const action = useAction();
  const { gpu, group, reverts_at } = change;
  const left = reverts_at === null || change.state !== "pending"
    ? null
    : Math.max(0, Date.parse(reverts_at) - (state.now + state.clockAheadMs));
  const end = (how: "confirm" | "revert") =>
    action.run(async () => {
      const data = await endChange(how, gpu, group);
      const at = new Date().toISOString();
      const event = { id: "", at, kind: "control" as const, data };
      store.dispatch({ do: "event", event, now: Date.now() });
    });
  const isOpen = change.state === "pending" || change.state === "confirmed";
  return (
    <li class="change" data-state={change.state}>
      <p>
        <Badge {...STATES[change.state]} /> <strong>{nameOf(gpu)}</strong>, {group}:{" "}
        {change.changes.map(changeText).join("; ")}
      </p>
      {left !== null && (
        <p role="timer" aria-label="Time left to keep it">
          {left === 0 ? "It is being taken back." : `Taken back in ${formatDuration(left)}.`}
        </p>
      )}
      {isOpen && (
        <div class="buttons">
          {change.state === "pending" && (
            <button
              type="button"
              class="main"
              disabled={action.busy}
              onClick={() => end("confirm")}
            >
              Keep
            </button>
          )}
          <button type="button" disabled={action.busy} onClick={() => end("revert")}>
            Take back
          </button>
        </div>
      )}
      <Failure of={action} />
    </li>
  );
}
