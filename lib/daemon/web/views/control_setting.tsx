/**
 * One setting: its value now, and what it is to become.
 *
 * @module
 */

import { useId } from "preact/hooks";
import { formatValue, settingKind, type SettingState } from "../../../control/setting.ts";

/** What may be typed. */
function hintOf({ id, range, default: usual, note }: SettingState): string {
  const parts = [
    range === null ? null : `${range.min} to ${formatValue(id, range.max)}`,
    usual === null ? null : `by default ${formatValue(id, usual)}`,
    note,
  ];
  return parts.filter((part) => part !== null).join("; ");
}

/** @param typed undefined where it stays as it is, null for the driver's default. */
export function SettingRow(
  { setting, typed, problem, onType }: {
    setting: SettingState;
    typed: string | null | undefined;
    problem: string | null;
    onType: (text: string | null | undefined) => void;
  },
) {
  const id = useId();
  const { label, unit, risky } = settingKind(setting.id);
  const isLocked = setting.writable === false;
  const now = setting.value === null
    ? `unknown: ${setting.value_absent ?? "the driver does not tell it"}`
    : formatValue(setting.id, setting.value);
  return (
    <div class="setting" data-setting={setting.id}>
      <label for={id}>
        {label} {unit !== "" && <span class="muted">in {unit}</span>}{" "}
        {risky && <span class="muted">(asks whether to keep it)</span>}
      </label>
      <p class="now">
        Now <strong>{now}</strong> <span class="source">{setting.source}</span>
      </p>
      {isLocked
        ? <p class="reason">Cannot be set: {setting.why_not ?? "no reason was given"}</p>
        : (
          <>
            <div class="row">
              <Field id={id} setting={setting} typed={typed} problem={problem} onType={onType} />
              <button
                type="button"
                aria-pressed={typed === null}
                aria-label={`${label}: back to the default`}
                onClick={() => onType(typed === null ? undefined : null)}
              >
                Default
              </button>
            </div>
            <p class="muted hint" id={`${id}-hint`}>{hintOf(setting)}</p>
            {problem !== null && <p class="failure" id={`${id}-problem`}>{problem}</p>}
          </>
        )}
    </div>
  );
}

function Field(
  { id, setting, typed, problem, onType }: {
    id: string;
    setting: SettingState;
    typed: string | null | undefined;
    problem: string | null;
    onType: (text: string | undefined) => void;
  },
) {
  const { value, choices, range } = setting;
  const text = typed ?? (typed === null ? "" : String(value ?? ""));
  const described = problem === null ? `${id}-hint` : `${id}-hint ${id}-problem`;
  if (choices !== null) {
    return (
      <select
        id={id}
        aria-describedby={described}
        value={text}
        onChange={(event) => onType(event.currentTarget.value)}
      >
        {typed === null && <option value="">the default</option>}
        {choices.map((choice) => <option key={choice} value={String(choice)}>{choice}</option>)}
      </select>
    );
  }
  const shared = {
    id,
    "aria-describedby": described,
    "aria-invalid": problem !== null,
    placeholder: typed === null ? "the default" : "",
    value: text,
    onInput: (event: { currentTarget: HTMLInputElement }) => onType(event.currentTarget.value),
  };
  return range === null
    ? <input type="text" {...shared} />
    : <input type="number" {...shared} min={range.min} max={range.max} step={range.step} />;
}
