/**
 * Which view the address names: `#/gpus/pci:0000:06:00.0`. Pure.
 *
 * @module
 */

/** The views, in the order of the navigation. */
export const VIEWS = [
  { id: "gpus", title: "GPUs" },
  { id: "topology", title: "Topology" },
  { id: "programs", title: "Programs" },
  { id: "health", title: "Health" },
  { id: "scheduler", title: "Scheduler" },
  { id: "power", title: "Power" },
  { id: "control", title: "Control" },
  { id: "bench", title: "Bench" },
  { id: "log", title: "Log" },
] as const;

/** A view's name. */
export type ViewId = typeof VIEWS[number]["id"];

/** A view, and what of it: a GPU's id, a run's. */
export interface Route {
  view: ViewId;
  of: string | null;
}

/** Reads the part of the address behind `#`. What names no view is the first one. */
export function parseRoute(hash: string): Route {
  const [, name = "", rest] = /^#?\/?([^/]*)(?:\/(.+))?$/.exec(hash) ?? [];
  const view = VIEWS.find(({ id }) => id === name)?.id;
  if (view === undefined) return { view: VIEWS[0].id, of: null };
  try {
    return { view, of: rest === undefined ? null : decodeURIComponent(rest) };
  } catch {
    return { view, of: null };
  }
}

/** The address of a view. */
export function formatRoute(view: ViewId, of: string | null = null): string {
  return of === null ? `#/${view}` : `#/${view}/${encodeURIComponent(of)}`;
}
