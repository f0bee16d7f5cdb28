/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/**
 * The dashboard: what the browser starts.
 *
 * @module
 */

import { render } from "preact";
import { App } from "./app.tsx";
import { Store } from "./core/store.ts";
import { Live } from "./live.ts";
import { applyTheme, followSystem, keptTheme } from "./theme.ts";

/** How often clocks and countdowns go on, in ms. */
const TICK_MS = 1000;

function main(): void {
  const place = document.getElementById("app");
  if (place === null) return;
  applyTheme(keptTheme());
  followSystem();
  const store = new Store((call) => void requestAnimationFrame(call), Date.now());
  const live = new Live(store);
  setInterval(() => store.dispatch({ do: "tick", now: Date.now() }), TICK_MS);
  addEventListener("online", () => live.retry());
  place.replaceChildren();
  render(<App store={store} live={live} />, place);
  live.run();
}

main();
