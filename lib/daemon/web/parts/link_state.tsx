/**
 * Whether the service is there.
 *
 * @module
 */

import { formatDuration, formatTime } from "../core/format.ts";
import { staleness } from "../core/state.ts";
import { useApp } from "./app_context.ts";
import { Badge } from "./badge.tsx";

/** In the head of the page, in a word. */
export function LinkBadge() {
  const { state } = useApp();
  switch (state.link.state) {
    case "connecting":
      return <Badge tone="unknown" text="Connecting" />;
    case "lost":
      return <Badge tone="bad" text="Connection lost" />;
    case "live":
      return staleness(state) === null
        ? <Badge tone="good" text="Live" />
        : <Badge tone="warning" text="No news" />;
  }
}

/** Over the views where what they show is not of now: plainly. Told to screen readers once. */
export function LinkBanner() {
  const { state, live, askForToken } = useApp();
  const { link, now } = state;
  const isLost = link.state === "lost";
  const stale = staleness(state);
  return (
    <>
      <div role="status" class="banner-place">
        {isLost && (
          <p class="banner">
            <strong>Connection lost</strong> since {formatTime(link.since)}: {link.why}.
            {state.sampleAt !== null &&
              ` What is shown was so at ${formatTime(state.sampleAt)}, and may be so no more.`}
          </p>
        )}
        {!isLost && stale !== null && (
          <p class="banner">
            <strong>No new figures</strong> since {formatTime(state.sampleAt ?? now)}: {stale}.
          </p>
        )}
      </div>
      {isLost && (
        <p class="retry">
          {link.retryAt > now
            ? `The next attempt is in ${
              formatDuration(Math.ceil((link.retryAt - now) / 1000) * 1000)
            }.`
            : "Trying now."} <button type="button" onClick={() => live.retry()}>Try now</button>
          {" "}
          <button type="button" onClick={askForToken}>Give a token…</button>
        </p>
      )}
    </>
  );
}
