/**
 * Keys of the whole page.
 *
 * @module
 */

import { formatRoute, VIEWS } from "./core/route.ts";
import { keep, recall } from "./storage.ts";

const KEY = "mvgal-keys";

/** Whether single keys do something: people who speak to their computer want them not to. */
export function hasKeys(): boolean {
  return recall("browser", KEY) !== "off";
}

/** Keeps whether single keys do something. */
export function keepKeys(on: boolean): void {
  keep("browser", KEY, on ? null : "off");
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement &&
    target.closest("input, select, textarea, dialog") !== null;
}

/** Follows single keys: digits choose a view, `?` asks for help. @returns what ends it. */
export function followKeys(help: () => void): () => void {
  const press = (event: KeyboardEvent) => {
    const { key, ctrlKey, altKey, metaKey } = event;
    if (ctrlKey || altKey || metaKey || !hasKeys() || isTyping(event.target)) return;
    const view = /^[1-9]$/.test(key) ? VIEWS[Number(key) - 1] : undefined;
    if (key === "?") help();
    else if (view !== undefined) location.hash = formatRoute(view.id);
    else return;
    event.preventDefault();
  };
  addEventListener("keydown", press);
  return () => removeEventListener("keydown", press);
}

/** Moves the focus among the links of the navigation by arrow keys, Home and End. */
export function moveInNavigation(event: KeyboardEvent & { currentTarget: HTMLElement }): void {
  const links = [...event.currentTarget.querySelectorAll("a")];
  const at = links.findIndex((link) => link === document.activeElement);
  const to = {
    ArrowRight: at + 1,
    ArrowDown: at + 1,
    ArrowLeft: at - 1,
    ArrowUp: at - 1,
    Home: 0,
    End: links.length - 1,
  }[event.key];
  if (at < 0 || to === undefined) return;
  links[(to + links.length) % links.length]?.focus();
  event.preventDefault();
}
