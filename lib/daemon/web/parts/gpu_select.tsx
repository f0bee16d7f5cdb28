/**
 * Choosing one of the GPUs.
 *
 * @module
 */

import { useMemo } from "preact/hooks";
import type { GpuId } from "../../../gpu/gpu.ts";
import { nameOf } from "../core/metrics.ts";
import { useApp } from "./app_context.ts";

/** @param all what stands for all of them; left out where one has to be chosen. */
export function GpuSelect(
  { value, onChange, all, label = "GPU" }: {
    value: GpuId | "";
    onChange: (id: GpuId | "") => void;
    all?: string;
    label?: string;
  },
) {
  const { state: { parts } } = useApp();
  const gpus = parts.status?.gpus ?? parts.inventory?.gpus ?? [];
  return (
    <label>
      {label}
      <select value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        {all !== undefined && <option value="">{all}</option>}
        {gpus.map((gpu) => <option key={gpu.id} value={gpu.id}>{nameOf(gpu)}</option>)}
      </select>
    </label>
  );
}

/**
 * The name of a GPU by its id: `0: NVIDIA H200`; the id where there is no such GPU now. The function stays the
 * same as long as the names do.
 */
export function useGpuName(): (id: GpuId) => string {
  const { state: { parts } } = useApp();
  const gpus = parts.status?.gpus ?? parts.inventory?.gpus ?? [];
  const names = JSON.stringify(gpus.map((gpu) => [gpu.id, nameOf(gpu)]));
  return useMemo(() => {
    const named = new Map<GpuId, string>(JSON.parse(names));
    return (id) => named.get(id) ?? id;
  }, [names]);
}
