/**
 * That something went wrong, and what to do about it.
 *
 * @module
 */

import type { PartName } from "../core/state.ts";
import { useApp } from "./app_context.ts";
import type { ActionState } from "./use_action.ts";

/** Why what was asked for was not done. */
export function Failure({ of: { error, needsToken } }: { of: ActionState }) {
  const { askForToken } = useApp();
  return (
    <div role="alert" class="failure-place">
      {error !== null && (
        <p class="failure">
          <strong>Not done:</strong> {error}{" "}
          {needsToken && <button type="button" onClick={askForToken}>Give the token…</button>}
        </p>
      )}
    </div>
  );
}

/** In place of a part that is not there: why, or that it is being fetched. */
export function Missing({ part }: { part: PartName }) {
  const { state, live } = useApp();
  const why = state.failed[part];
  if (why === undefined) return <p class="muted">Waiting for the service…</p>;
  return (
    <p class="failure">
      <strong>Not known:</strong> {why}{" "}
      <button type="button" onClick={() => live.refresh([part])}>Ask again</button>
    </p>
  );
}
