/**
 * How the GPUs are connected, and what was measured between them.
 *
 * @module
 */

import { useEffect, useState } from "preact/hooks";
import type { TopologyNode, TopologyPair } from "../../../gpu/topology.ts";
import type { BenchReport } from "../../../bench/report.ts";
import { fetchReport } from "../api.ts";
import { formatDateTime } from "../core/format.ts";
import { formatRoute } from "../core/route.ts";
import { useApp } from "../parts/app_context.ts";
import { Missing } from "../parts/failure.tsx";
import { useGpuName } from "../parts/gpu_select.tsx";
import { Unknown } from "../parts/value.tsx";
import { Matrix } from "./matrix.tsx";

/** What a relation means. */
const MEANINGS: readonly [string, string][] = [
  ["NV#", "so many NVLinks"],
  ["XGMI", "xGMI links"],
  ["PIX", "below one PCIe switch"],
  ["PXB", "several PCIe switches, and no host bridge"],
  ["PHB", "one host bridge"],
  ["NODE", "several host bridges of one NUMA node"],
  ["SYS", "the interconnect between NUMA nodes"],
];

/** The view. */
export function TopologyView() {
  const { state: { parts } } = useApp();
  const { inventory } = parts;
  if (inventory === null) return <Missing part="inventory" />;
  const { topology, logical_device } = inventory;
  return (
    <>
      <section class="panel">
        <h2>Tree</h2>
        <ul class="tree">{topology.tree.map((node) => <Branch key={node.id} node={node} />)}</ul>
      </section>
      <section class="panel">
        <h2>Links</h2>
        {topology.pairs.length === 0
          ? <p class="muted">There are no two GPUs to be connected.</p>
          : <Relations ids={inventory.gpus.map(({ id }) => id)} pairs={topology.pairs} />}
        <p>
          As one device: <strong>{logical_device.tier.replaceAll("_", " ")}</strong>,{" "}
          {logical_device.tier_reason}
        </p>
        <dl class="facts">
          {MEANINGS.map(([name, meaning]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{meaning}</dd>
            </div>
          ))}
        </dl>
      </section>
      <Transfers />
    </>
  );
}

const KINDS: Record<TopologyNode["type"], string> = {
  numa_node: "NUMA node",
  host_bridge: "Host bridge",
  bridge: "Bridge",
  gpu: "GPU",
};

function Branch({ node }: { node: TopologyNode }) {
  const nameOf = useGpuName();
  const name = node.type === "gpu"
    ? <a href={formatRoute("gpus", node.id)}>{nameOf(node.id)}</a>
    : `${KINDS[node.type]} ${node.id}`;
  return (
    <li>
      <span class={`node ${node.type}`}>{name}</span>{" "}
      {node.note !== null && <span class="muted">{node.note}</span>}
      {node.children.length > 0 && (
        <ul>{node.children.map((child) => <Branch key={child.id} node={child} />)}</ul>
      )}
    </li>
  );
}

function Relations({ ids, pairs }: { ids: readonly string[]; pairs: readonly TopologyPair[] }) {
  const nameOf = useGpuName();
  const pairOf = (a: string, b: string) =>
    pairs.find((pair) => (pair.a === a && pair.b === b) || (pair.a === b && pair.b === a));
  return (
    <div class="scroll" role="region" aria-label="Links between GPUs" tabIndex={0}>
      <table class="matrix">
        <caption class="unseen">How each pair of GPUs is connected</caption>
        <thead>
          <tr>
            <th scope="col">GPU</th>
            {ids.map((id, i) => <th scope="col" key={id} title={nameOf(id)}>{i}</th>)}
          </tr>
        </thead>
        <tbody>
          {ids.map((a) => (
            <tr key={a}>
              <th scope="row">{nameOf(a)}</th>
              {ids.map((b) => {
                const pair = pairOf(a, b);
                if (a === b) return <td key={b} class="self">–</td>;
                return (
                  <td key={b}>
                    {pair?.relation ?? <Unknown word="?" why={pair?.absent ?? "it was not told"} />}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Transfers() {
  const { state: { parts } } = useApp();
  const last = parts.runs?.find(({ state }) => state === "done")?.id;
  const [report, setReport] = useState<BenchReport | null>(null);
  const [why, setWhy] = useState<string | null>(null);
  useEffect(() => {
    if (last === undefined) return;
    const abort = new AbortController();
    fetchReport(last, abort.signal).then(setReport, (error) => {
      if (!abort.signal.aborted) setWhy(String(error.message));
    });
    return () => abort.abort();
  }, [last]);
  const matrices = report?.matrices ?? [];
  return (
    <section class="panel">
      <h2>Transfers</h2>
      {why !== null && <p class="failure">{why}</p>}
      {matrices.length === 0 && why === null && (
        <p class="muted">
          {report === null && last !== undefined
            ? "Waiting for the report…"
            : "Nothing was measured between GPUs in the last run: "}
          {(report !== null || last === undefined) && (
            <a href={formatRoute("bench")}>start one of the suite transfer</a>
          )}
        </p>
      )}
      {matrices.length > 0 && <p>Measured {formatDateTime(report?.context.date ?? "")}</p>}
      {matrices.map((matrix) => <Matrix key={matrix.benchmark} matrix={matrix} />)}
    </section>
  );
}
