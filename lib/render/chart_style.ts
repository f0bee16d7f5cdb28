/**
 * Colours and type of charts, in light and in dark surroundings.
 *
 * @module
 */

/** Colours by name. The series differ in lightness too; no chart tells anything by colour alone. */
type Colors = Readonly<Record<string, string>>;

const LIGHT: Colors = {
  surface: "#ffffff",
  text: "#1b1f24",
  muted: "#5b6470",
  grid: "#e3e7ec",
  axis: "#a3acb8",
  track: "#eef1f4",
  heat: "#6aa5f0",
  bad: "#b3261e",
  s0: "#2563c9",
  s1: "#b4500b",
  s2: "#15803d",
  s3: "#7c3aed",
  s4: "#be123c",
  s5: "#0e7490",
  s6: "#7a5407",
  s7: "#475569",
};

const DARK: Colors = {
  surface: "#161a1f",
  text: "#e6e9ed",
  muted: "#a0a9b5",
  grid: "#2a3038",
  axis: "#5b6470",
  track: "#232930",
  heat: "#2c6cbf",
  bad: "#ff8a80",
  s0: "#7fb0ff",
  s1: "#fb9d5c",
  s2: "#5fd38a",
  s3: "#c4b0ff",
  s4: "#ff8fa3",
  s5: "#4fd0e6",
  s6: "#f2c94c",
  s7: "#cbd5e1",
};

/** Number of colours for series. */
export const SERIES = 8;

/** Class of the `i`-th series. */
export function seriesClass(i: number): string {
  return `s${i % SERIES}`;
}

/** Size of the text of a class, in pixels. */
export const TEXT_SIZE = { h: 15, t: 12, m: 11, k: 11 } as const;

function variables(colors: Colors): string {
  return Object.entries(colors).map(([name, color]) => `--${name}:${color}`).join(";");
}

/** The colours as custom properties of `selector`, for a screen as it is set, and light on paper. */
export function colorRules(selector: string): string {
  return `${selector}{${variables(LIGHT)}}` +
    `@media screen and (prefers-color-scheme:dark){${selector}{${variables(DARK)}}}`;
}

/** A declaration, first for programs that know no custom properties. */
function declare(property: string, name: string): string {
  return `${property}:${LIGHT[name]};${property}:var(--${name})`;
}

const SERIES_RULES = Array.from(
  { length: SERIES },
  (_, i) =>
    `.chart .s${i}{${declare("stroke", `s${i}`)}}.chart .f.s${i}{stroke:none;${
      declare("fill", `s${i}`)
    }}`,
).join("");

/** Rules of what is in charts. */
export const CHART_RULES =
  ".chart{font-family:system-ui,'Segoe UI','Noto Sans','DejaVu Sans',sans-serif}" +
  `.chart .surface{${declare("fill", "surface")}}` +
  `.chart text{font-size:${TEXT_SIZE.t}px;font-variant-numeric:tabular-nums;${
    declare("fill", "text")
  }}` +
  `.chart .h{font-size:${TEXT_SIZE.h}px;font-weight:600}` +
  `.chart .m{font-size:${TEXT_SIZE.m}px;${declare("fill", "muted")}}` +
  `.chart .k{font-size:${TEXT_SIZE.k}px}` +
  `.chart .bad{${declare("fill", "bad")}}` +
  `.chart .grid{stroke-width:1;${declare("stroke", "grid")}}` +
  `.chart .axis{stroke-width:1;${declare("stroke", "axis")}}` +
  ".chart .w{stroke-width:2}.chart .d{stroke-width:1.5;stroke-dasharray:5 4}.chart .l{stroke-width:1}" +
  `.chart .heat{${declare("fill", "heat")}}.chart .track{${declare("fill", "track")}}` +
  `.chart .peak{stroke-width:1.5;stroke-dasharray:3 2;${declare("stroke", "text")}}` +
  SERIES_RULES;

/** The style sheet of a chart that stands alone. */
export const CHART_STYLE = colorRules(".chart") + CHART_RULES;
