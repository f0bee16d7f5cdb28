/**
 * The programs that run with mvgal: where, and how much of their work was split.
 *
 * @module
 */

import { formatBytes } from "../../../render/units.ts";
import type { SessionView } from "../../service_api.ts";
import { formatDateTime } from "../core/format.ts";
import { useApp } from "../parts/app_context.ts";
import { Missing } from "../parts/failure.tsx";
import { useGpuName } from "../parts/gpu_select.tsx";
import { type Column, SortTable } from "../parts/sort_table.tsx";
import { Unknown } from "../parts/value.tsx";

type Counter = "bytes" | "launches" | "splits";

function total({ counters }: SessionView, of: Counter): number {
  return counters.reduce((sum, counter) => sum + counter[of], 0);
}

function columnsWith(nameOf: (id: string) => string): Column<SessionView>[] {
  return [
    {
      id: "command",
      title: "Program",
      key: ({ command }) => command,
      cell: ({ command }) => command ?? "unknown",
    },
    { id: "pid", title: "PID", isNumber: true, key: ({ pid }) => pid, cell: ({ pid }) => pid },
    { id: "api", title: "By", key: ({ api }) => api, cell: ({ api }) => api },
    {
      id: "strategy",
      title: "Strategy",
      key: ({ strategy }) => strategy,
      cell: ({ strategy }) => strategy,
    },
    {
      id: "gpus",
      title: "GPUs",
      key: ({ gpus }) => gpus.length,
      cell: ({ gpus }) => gpus.map(nameOf).join(", "),
      kind: "short",
    },
    {
      id: "placed",
      title: "Placed on",
      key: ({ placed_on }) => placed_on,
      cell: ({ placed_on, placed_because }) =>
        placed_on === null
          ? <Unknown word="none" why={placed_because} />
          : <span title={placed_because}>{nameOf(placed_on)}</span>,
      kind: "short",
    },
    {
      id: "launches",
      title: "Launches",
      isNumber: true,
      key: (session) => total(session, "launches"),
      cell: (session) => total(session, "launches").toLocaleString("en"),
    },
    {
      id: "splits",
      title: "Parts",
      isNumber: true,
      key: (session) => total(session, "splits"),
      cell: (session) => total(session, "splits").toLocaleString("en"),
    },
    {
      id: "parted",
      title: "In parts",
      isNumber: true,
      key: ({ kernels }) => kernels && kernels.parted / (kernels.whole + kernels.parted),
      cell: ({ kernels }) =>
        kernels === null
          ? "–"
          : `${(100 * kernels.parted / (kernels.whole + kernels.parted)).toFixed(1)} %`,
    },
    {
      id: "bytes",
      title: "Memory",
      isNumber: true,
      key: (session) => total(session, "bytes"),
      cell: (session) => formatBytes(total(session, "bytes")),
    },
    {
      id: "whole",
      title: "Ran whole because",
      key: ({ whole }) => whole[0]?.reason ?? null,
      cell: ({ whole }) =>
        whole.length === 0 ? "–" : (
          <ul class="inside">
            {whole.map(({ reason, count }) => <li key={reason}>{count} × {reason}</li>)}
          </ul>
        ),
    },
    {
      id: "since",
      title: "Since",
      key: ({ since }) => since,
      cell: ({ since }) => since === null ? "unknown" : formatDateTime(since),
      kind: "short",
    },
  ];
}

/** The table of them. */
export function SessionsPanel() {
  const { state: { parts: { sessions } } } = useApp();
  const nameOf = useGpuName();
  return (
    <section class="panel">
      <h2>Programs that run with mvgal</h2>
      {sessions === null ? <Missing part="sessions" /> : (
        <SortTable
          caption="Programs that run with mvgal"
          columns={columnsWith(nameOf)}
          rows={sessions}
          rowKey={({ id }) => id}
          start={{ column: "command", descending: false }}
          empty="None. mvgal run starts one: mvgal run -- PROGRAM"
        />
      )}
    </section>
  );
}
