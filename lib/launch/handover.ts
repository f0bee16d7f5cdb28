/**
 * What `shims/launcher` hands over to the program in variables; `shims/launcher/start.h` lists them.
 *
 * @module
 */

const PREFIX = "MVGAL_LAUNCHER_";
const KEEP = `${PREFIX}KEEP_`;

/** How the launcher started this process. */
export interface Handover {
  /** `argv[0]` as the launcher got it. */
  readonly argv0: string;
  /** Absolute path of the single file; undefined where it has none, as after it was removed. */
  readonly self: string | undefined;
  /** Directory in which the packed files lie; undefined where they are in memory. */
  readonly directory: string | undefined;
  /** Open descriptors of packed files, by the files' names. */
  readonly descriptors: ReadonlyMap<string, number>;
}

/** What an environment says of the launcher, and how it would be without that. */
export interface ReadHandover {
  /** Null where no launcher started this process. */
  readonly handover: Handover | null;
  /** Names of variables to remove. */
  readonly remove: readonly string[];
  /** Variables to set: the user's own, which were hidden from the runtime. */
  readonly restore: Readonly<Record<string, string>>;
}

/** Reads `FD:NAME FD:NAME`; what is not of that form is left out. */
function parseDescriptors(list: string): Map<string, number> {
  const descriptors = new Map<string, number>();
  for (const entry of list.split(" ")) {
    const match = /^(\d+):(.+)$/.exec(entry);
    if (match?.[1] !== undefined && match[2] !== undefined) {
      descriptors.set(match[2], Number(match[1]));
    }
  }
  return descriptors;
}

/**
 * Reads the launcher's variables.
 *
 * @param env all variables of the process.
 */
export function readHandover(env: Readonly<Record<string, string>>): ReadHandover {
  const own = Object.keys(env).filter((name) => name.startsWith(PREFIX));
  const argv0 = env[`${PREFIX}ARGV0`];
  if (argv0 === undefined) return { handover: null, remove: own, restore: {} };

  const forRuntime = (env[`${PREFIX}SET`] ?? "").split(" ").filter((name) => name !== "");
  const restore: Record<string, string> = {};
  for (const name of own) {
    const value = env[name];
    if (name.startsWith(KEEP) && value !== undefined) restore[name.slice(KEEP.length)] = value;
  }
  return {
    handover: {
      argv0,
      self: env[`${PREFIX}SELF`],
      directory: env[`${PREFIX}DIR`],
      descriptors: parseDescriptors(env[`${PREFIX}FDS`] ?? ""),
    },
    remove: [...own, ...forRuntime],
    restore,
  };
}
