/**
 * Light, dark, or as the system has it.
 *
 * @module
 */

/** What can be chosen, in the order of the button. */
export const THEMES = ["system", "light", "dark"] as const;

/** What was chosen. */
export type Theme = typeof THEMES[number];

const KEY = "mvgal-theme";

/** What was chosen in this browser before. */
export function keptTheme(): Theme {
  const kept = localStorage.getItem(KEY);
  return THEMES.find((theme) => theme === kept) ?? "system";
}

/** Shows and keeps a choice; those who draw by themselves are told by the event `mvgal-theme`. */
export function applyTheme(theme: Theme): void {
  localStorage.setItem(KEY, theme);
  if (theme === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
  dispatchEvent(new Event("mvgal-theme"));
}

/** Tells those who draw by themselves when the system turns light or dark. */
export function followSystem(): void {
  matchMedia("(prefers-color-scheme: dark)")
    .addEventListener("change", () => dispatchEvent(new Event("mvgal-theme")));
}
