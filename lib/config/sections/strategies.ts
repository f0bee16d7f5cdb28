/**
 * `[afr]`, `[sfr]`, `[hybrid]`, `[compute_offload]`, `[single]`: options of the strategies, made of what
 * each of them declares.
 *
 * @module
 */

import { type OptionSchema, type OptionSpec, parseOptions } from "../../schedule/options.ts";
import { STRATEGIES, type StrategyName } from "../../schedule/strategies.ts";
import { bool, choice, ConfigValueError, integer, number } from "../key.ts";
import type { Key } from "../key.ts";
import { type AnyKey, type Section, section } from "../section.ts";

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

/** The original's ratio is one number: the first GPU's share of two. */
function sharesOf(text: string): string {
  const lone = /^0?\.\d+$/.test(text) ? Number(text) : undefined;
  return lone === undefined ? text : `${lone},${Number((1 - lone).toFixed(9))}`;
}

function weights(describe: string): Key<readonly number[] | null> {
  return {
    form:
      "a number for each GPU in their order, such as 3,1; or the share of the first of two: 0.75",
    unit: null,
    default: null,
    choices: null,
    describe,
    caution: () => null,
    parse(text) {
      if (text === "") return null;
      const shares = sharesOf(text).split(",").map((each) =>
        each.trim() === "" ? NaN : Number(each)
      );
      const areShares = shares.every((share) => share >= 0 && share < Infinity);
      if (areShares && shares.some((share) => share > 0)) return shares;
      throw new ConfigValueError(
        "give a number for each GPU, 0 or more, and one of them above 0, such as 3,1",
      );
    },
    format: (value) => value?.join(",") ?? "",
  };
}

function device(describe: string): Key<string | null> {
  return {
    form: "the id of a GPU: pci:0000:06:00.0",
    unit: null,
    default: null,
    choices: null,
    describe,
    caution: () => null,
    parse(text) {
      if (text === "") return null;
      if (/^\w+:\S+$/.test(text)) return text;
      throw new ConfigValueError("give the id of a GPU, as mvgal info shows it: pci:0000:06:00.0");
    },
    format: (value) => value ?? "",
  };
}

function keyOf(spec: OptionSpec): AnyKey {
  const describe = sentence(spec.description);
  switch (spec.type) {
    case "boolean":
      return bool(spec.default, { describe });
    case "choice":
      return choice(spec.default, spec.choices, { describe });
    case "device":
      return device(describe);
    case "weights":
      return weights(describe);
    case "integer":
    case "number": {
      const about = { describe, least: spec.minimum, most: spec.maximum };
      return spec.type === "integer" ? integer(spec.default, about) : number(spec.default, about);
    }
  }
}

function keysOf(name: StrategyName): Readonly<Record<string, AnyKey>> {
  const options: OptionSchema = STRATEGIES[name].options;
  return Object.fromEntries(Object.entries(options).map(([key, spec]) => [key, keyOf(spec)]));
}

function strategySection(
  name: StrategyName,
  more: Pick<Section, "withoutEffect"> & { keys?: Readonly<Record<string, AnyKey>> } = {},
): Section {
  // What a section holds has to be what its strategy takes.
  parseOptions(name, STRATEGIES[name].options, {});
  return section({
    describe: `The strategy ${name}: ${STRATEGIES[name].summary}.`,
    ...more,
    keys: { ...keysOf(name), ...more.keys },
  });
}

/** The service places programs as a whole. What is in a program its own options set. */
const WITHIN_PROGRAMS = "has no effect yet: it is about frames and grids of a program, " +
  "and no library of this version takes it from this file";

/** The section of a strategy whose options are all about what is within a program. */
function withinPrograms(...[name, more]: Parameters<typeof strategySection>): Section {
  const made = strategySection(name, more);
  const keys = Object.entries(made.keys).map(([key, spec]): [string, AnyKey] => {
    // deno-lint-ignore no-explicit-any -- a key of any type
    const isUsual = (value: any) => spec.format(value) === spec.format(spec.default);
    // deno-lint-ignore no-explicit-any -- as above
    const caution = (value: any) =>
      spec.caution(value) ?? (isUsual(value) ? null : WITHIN_PROGRAMS);
    return [key, { ...spec, caution }];
  });
  const describe =
    `${made.describe} Its keys are about frames and grids of a program, and have no effect yet.`;
  return { ...made, describe, keys: Object.fromEntries(keys) };
}

const HYBRID_MARGIN = keysOf("hybrid")["threshold_percent"];

/** The original's files have 80 here, as a utilization. */
const LARGEST_USUAL_MARGIN = 50;

/** The sections by their strategies' names. Strategies without options have none. */
export const strategies = {
  afr: withinPrograms("afr", {
    withoutEffect: {
      enable_sync: "frames are always shown in order",
      sync_timeout_ms: "no frame is given up: a slow GPU gets fewer of them",
    },
  }),
  sfr: withinPrograms("sfr", {
    withoutEffect: {
      split_mode: "the analysis of each kernel says along which dimension it is safe to cut",
    },
  }),
  hybrid: withinPrograms("hybrid", {
    keys: HYBRID_MARGIN === undefined ? {} : {
      threshold_percent: {
        ...HYBRID_MARGIN,
        caution: (percent: number) =>
          percent > LARGEST_USUAL_MARGIN
            ? "is no utilization, as it was in the original: nothing changes until another way is " +
              `${percent} % better (5 is the default)`
            : null,
      },
    },
    withoutEffect: {
      primary_gpu: "what was measured decides; [compute_offload] primary names the GPU that draws",
      fallback_gpu: "what was measured decides; priority in a GPU's section decides between equals",
    },
  }),
  compute_offload: strategySection("compute_offload"),
  single: strategySection("single"),
} as const;
