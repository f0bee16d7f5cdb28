/**
 * Reading what clpeak prints.
 *
 * @module
 */

/** clpeak's best figure of each test: GB/s, GFLOP/s, GIOP/s; null where it did not run it. */
export interface ClpeakFigures {
  /** Name of the device. */
  device: string;
  bandwidth: number | null;
  fp32: number | null;
  fp64: number | null;
  fp16: number | null;
  int32: number | null;
}

/** Name of a figure. */
export type Figure = Exclude<keyof ClpeakFigures, "device">;

const SECTIONS: readonly { key: Figure; heading: RegExp }[] = [
  { key: "bandwidth", heading: /^Global memory bandwidth/ },
  { key: "fp32", heading: /^Single-precision compute/ },
  { key: "fp64", heading: /^Double-precision compute/ },
  { key: "fp16", heading: /^Half-precision compute/ },
  { key: "int32", heading: /^Integer compute \(GIOPS\)/ },
];

/** The figures of each device in the output (clpeak 1.1), in its order. */
export function parseClpeak(text: string): ClpeakFigures[] {
  return text.split(/^\s*Device: /m).slice(1).map(parseDevice);
}

/** The best figure of each section of one device's output. */
function parseDevice(text: string): ClpeakFigures {
  const device = text.split("\n", 1)[0]?.trim() ?? "";
  const best: ClpeakFigures = {
    device,
    bandwidth: null,
    fp32: null,
    fp64: null,
    fp16: null,
    int32: null,
  };
  let section: Figure | undefined;
  for (const line of text.split("\n").map((each) => each.trim())) {
    const heading = SECTIONS.find((each) => each.heading.test(line));
    const figure = /^\w+\s*:\s*([\d.]+)$/.exec(line);
    if (heading) section = heading.key;
    else if (line === "" || !figure) section = undefined;
    else if (section) best[section] = Math.max(best[section] ?? 0, Number(figure[1]));
  }
  return best;
}
