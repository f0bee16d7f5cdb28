/**
 * The fans of NVIDIA's GPUs by NVML.
 *
 * A speed that was set holds until the default is set again, even when the GPU gets hot: it is risky, and is
 * taken back unless a person confirms it.
 *
 * @module
 */

import type { NvmlDevice } from "../../ffi/nvml.ts";
import { settingState } from "./files.ts";
import type { NvmlCalls } from "./nvml_calls.ts";
import { type Action, type NvmlGetter, type NvmlSetter, type Step, step } from "./step.ts";
import { type ControlSurface, noSurface, numberOf } from "./surface.ts";

/** `NVML_FAN_POLICY_TEMPERATURE_CONTINOUS_SW` and `NVML_FAN_POLICY_MANUAL` (`nvmlFanControlPolicy_t`). */
const BY_TEMPERATURE = 0, BY_HAND = 1;

/** What one fan does now. */
interface Fan {
  readonly index: number;
  /** Null where the driver does not tell. */
  readonly policy: number | null;
  readonly target: number | null;
}

/** All fans of a GPU, which are set alike. */
export function nvidiaFan(
  nvml: NvmlCalls,
  device: NvmlDevice,
  gpu: string,
  whyNot: string | undefined,
): ControlSurface {
  const count = nvml.telemetry.fanCount(device);
  if (!count.ok) return noSurface(["fan"], count.refusal.message);
  if (count.value === 0) {
    return noSurface(["fan"], "the GPU drives no fan: the server's fans cool it");
  }
  const fans = Array.from({ length: count.value }, (_, index): Fan => {
    const policy = nvml.control.fanPolicy(device, index);
    const target = nvml.control.targetFanSpeed(device, index);
    return {
      index,
      policy: policy.ok ? policy.value : null,
      target: target.ok ? target.value : null,
    };
  });
  const [first] = fans;
  const range = nvml.control.minMaxFanSpeed(device);
  const speed = nvml.telemetry.fanPercent(device, 0);
  const why = range.ok ? whyNot : range.refusal.message;
  const state = settingState("fan_pct", why === undefined, {
    value: speed.ok ? speed.value : null,
    value_absent: speed.ok ? null : speed.refusal.message,
    range: range.ok ? { ...range.value, step: 1 } : null,
    why_not: why ?? null,
    refused_by: why === undefined ? null : range.ok ? "rights" : "driver",
    source: "nvml",
    note: first?.policy === BY_HAND ? "set by hand: it does not follow the temperature" : null,
  });
  const call = (name: NvmlSetter, ...args: number[]): Action => ({
    kind: "call",
    call: name,
    gpu,
    args,
  });
  const query = (name: NvmlGetter, index: number) => ({
    kind: "call" as const,
    call: name,
    gpu,
    args: [index],
  });
  const plan = ({ index, policy, target }: Fan, percent: number | undefined): Step | undefined => {
    const byHand = policy === BY_HAND && target !== null;
    const back = byHand
      ? call("nvmlDeviceSetFanSpeed_v2", index, target)
      : call("nvmlDeviceSetDefaultFanSpeed_v2", index);
    const policyStep = {
      query: policy === null ? null : query("nvmlDeviceGetFanControlPolicy_v2", index),
      previous: policy === null ? null : String(policy),
      undo: [back],
    };
    if (percent === undefined) {
      return policy === BY_TEMPERATURE ? undefined : step({
        action: call("nvmlDeviceSetDefaultFanSpeed_v2", index),
        ...policyStep,
        expected: policy === null ? null : String(BY_TEMPERATURE),
      });
    }
    const action = call("nvmlDeviceSetFanSpeed_v2", index, percent);
    if (!byHand) {
      return step({ action, ...policyStep, expected: policy === null ? null : String(BY_HAND) });
    }
    return target === percent ? undefined : step({
      action,
      query: query("nvmlDeviceGetTargetFanSpeed", index),
      previous: String(target),
      expected: String(percent),
      undo: [back],
    });
  };
  return {
    settings: [state],
    absent: {},
    plan: (changes) =>
      fans.map((fan) => plan(fan, numberOf(changes, "fan_pct")))
        .filter((each) => each !== undefined),
  };
}
