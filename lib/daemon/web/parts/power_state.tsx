/**
 * What the power manager does with a GPU, in a word.
 *
 * @module
 */

import type { PowerGpu } from "../core/power.ts";
import { Badge, type Tone } from "./badge.tsx";

const STATES: Record<PowerGpu["state"], { tone: Tone; text: string }> = {
  active: { tone: "plain", text: "Active" },
  idle: { tone: "plain", text: "Idle" },
  asleep: { tone: "plain", text: "Asleep" },
  parked: { tone: "good", text: "Parked" },
  limited: { tone: "warning", text: "Limited" },
  left_alone: { tone: "unknown", text: "Left alone" },
  lost: { tone: "bad", text: "Lost" },
  unknown: { tone: "unknown", text: "Not known" },
};

/** States in which the manager holds a setting of the GPU. */
export const ACTS: readonly PowerGpu["state"][] = ["parked", "limited"];

/** The word. A state of a later version of the service is shown as it is called there. */
export function PowerState({ of: { state } }: { of: PowerGpu }) {
  const known = Object.hasOwn(STATES, state) ? STATES[state] : undefined;
  return <Badge {...known ?? { tone: "unknown", text: state }} />;
}
