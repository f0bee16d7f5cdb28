/**
 * Settings of a GPU: what they are, and changing them by a plan that is shown first.
 *
 * @module
 */

import { useEffect, useState } from "preact/hooks";
import { type SettingGroup, settingKind, type SettingState } from "../../../control/setting.ts";
import type { ControlPlanView, ControlView as Settings } from "../../service_api.ts";
import { fetchSettings, planChange } from "../api.ts";
import { checkTyped, type Typed } from "../core/control_draft.ts";
import { formatRoute } from "../core/route.ts";
import { useApp } from "../parts/app_context.ts";
import { Failure, Missing } from "../parts/failure.tsx";
import { GpuSelect } from "../parts/gpu_select.tsx";
import { useAction } from "../parts/use_action.ts";
import { ChangesPanel } from "./control_changes.tsx";
import { PlanDialog } from "./control_plan.tsx";
import { SettingRow } from "./control_setting.tsx";

const GROUPS: Record<SettingGroup, string> = {
  power: "Power",
  clocks: "Clocks",
  fan: "Fan",
  profile: "Profile",
  park: "Sleep",
};

/** The view. */
export function ControlView() {
  const { state: { parts } } = useApp();
  const [chosen, setChosen] = useState("");
  if (parts.status === null) return <Missing part="status" />;
  const { gpus } = parts.status;
  const gpu = chosen || gpus[0]?.id;
  if (gpu === undefined) return <p>There is no GPU to be set.</p>;
  // Settings of another GPU are not to take the place of those that somebody looks at.
  if (chosen === "") setChosen(gpu);
  return (
    <>
      <div class="toolbar">
        <GpuSelect value={gpu} onChange={setChosen} />
      </div>
      <ChangesPanel />
      {gpus.some(({ id }) => id === gpu) ? <SettingsOf key={gpu} gpu={gpu} /> : (
        <p class="failure">
          There is no GPU <code>{gpu}</code> on this host now. Choose another one.
        </p>
      )}
    </>
  );
}

function SettingsOf({ gpu }: { gpu: string }) {
  const { state: { parts } } = useApp();
  const [settings, setSettings] = useState<Settings | null>(null);
  const [why, setWhy] = useState<string | null>(null);
  // Whenever a change was made, confirmed or taken back the values are others.
  const changes = parts.changes?.filter((change) => change.gpu === gpu)
    .map(({ group, state }) => `${group} ${state}`).join();
  const [round, setRound] = useState(0);
  useEffect(() => {
    const abort = new AbortController();
    fetchSettings(gpu, abort.signal).then((answer) => {
      setSettings(answer);
      setWhy(null);
    }, (error) => {
      if (!abort.signal.aborted) setWhy(String(error.message));
    });
    return () => abort.abort();
  }, [gpu, changes, round]);
  if (why !== null) {
    return (
      <p class="failure">
        <strong>Not known:</strong> {why}{" "}
        <button type="button" onClick={() => setRound(round + 1)}>Ask again</button>
      </p>
    );
  }
  if (settings === null) return <p class="muted">Waiting for the service…</p>;
  return (
    <div class="groups">
      {(Object.entries(GROUPS) as [SettingGroup, string][]).map(([group, title]) => (
        <Group
          key={group}
          gpu={gpu}
          group={group}
          title={title}
          settings={settings.settings.filter(({ id }) => settingKind(id).group === group)}
          absent={settings.absent[group] ?? "this GPU's driver has none"}
        />
      ))}
    </div>
  );
}

function Group(
  { gpu, group, title, settings, absent }: {
    gpu: string;
    group: SettingGroup;
    title: string;
    settings: readonly SettingState[];
    absent: string;
  },
) {
  const [typed, setTyped] = useState<Typed>({});
  const [plan, setPlan] = useState<ControlPlanView | null>(null);
  const action = useAction();
  const { values, problems } = checkTyped(settings, typed);
  const isReady = Object.keys(values).length > 0 && Object.keys(problems).length === 0;
  const submit = (event: Event) => {
    event.preventDefault();
    if (isReady) action.run(async () => setPlan(await planChange({ gpu, group, values })));
  };
  return (
    <section class="panel" data-group={group}>
      <h2>{title}</h2>
      <HeldNote gpu={gpu} group={group} />
      {settings.length === 0
        ? <p class="reason">None: {absent}</p>
        : (
          <form onSubmit={submit} noValidate>
            {settings.map((setting) => (
              <SettingRow
                key={setting.id}
                setting={setting}
                typed={typed[setting.id]}
                problem={problems[setting.id] ?? null}
                onType={(text) => {
                  const { [setting.id]: _, ...others } = typed;
                  setTyped(text === undefined ? others : { ...others, [setting.id]: text });
                }}
              />
            ))}
            {settings.some(({ writable }) => writable !== false) && (
              <div class="buttons">
                <button type="submit" class="main" disabled={!isReady || action.busy}>
                  Show the plan…
                </button>
              </div>
            )}
            <Failure of={action} />
          </form>
        )}
      {plan !== null && (
        <PlanDialog
          plan={plan}
          onClose={() => setPlan(null)}
          onApplied={() => {
            setPlan(null);
            setTyped({});
          }}
        />
      )}
    </section>
  );
}

/** That the power manager holds these settings, and what becomes of a change then. */
function HeldNote({ gpu, group }: { gpu: string; group: SettingGroup }) {
  const { state: { parts: { power } } } = useApp();
  const held = power?.gpus.find(({ id }) => id === gpu);
  const isHeld = held !== undefined &&
    (group === "power" ? held.state === "limited" : group === "park" && held.state === "parked");
  if (!isHeld) return null;
  return (
    <p class="reason" data-held>
      The <a href={formatRoute("power")}>power manager</a> holds this:{" "}
      {held.reason}. A change made here stays: it leaves the GPU alone until that is taken back.
    </p>
  );
}
