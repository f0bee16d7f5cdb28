/**
 * What the service says it did.
 *
 * @module
 */

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { LogLevel, LogLine } from "../../service_api.ts";
import { count, formatDateTime } from "../core/format.ts";
import { matches } from "../core/sort.ts";
import { useApp } from "../parts/app_context.ts";
import { Badge, type Tone } from "../parts/badge.tsx";
import { Missing } from "../parts/failure.tsx";
import { GpuSelect, useGpuName } from "../parts/gpu_select.tsx";

/** The levels, the least grave first. */
const LEVELS: Record<LogLevel, Tone> = {
  debug: "plain",
  info: "plain",
  warning: "warning",
  error: "bad",
};

const LEVEL_NAMES = Object.keys(LEVELS) as LogLevel[];

/** Lines that are shown: the last of those that the filters leave. */
const SHOWN = 500;

/** The view. */
export function LogView() {
  const { state: { parts: { log } } } = useApp();
  return log === null ? <Missing part="log" /> : <Log log={log} />;
}

function Log({ log }: { log: readonly LogLine[] }) {
  const [level, setLevel] = useState<LogLevel>("info");
  const [part, setPart] = useState("");
  const [gpu, setGpu] = useState("");
  const [filter, setFilter] = useState("");
  const [isFollowing, setFollowing] = useState(true);
  const place = useRef<HTMLDivElement>(null);
  const parts = [...new Set(log.map((line) => line.part))].sort();
  const lines = log.filter((line) =>
    LEVEL_NAMES.indexOf(line.level) >= LEVEL_NAMES.indexOf(level) &&
    (part === "" || line.part === part) && (gpu === "" || line.gpu === gpu) &&
    matches(filter, [line.text])
  );
  const shown = lines.slice(-SHOWN);
  useLayoutEffect(() => {
    if (isFollowing && place.current !== null) place.current.scrollTop = place.current.scrollHeight;
  }, [isFollowing, shown.at(-1)]);
  return (
    <section class="panel">
      <div class="toolbar">
        <label>
          From level
          <select
            value={level}
            onChange={(event) => setLevel(event.currentTarget.value as LogLevel)}
          >
            {LEVEL_NAMES.map((name) => <option key={name} value={name}>{name}</option>)}
          </select>
        </label>
        <label>
          Part
          <select value={part} onChange={(event) => setPart(event.currentTarget.value)}>
            <option value="">All parts</option>
            {parts.map((name) => <option key={name} value={name}>{name}</option>)}
          </select>
        </label>
        <GpuSelect value={gpu} onChange={setGpu} all="All GPUs" />
        <label>
          Text
          <input
            type="search"
            value={filter}
            onInput={(event) => setFilter(event.currentTarget.value)}
          />
        </label>
        <label class="check">
          <input
            type="checkbox"
            checked={isFollowing}
            onChange={(event) => setFollowing(event.currentTarget.checked)}
          />
          Follow
        </label>
        <span class="muted" data-count>
          {lines.length > shown.length
            ? `the last ${shown.length} of ${count(lines.length, "line")}`
            : count(lines.length, "line")}
        </span>
      </div>
      <div class="scroll log" ref={place} role="region" aria-label="Log" tabIndex={0}>
        {shown.length === 0
          ? (
            <p class="muted">
              {log.length === 0 ? "Nothing yet." : "No line is like the filters."}
            </p>
          )
          : (
            <ol class="plain">
              {shown.map((line) => <Line key={`${line.at} ${line.id}`} line={line} />)}
            </ol>
          )}
      </div>
    </section>
  );
}

/** One line of the log. */
export function Line({ line: { at, level, part, text, gpu } }: { line: LogLine }) {
  const nameOf = useGpuName();
  return (
    <li data-level={level}>
      <time dateTime={at}>{formatDateTime(at)}</time> <Badge tone={LEVELS[level]} text={level} />
      {" "}
      <span class="part">{part}</span> {gpu !== null && <span class="muted">{nameOf(gpu)}:</span>}
      {" "}
      {text}
    </li>
  );
}
