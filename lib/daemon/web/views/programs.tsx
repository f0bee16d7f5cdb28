/**
 * The programs that use the GPUs, and those that run with mvgal.
 *
 * @module
 */

import { useEffect, useState } from "preact/hooks";
import { formatBytes } from "../../../render/units.ts";
import type { GpuProcess } from "../../../telemetry/process.ts";
import { count, formatNumber } from "../core/format.ts";
import { matches } from "../core/sort.ts";
import { useApp } from "../parts/app_context.ts";
import { Failure, Missing } from "../parts/failure.tsx";
import { GpuSelect, useGpuName } from "../parts/gpu_select.tsx";
import { type Column, SortTable } from "../parts/sort_table.tsx";
import { Unknown } from "../parts/value.tsx";
import { SessionsPanel } from "./sessions.tsx";

/** How often the programs are asked for, in ms. */
const ASK_MS = 2000;

const NOT_READABLE = "it may not be read without more rights";

function columnsWith(nameOf: (id: string) => string): Column<GpuProcess>[] {
  return [
    {
      id: "name",
      title: "Program",
      key: ({ name }) => name,
      cell: ({ name }) => name ?? <Unknown why={NOT_READABLE} />,
    },
    { id: "pid", title: "PID", key: ({ pid }) => pid, cell: ({ pid }) => pid, isNumber: true },
    {
      id: "gpu",
      title: "GPU",
      key: ({ gpu }) => nameOf(gpu),
      cell: ({ gpu }) => nameOf(gpu),
      kind: "short",
    },
    {
      id: "utilization",
      title: "Utilization",
      isNumber: true,
      key: ({ utilization_pct }) => utilization_pct,
      cell: ({ utilization_pct }) =>
        utilization_pct === null
          ? <Unknown word="–" why="the driver does not tell it" />
          : `${formatNumber(utilization_pct, 0)} %`,
    },
    {
      id: "memory",
      title: "Memory",
      isNumber: true,
      key: ({ vram_bytes }) => vram_bytes,
      cell: ({ vram_bytes }) =>
        vram_bytes === null
          ? <Unknown word="–" why="the driver does not tell it" />
          : formatBytes(vram_bytes),
    },
    {
      id: "user",
      title: "User",
      key: ({ user, uid }) => user ?? uid,
      cell: ({ user, uid }) => user ?? uid ?? <Unknown why={NOT_READABLE} />,
    },
    {
      id: "kind",
      title: "Kind",
      key: ({ kinds }) => kinds.join() || null,
      cell: ({ kinds }) =>
        kinds.join(", ") || <Unknown word="–" why="the driver does not tell it" />,
    },
    {
      id: "container",
      title: "Container",
      key: ({ container }) => container,
      cell: ({ container }) => container ?? "–",
    },
    {
      id: "command",
      title: "Command",
      key: ({ command }) => command,
      cell: ({ command }) =>
        command === null ? <Unknown why={NOT_READABLE} /> : <span title={command}>{command}</span>,
      kind: "command",
    },
  ];
}

/** Asks for programs and sessions again and again while the view is open. */
function useAsking(): void {
  const { live, state: { link } } = useApp();
  const isLive = link.state === "live";
  useEffect(() => {
    if (!isLive) return;
    const ask = () => {
      if (!document.hidden) live.refresh(["status", "sessions"]);
    };
    ask();
    const timer = setInterval(ask, ASK_MS);
    return () => clearInterval(timer);
  }, [isLive]);
}

/** The view. */
export function ProgramsView() {
  useAsking();
  const { state: { parts, failed } } = useApp();
  const nameOf = useGpuName();
  const [filter, setFilter] = useState("");
  const [gpu, setGpu] = useState("");
  const { status } = parts;
  if (status === null) return <Missing part="status" />;
  const { processes = [], partial = null } = status;
  const rows = processes.filter((each) =>
    (gpu === "" || each.gpu === gpu) &&
    matches(filter, [each.name, each.pid, each.user, each.container, each.command])
  );
  return (
    <>
      <section class="panel">
        <h2>Programs on GPUs</h2>
        <div class="toolbar">
          <label>
            Filter
            <input
              type="search"
              value={filter}
              placeholder="name, PID, user, command"
              onInput={(event) => setFilter(event.currentTarget.value)}
            />
          </label>
          <GpuSelect value={gpu} onChange={setGpu} all="All GPUs" />
          <span class="muted" data-count>
            {rows.length === processes.length
              ? count(rows.length, "program")
              : `${rows.length} of ${count(processes.length, "program")}`}
          </span>
        </div>
        {partial !== null && <p class="reason">Not all of them: {partial}</p>}
        {failed.status !== undefined && (
          <Failure of={{ busy: false, error: failed.status, needsToken: false }} />
        )}
        <SortTable
          caption="Programs on GPUs"
          columns={columnsWith(nameOf)}
          rows={rows}
          rowKey={({ gpu, pid }) => `${pid} ${gpu}`}
          start={{ column: "utilization", descending: true }}
          empty={processes.length === 0
            ? "No program uses a GPU, as far as can be seen."
            : "No program is like the filter."}
        />
      </section>
      <SessionsPanel />
    </>
  );
}
