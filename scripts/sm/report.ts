/**
 * What `scripts/bench_sm.ts` prints.
 *
 * @module
 */

import { table } from "../../lib/render/table.ts";
import { NEAR_POINTS, type Row, type SettlingRow } from "./cases.ts";
import { meanAbsolute } from "./progress.ts";

/** Figures that others have published; none of them was measured here. */
const PUBLISHED = [
  "published, not measured here:",
  "  HAMi-core, mean absolute error of its SM limit (RTX 4080, by vgpu-manager)   17 to 20 points",
  "  vgpu-manager, the best public shim (the same)                              2.2 to 2.8 points",
];

const errorOf = ({ cells }: Row) => cells.map(({ target, share }) => share - target);

/** Shares beside what was asked for, with mean absolute errors in points. */
export function sharesReport(rows: readonly Row[]): string[] {
  const lines = rows.map((row) => [
    row.name,
    ...row.cells.map(({ target, share }) => `${share.toFixed(2)} of ${target}`),
    ...Array<string>(Math.max(0, 5 - row.cells.length)).fill(""),
    meanAbsolute(errorOf(row)).toFixed(2),
    row.note,
  ]);
  const all = rows.flatMap(errorOf);
  const widest = Math.max(...all.map(Math.abs)).toFixed(2);
  return [
    ...table(
      [["percent of the rate without limit", "", "", "", "", "", "MAE", ""], ...lines],
      ["left", ...Array<"right">(6).fill("right"), "left"],
    ),
    `mean absolute error of ${all.length}: ${
      meanAbsolute(all).toFixed(2)
    } points, ${widest} at most`,
    ...PUBLISHED,
  ];
}

const seconds = (value: number | null) => value === null ? "never" : `${value.toFixed(2)} s`;

/** Times until the share over the last second is near what was asked for. */
export function settlingReport(rows: readonly SettlingRow[]): string[] {
  const [first] = rows;
  if (first === undefined) return [];
  const heads = first.changes.map(({ from, to }) => `${from} to ${to} %`);
  const begin = first.changes[0]?.to;
  return [
    `until the share over the last second stays within ${NEAR_POINTS} points, from the change on`,
    ...table(
      [
        ["", `start at ${begin} %`, ...heads],
        ...rows.map((row) => [
          row.name,
          seconds(row.start),
          ...row.changes.map((change) => seconds(change.seconds)),
        ]),
      ],
      ["left", ...Array<"right">(heads.length + 1).fill("right")],
    ),
  ];
}
