/**
 * What the service says it did.
 *
 * @module
 */

import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { GpuId } from "../../../gpu/gpu.ts";
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

/** How grave a level is; one of a later version of the service is the gravest, so that it is shown. */
function rankOf(level: LogLevel): number {
  const at = LEVEL_NAMES.indexOf(level);
  return at < 0 ? LEVEL_NAMES.length : at;
}

/** The tone of a level; one of a later version of the service is plain. */
function toneOf(level: LogLevel): Tone {
  return Object.hasOwn(LEVELS, level) ? LEVELS[level] : "plain";
}

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
  const nameOf = useGpuName();
  const parts = useMemo(() => [...new Set(log.map((line) => line.part))].sort(), [log]);
  const lines = useMemo(
    () =>
      log.filter((line) =>
        rankOf(line.level) >= rankOf(level) &&
        (part === "" || line.part === part) && (gpu === "" || line.gpu === gpu) &&
        matches(filter, [line.text])
      ),
    [log, level, part, gpu, filter],
  );
  const shown = lines.slice(-SHOWN);
  // Hundreds of lines, that stay as they are from look to look.
  const list = useMemo(() => <Lines lines={lines.slice(-SHOWN)} nameOf={nameOf} />, [
    lines,
    nameOf,
  ]);
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
          : list}
      </div>
    </section>
  );
}

function Lines(
  { lines, nameOf }: { lines: readonly LogLine[]; nameOf: (gpu: GpuId) => string },
) {
  return (
    <ol class="plain">
      {lines.map((line) => <Line key={`${line.at} ${line.id}`} line={line} nameOf={nameOf} />)}
    </ol>
  );
}

/** One line of the log. */
export function Line(
  { line: { at, level, part, text, gpu }, nameOf }: {
    line: LogLine;
    nameOf: (gpu: GpuId) => string;
  },
) {
  return (
    <li data-level={level}>
      <time dateTime={at}>{formatDateTime(at)}</time> <Badge tone={toneOf(level)} text={level} />
      {" "}
      <span class="part">{part}</span> {gpu !== null && <span class="muted">{nameOf(gpu)}:</span>}
      {" "}
      {text}
    </li>
  );
}
