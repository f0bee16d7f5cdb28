/**
 * Light, dark, or as the system has it.
 *
 * @module
 */

import { keep, recall } from "./storage.ts";

/** What can be chosen, in the order of the button. */
export const THEMES = ["system", "light", "dark"] as const;

/** What was chosen. */
export type Theme = typeof THEMES[number];

const KEY = "mvgal-theme";

/** What was chosen in this browser before. */
export function keptTheme(): Theme {
  const kept = recall("browser", KEY);
  return THEMES.find((theme) => theme === kept) ?? "system";
}

/** Shows and keeps a choice; those who draw by themselves are told by the event `mvgal-theme`. */
export function applyTheme(theme: Theme): void {
  keep("browser", KEY, theme === "system" ? null : theme);
  if (theme === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
  announce();
}

/** Colours by the names of their variables, as they were asked for since the last change. */
const colors = new Map<string, string>();

function announce(): void {
  colors.clear();
  dispatchEvent(new Event("mvgal-theme"));
}

/**
 * A colour of the style sheet for those who draw by themselves.
 *
 * @param name of its variable: `--muted`.
 */
export function colorOf(name: string): string {
  const known = colors.get(name);
  if (known !== undefined) return known;
  // The variable's own value is the text `light-dark(…)`: an element has to wear it.
  const probe = document.createElement("span");
  // In the reader's own colours all texts have the same one; the variables have those for pictures.
  probe.style.setProperty("forced-color-adjust", "none");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  colors.set(name, color);
  return color;
}

/** Tells those who draw by themselves when the system turns light or dark, or to the reader's own colours. */
export function followSystem(): void {
  for (const query of ["(prefers-color-scheme: dark)", "(forced-colors: active)"]) {
    matchMedia(query).addEventListener("change", announce);
  }
}
