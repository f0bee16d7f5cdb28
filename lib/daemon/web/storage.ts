/**
 * What the browser keeps for the dashboard. Where it keeps nothing (people can forbid it), the page itself
 * does until it is closed.
 *
 * @module
 */

/** For this tab until it is closed, or for this browser. */
export type Area = "tab" | "browser";

const own: Record<Area, Map<string, string>> = { tab: new Map(), browser: new Map() };

/** Reading the property throws where storage is forbidden. */
function storageOf(area: Area): Storage {
  return area === "tab" ? sessionStorage : localStorage;
}

/** What was kept under a name; null for nothing. */
export function recall(area: Area, name: string): string | null {
  try {
    return storageOf(area).getItem(name);
  } catch {
    return own[area].get(name) ?? null;
  }
}

/** Keeps a text under a name; null forgets it. */
export function keep(area: Area, name: string, text: string | null): void {
  try {
    if (text === null) storageOf(area).removeItem(name);
    else storageOf(area).setItem(name, text);
  } catch {
    if (text === null) own[area].delete(name);
    else own[area].set(name, text);
  }
}
