/**
 * What every part of the page can reach: the state, and who changes it.
 *
 * @module
 */

import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { State } from "../core/state.ts";
import type { Store } from "../core/store.ts";
import type { Live } from "../live.ts";

/** The state of this frame, and who changes it. */
export interface App {
  state: State;
  store: Store;
  live: Live;
  /** Opens the form for the token. */
  askForToken(): void;
}

/** Given by the root. */
export const AppContext = createContext<App | null>(null);

/** The application around a part. @throws {Error} outside of it. */
export function useApp(): App {
  const app = useContext(AppContext);
  if (app === null) throw new Error("a part of the dashboard outside of it");
  return app;
}
