/**
 * Options of strategies: what there is, what is allowed, what holds where nothing is said. Values come as
 * JSON or as text (a configuration file, an environment variable). Pure.
 *
 * @module
 */

import { closest } from "../gpu/closest.ts";

/** A number between two bounds, both allowed. */
export interface NumberOption {
  readonly type: "number" | "integer";
  readonly default: number;
  readonly minimum: number;
  readonly maximum: number;
  readonly description: string;
}

/** Yes or no. */
export interface BooleanOption {
  readonly type: "boolean";
  readonly default: boolean;
  readonly description: string;
}

/** One of some words. */
export interface ChoiceOption {
  readonly type: "choice";
  readonly default: string;
  readonly choices: readonly string[];
  readonly description: string;
}

/** The id of a device; null leaves the choice to the strategy. */
export interface DeviceOption {
  readonly type: "device";
  readonly default: null;
  readonly description: string;
}

/** A weight of 0 or more for each device, in their order; null: by what was measured. */
export interface WeightsOption {
  readonly type: "weights";
  readonly default: null;
  readonly description: string;
}

/** What one option may be. */
export type OptionSpec =
  | NumberOption
  | BooleanOption
  | ChoiceOption
  | DeviceOption
  | WeightsOption;

/** A strategy's options by name. */
export type OptionSchema = Readonly<Record<string, OptionSpec>>;

/** The value that an option has. */
type ValueOf<Spec extends OptionSpec> = Spec extends NumberOption ? number
  : Spec extends BooleanOption ? boolean
  : Spec extends { readonly choices: readonly (infer Word)[] } ? Word
  : Spec extends DeviceOption ? string | null
  : readonly number[] | null;

/** The values of all options of a schema. */
export type OptionsOf<Schema extends OptionSchema> = {
  readonly [Name in keyof Schema]: ValueOf<Schema[Name]>;
};

/** What was given, to be checked. */
export type GivenOptions = Readonly<Record<string, unknown>>;

/**
 * The values of all options: those given, and the defaults of the others.
 *
 * @param whose the strategy's name, for errors.
 * @throws {RangeError} for an option that there is not, or a value that it may not have; one line.
 */
export function parseOptions<Schema extends OptionSchema>(
  whose: string,
  schema: Schema,
  given: GivenOptions = {},
): OptionsOf<Schema> {
  const names = Object.keys(schema);
  const unknown = Object.keys(given).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    const near = closest(unknown, names);
    const hint = near !== undefined
      ? `did you mean ${near}?`
      : names.length === 0
      ? "it has none"
      : `there are ${names.join(", ")}`;
    throw new RangeError(`${whose} has no option '${unknown}': ${hint}`);
  }
  const values = Object.entries(schema).map(([name, spec]) => {
    const value = given[name];
    return [
      name,
      value === undefined ? spec.default : parseValue(`${whose}: ${name}`, spec, value),
    ];
  });
  return Object.fromEntries(values) as OptionsOf<Schema>;
}

function parseValue(
  what: string,
  spec: OptionSpec,
  value: unknown,
): number | boolean | string | null | number[] {
  const wrong = (needed: string) => {
    const shown = typeof value === "string"
      ? `'${value}'`
      : typeof value === "number"
      ? String(value)
      : JSON.stringify(value) ?? String(value);
    return new RangeError(`${what} cannot be ${shown.replaceAll("\n", " ")}: give ${needed}`);
  };
  switch (spec.type) {
    case "number":
    case "integer": {
      const number = numberOf(value);
      const isWhole = spec.type === "number" || Number.isInteger(number);
      if (number >= spec.minimum && number <= spec.maximum && isWhole) return number;
      const kind = spec.type === "integer" ? "a whole number" : "a number";
      throw wrong(`${kind} from ${spec.minimum} to ${spec.maximum}`);
    }
    case "boolean":
      if (value === true || value === "true") return true;
      if (value === false || value === "false") return false;
      throw wrong("true or false");
    case "choice":
      if (typeof value === "string" && spec.choices.includes(value)) return value;
      throw wrong(spec.choices.join(" or "));
    case "device":
      if (value === null) return null;
      if (typeof value === "string" && value.trim() !== "") return value.trim();
      throw wrong("the id of a device");
    case "weights": {
      if (value === null) return null;
      const list: unknown = typeof value === "string" ? value.split(",") : value;
      const weights = Array.isArray(list) ? list.map(numberOf) : [];
      const areWeights = weights.every((weight) => weight >= 0 && weight < Infinity);
      if (areWeights && weights.some((weight) => weight > 0)) return weights;
      throw wrong("a number for each device, 0 or more, and one of them above 0, such as 3,1");
    }
  }
}

/** The number that a value is, or says; NaN for any other. */
function numberOf(value: unknown): number {
  if (typeof value === "number") return value;
  return typeof value === "string" && value.trim() !== "" ? Number(value) : NaN;
}
