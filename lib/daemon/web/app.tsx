/**
 * The page: its head, its navigation, and the view that the address names.
 *
 * @module
 */

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { token } from "./api.ts";
import { formatRoute, parseRoute, type Route, VIEWS } from "./core/route.ts";
import type { Store } from "./core/store.ts";
import { followKeys, moveInNavigation } from "./keyboard.ts";
import type { Live } from "./live.ts";
import { type App as AppValue, AppContext, useApp } from "./parts/app_context.ts";
import { Boundary } from "./parts/boundary.tsx";
import { HelpDialog } from "./parts/help.tsx";
import { LinkBadge, LinkBanner } from "./parts/link_state.tsx";
import { TokenDialog } from "./parts/token.tsx";
import { applyTheme, keptTheme, THEMES } from "./theme.ts";
import { BenchView } from "./views/bench.tsx";
import { ControlView } from "./views/control.tsx";
import { GpuDetailView } from "./views/gpu_detail.tsx";
import { GpusView } from "./views/gpus.tsx";
import { HealthView } from "./views/health.tsx";
import { LogView } from "./views/log.tsx";
import { PowerView } from "./views/power.tsx";
import { ProgramsView } from "./views/programs.tsx";
import { SchedulerView } from "./views/scheduler.tsx";
import { TopologyView } from "./views/topology.tsx";

function View({ view, of }: Route) {
  switch (view) {
    case "gpus":
      return of === null ? <GpusView /> : <GpuDetailView key={of} id={of} />;
    case "topology":
      return <TopologyView />;
    case "programs":
      return <ProgramsView />;
    case "health":
      return <HealthView />;
    case "scheduler":
      return <SchedulerView />;
    case "power":
      return <PowerView />;
    case "control":
      return <ControlView />;
    case "bench":
      return <BenchView of={of} />;
    case "log":
      return <LogView />;
  }
}

function useRoute(): Route {
  const [route, setRoute] = useState(parseRoute(location.hash));
  useEffect(() => {
    const follow = () => setRoute(parseRoute(location.hash));
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  return route;
}

/** The page. */
export function App({ store, live }: { store: Store; live: Live }) {
  const [state, setState] = useState(store.state);
  const [dialog, setDialog] = useState<"help" | "token" | null>(null);
  const route = useRoute();
  useEffect(() => store.subscribe(() => setState(store.state)), [store]);
  useEffect(() => followKeys(() => setDialog("help")), []);

  const title = VIEWS.find(({ id }) => id === route.view)?.title ?? "";
  const head = useRef<HTMLHeadingElement>(null);
  const isFirst = useRef(true);
  // With the view, not some time after it: who reads the heading finds title and focus as they belong to it.
  useLayoutEffect(() => {
    document.title = `${title} – mvgal`;
    // Who came here by a link is to read on here, not to begin at the navigation again.
    if (!isFirst.current) head.current?.focus();
    isFirst.current = false;
  }, [route.view, route.of]);

  const app: AppValue = { state, store, live, askForToken: () => setDialog("token") };
  return (
    <AppContext.Provider value={app}>
      <a
        class="skip"
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          head.current?.focus();
        }}
      >
        To the content
      </a>
      <Head route={route} openHelp={() => setDialog("help")} />
      <main id="main">
        <LinkBanner />
        <h1 ref={head} tabIndex={-1}>{title}</h1>
        <Boundary of={formatRoute(route.view, route.of)}>
          <View {...route} />
        </Boundary>
      </main>
      {dialog === "help" && <HelpDialog onClose={() => setDialog(null)} />}
      {dialog === "token" && (
        <TokenDialog
          onClose={() => {
            setDialog(null);
            live.retry();
          }}
        />
      )}
    </AppContext.Provider>
  );
}

function Head({ route, openHelp }: { route: Route; openHelp: () => void }) {
  return (
    <header>
      <p class="brand">
        mvgal <LinkBadge />
      </p>
      <nav aria-label="Views" onKeyDown={moveInNavigation}>
        <ul>
          {VIEWS.map(({ id, title }) => (
            <li key={id}>
              <a href={formatRoute(id)} aria-current={route.view === id ? "page" : undefined}>
                {title}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <HeadButtons openHelp={openHelp} />
    </header>
  );
}

function HeadButtons({ openHelp }: { openHelp: () => void }) {
  const { askForToken } = useApp();
  const [theme, setTheme] = useState(keptTheme());
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? "system";
  return (
    <div class="head-buttons">
      <button
        type="button"
        aria-label={`Colours: ${theme}. Change to ${next}`}
        onClick={() => {
          applyTheme(next);
          setTheme(next);
        }}
      >
        Colours: {theme}
      </button>
      <button type="button" onClick={askForToken}>
        {token() === "" ? "Token…" : "Token ✓"}
      </button>
      <button type="button" aria-label="Help on keys" onClick={openHelp}>?</button>
    </div>
  );
}
