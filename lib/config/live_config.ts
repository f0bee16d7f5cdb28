/**
 * The configuration of a program that stays: read at the start, and again when it is asked to.
 *
 * @module
 */

import { type Config, type ConfigProblem, configValues, formatProblem } from "./config.ts";
import {
  ConfigFileError,
  type ConfigSearch,
  loadConfig,
  type LoadedConfig,
} from "./config_file.ts";

/** What came of reading the file again. */
export interface Reload {
  /** `section.key` of what has another value now; empty where nothing has, or the file was not taken. */
  readonly changed: readonly string[];
  /** Why the file was not taken, in one line; null where it was. */
  readonly problem: string | null;
}

/** The first error of a file, and how many more there are; undefined where there is none. */
function errorOf({ path, problems }: LoadedConfig): string | undefined {
  const [first, ...more] = problems.filter(({ severity }) => severity === "error");
  if (first === undefined) return undefined;
  const rest = more.length === 0
    ? ""
    : ` (and ${more.length} more: mvgal config validate lists them)`;
  return `${formatProblem(path ?? "", first)}${rest}`;
}

/** Keys of which the values differ. */
function differing(before: Config, after: Config): string[] {
  const [old, now] = [configValues(before), configValues(after)];
  const names = new Set(
    [old, now].flatMap((values) =>
      Object.entries(values).flatMap(([section, keys]) =>
        Object.keys(keys).map((key) => `${section}\0${key}`)
      )
    ),
  );
  return [...names].flatMap((name) => {
    const [section = "", key = ""] = name.split("\0");
    return old[section]?.[key] === now[section]?.[key] ? [] : [`${section}.${key}`];
  });
}

/** Holds the configuration. A file with an error never takes the place of one without. */
export class LiveConfig {
  readonly #search: ConfigSearch;
  #loaded: LoadedConfig;
  #loadedAt = new Date();
  #problem: string | null = null;

  /**
   * Reads the file.
   *
   * @throws {ConfigFileError} where it cannot be read or has an error; one line. To go on with defaults in
   * place of what is wrong could open what somebody meant to close.
   */
  constructor(search: ConfigSearch) {
    this.#search = search;
    this.#loaded = loadConfig(search);
    const error = errorOf(this.#loaded);
    if (error !== undefined) throw new ConfigFileError(error);
  }

  /** The values that hold. */
  get config(): Config {
    return this.#loaded.config;
  }

  /** What the file that holds is warned of. */
  get warnings(): readonly ConfigProblem[] {
    return this.#loaded.problems;
  }

  /** Reads the file again; keeps what it has where that has an error. Never throws. */
  reload(): Reload {
    try {
      const next = loadConfig(this.#search);
      const error = errorOf(next);
      if (error !== undefined) throw new ConfigFileError(error);
      const changed = differing(this.#loaded.config, next.config);
      this.#loaded = next;
      this.#loadedAt = new Date();
      this.#problem = null;
      return { changed, problem: null };
    } catch (error) {
      this.#problem = error instanceof Error ? error.message : String(error);
      return { changed: [], problem: this.#problem };
    }
  }

  /** As the API shows it. */
  view(): {
    path: string | null;
    values: ReturnType<typeof configValues>;
    loaded_at: string;
    problem: string | null;
  } {
    return {
      path: this.#loaded.path,
      values: configValues(this.#loaded.config),
      loaded_at: this.#loadedAt.toISOString(),
      problem: this.#problem,
    };
  }
}
