/**
 * Whether a shim could read the limits that an environment asks for: `mvgal run` refuses to start a program
 * whose limits would not hold. Pure.
 *
 * @module
 */

import { parseGroupName } from "../session/group.ts";
import {
  LimitTextError,
  parseBytes,
  parseLimitList,
  parseLimitMap,
  parsePercent,
} from "./limit_text.ts";

type Environment = (name: string) => string | undefined;

/** A number of HAMi's for a percentage: any, since more than 100 is as good as 100. */
function isHamiPercent(text: string): boolean {
  return /^\d+$/.test(text);
}

/** HAMi's variables for all GPUs and for each. */
function hamiNames(base: string): string[] {
  return [base, ...Array.from({ length: 32 }, (_, i) => `${base}_${i}`)];
}

/** Why text is no limit; undefined where it is one. */
type Check = (text: string) => string | undefined;

function thrown(parse: () => unknown): string | undefined {
  try {
    parse();
    return undefined;
  } catch (error) {
    if (error instanceof LimitTextError || error instanceof RangeError) return error.message;
    throw error;
  }
}

function mapCheck(most: bigint, what: string): Check {
  return (text) =>
    thrown(() => {
      for (const { key, value } of parseLimitMap(text)) {
        if (value === 0n || value > most) {
          throw new LimitTextError(`${value} for GPU ${key} is no ${what}`);
        }
      }
    });
}

const isAmount = (is: boolean) => is ? undefined : "it is no such amount";

const CHECKS: [names: string[], check: Check, write: string][] = [
  [
    ["MVGAL_VRAM_LIMIT"],
    (text) => thrown(() => parseLimitList(text, parseBytes)),
    "a size, such as 8GiB",
  ],
  [
    ["MVGAL_SM_LIMIT"],
    (text) => thrown(() => parseLimitList(text, parsePercent)),
    "a percentage, such as 30%",
  ],
  [["MVGAL_GROUP"], (text) => thrown(() => parseGroupName(text)), "such as render"],
  [
    ["TENSOR_FUSION_CUDA_MEM_LIMIT"],
    mapCheck(0xffff_ffff_ffff_fffen, "number of bytes from 1 on"),
    'a map, such as {"0": 8589934592}',
  ],
  [
    ["TENSOR_FUSION_CUDA_UP_LIMIT"],
    mapCheck(100n, "percentage from 1 to 100"),
    'a map, such as {"0": 30}',
  ],
  [
    hamiNames("CUDA_DEVICE_MEMORY_LIMIT"),
    (text) => isAmount(parseBytes(text) !== undefined),
    "a size, such as 8g",
  ],
  [hamiNames("CUDA_DEVICE_SM_LIMIT"), (text) => isAmount(isHamiPercent(text)), "such as 30"],
];

/** What of the limits of an environment no shim could read: one line each, none where all is well. */
export function unreadableLimits(env: Environment): string[] {
  return CHECKS.flatMap(([names, check, write]) =>
    names.flatMap((name) => {
      const text = env(name);
      if (text === undefined || text === "") return [];
      const why = check(text);
      return why === undefined ? [] : [`${name}=${text}: ${why} (write ${write}, or unset it)`];
    })
  );
}

/** Whether an environment asks for anything that only a shim can do. */
export function asksForShim(env: Environment): boolean {
  const isOn = (name: string) => !/^(|0|false|no|off)$/i.test(env(name) ?? "");
  return isOn("MVGAL_POOL") ||
    CHECKS.some(([names]) => names.some((name) => (env(name) ?? "") !== ""));
}
