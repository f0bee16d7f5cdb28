/**
 * A figure of every pair of devices.
 *
 * @module
 */

import type { PairMatrix } from "../../../bench/transfer/matrix.ts";
import { formatFigure } from "../core/format.ts";
import { Unknown } from "../parts/value.tsx";

/** Steps of shade, of which the last is that of the highest figure. */
const SHADES = 5;

/** The matrix: rows are sources, columns destinations. The shade is that of the figure's size. */
export function Matrix({ matrix }: { matrix: PairMatrix }) {
  const { benchmark, unit, devices, names, values, paths, reasons } = matrix;
  const most = Math.max(0, ...values.flat().filter((value) => value !== null));
  return (
    <figure>
      <figcaption>
        <code>{benchmark}</code> in {unit}: from the row to the column
      </figcaption>
      <div class="scroll" role="region" aria-label={`Matrix of ${benchmark}`} tabIndex={0}>
        <table class="matrix">
          <caption class="unseen">{benchmark} in {unit}</caption>
          <thead>
            <tr>
              <th scope="col">From</th>
              {devices.map((id, i) => <th scope="col" key={id} title={names[i]}>{i}</th>)}
            </tr>
          </thead>
          <tbody>
            {devices.map((from, i) => (
              <tr key={from}>
                <th scope="row">{i}: {names[i]}</th>
                {devices.map((to, j) => {
                  const value = values[i]?.[j] ?? null;
                  if (i === j) return <td key={to} class="self">–</td>;
                  if (value === null) {
                    return (
                      <td key={to}>
                        <Unknown word="–" why={reasons[i]?.[j] ?? "it was not measured"} />
                      </td>
                    );
                  }
                  const shade = most > 0 ? Math.ceil(SHADES * value / most) : 0;
                  return (
                    <td key={to} class={`shade-${shade}`} title={paths[i]?.[j] ?? undefined}>
                      {formatFigure(value)}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </figure>
  );
}
