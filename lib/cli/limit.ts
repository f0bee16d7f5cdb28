/**
 * `mvgal limit`: the limits of programs and groups, shown and changed while they run.
 *
 * @module
 */

import { discover } from "../discovery/mod.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { closest } from "../gpu/closest.ts";
import { parseLimitOption, RunRequestError } from "../launch/limit_option.ts";
import { parseBytes, parsePercent } from "../launch/limit_text.ts";
import { renderLimits, type ShownLimit, type ShownLimits } from "../render/limit_table.ts";
import { plural } from "../render/units.ts";
import {
  type RuntimeDirectories,
  runtimeDirectories,
  seesAllProcesses,
} from "../session/directory.ts";
import { groupUse, parseGroupName } from "../session/group.ts";
import {
  groupNames,
  groupPath,
  livingMembers,
  readGroup,
  removeGroup,
} from "../session/group_file.ts";
import { hostClock } from "../control/clock.ts";
import { type Session, SessionRegistry } from "../session/registry.ts";
import {
  type CommandContext,
  type CommandInput,
  type CommandModule,
  flag,
  UsageError,
  value,
} from "./command.ts";
import { type AskedLimits, setGroupLimits, setSessionLimits } from "./limit_change.ts";
import { LIMIT_OPTIONS } from "./limit_options.ts";

const ACTIONS = ["ls", "set", "rm"] as const;

/** The host whose limits they are. Tests have their own. */
export interface LimitHost {
  directories(context: CommandContext): RuntimeDirectories;
  /** The devices, as `mvgal info` numbers them. */
  listed(): readonly Gpu[];
}

const HOST: LimitHost = {
  directories: ({ env }) => runtimeDirectories(env, Deno.uid()),
  listed: () => discover({ only: ["pci", "drm", "nvidia"] }).gpus,
};

/** A group, or why its file is none. */
interface FoundGroup extends ShownLimits {
  runtime: string;
  pids: number[];
}

function groupsIn(runtime: string, problems: string[]): FoundGroup[] {
  return groupNames(runtime).flatMap((name): FoundGroup[] => {
    let reading;
    try {
      reading = readGroup(groupPath(runtime, name));
    } catch (error) {
      problems.push(error instanceof Error ? error.message : String(error));
    }
    if (reading?.state === "none") problems.push(`${runtime}/groups/${name}: ${reading.reason}`);
    if (reading?.state !== "group") return [];
    const { group } = reading;
    const use = groupUse(group, hostClock.startTime);
    const pids = livingMembers(group).map(({ pid }) => pid);
    const limits = group.limits.map((limit, i): ShownLimit => ({
      gpu: limit.gpu,
      used_bytes: use[i]?.used_bytes ?? null,
      memory_limit_bytes: asNumber(limit.memory_limit_bytes),
      compute_pct: limit.compute_pct,
    }));
    return [{ kind: "group", name, what: plural(pids.length, "program"), limits, runtime, pids }];
  });
}

function asNumber(bytes: bigint | null): number | null {
  return bytes === null ? null : Number(bytes);
}

function programOf({ page, pid }: Session): ShownLimits {
  const used = new Map(page.counters.map(({ gpu, bytes_now }) => [gpu, bytes_now]));
  const gpus = page.policy.state === "set" ? page.policy.policy.gpus : [];
  return {
    kind: "program",
    name: `${pid}`,
    what: page.command ?? "?",
    limits: gpus.filter(({ enabled }) => enabled).map((gpu) => ({
      gpu: gpu.id,
      used_bytes: used.has(gpu.id) ? used.get(gpu.id) ?? null : 0,
      memory_limit_bytes: asNumber(gpu.memory_limit_bytes),
      compute_pct: gpu.compute_pct,
    })),
  };
}

/** The pages of programs, or of those alone that a name means: a pid, or a pid with its start. */
function openPages(directories: RuntimeDirectories, name?: string): SessionRegistry {
  const only = (id: string, pid: number) => name === undefined || id === name || `${pid}` === name;
  return new SessionRegistry({ directories, removes: seesAllProcesses(), only });
}

function show(input: CommandInput, context: CommandContext, host: LimitHost): number {
  const directories = host.directories(context);
  const problems: string[] = [];
  const groups = [...directories.own, ...directories.foreign]
    .flatMap((runtime) => groupsIn(runtime, problems));
  using registry = openPages(directories);
  const look = registry.look();
  problems.push(...look.problems.map(({ path, reason }) => `${path}: ${reason}`));
  if (flag(input, "json")) {
    const document = {
      schema: "mvgal.limits/1",
      groups: groups.map(({ name, runtime, pids, limits }) => ({
        name,
        file: groupPath(runtime, name),
        pids,
        gpus: limits,
      })),
      programs: look.sessions.map((session) => ({
        id: session.id,
        pid: session.pid,
        command: session.page.command,
        api: session.page.api,
        gpus: programOf(session).limits,
      })),
      problems,
    };
    context.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
    return 0;
  }
  for (const problem of problems) context.stderr.write(`mvgal: ${problem}\n`);
  context.stdout.write(renderLimits([...groups, ...look.sessions.map(programOf)]));
  return 0;
}

function asked(input: CommandInput): AskedLimits {
  try {
    const limits = {
      vram: parseLimitOption("vram", value(input, "vram"), parseBytes, "8GiB"),
      sm: parseLimitOption("sm", value(input, "sm"), parsePercent, "30%"),
    };
    if (limits.vram !== undefined || limits.sm !== undefined) return limits;
  } catch (error) {
    if (error instanceof RunRequestError) throw new UsageError(error.message);
    throw error;
  }
  throw new UsageError("which limits? Give --vram, --sm or both ('none' takes one away)");
}

/** The directories in which there is such a group. */
function homesOf(name: string, { own, foreign }: RuntimeDirectories): string[] {
  return [...own, ...foreign].filter((runtime) => groupNames(runtime).includes(name));
}

function oneHome(name: string, homes: readonly string[]): string | undefined {
  if (homes.length > 1) {
    throw new UsageError(
      `there are several groups '${name}' (${
        homes.join(", ")
      }): set MVGAL_RUNTIME_DIR to one of them`,
    );
  }
  return homes[0];
}

function missing(name: string, names: readonly string[]): Error {
  const near = closest(name, names);
  const hint = near === undefined ? "see mvgal limit ls" : `did you mean ${near}?`;
  return new Error(`there is no group and no program '${name}': ${hint}`);
}

function change(
  name: string,
  input: CommandInput,
  context: CommandContext,
  host: LimitHost,
): number {
  const limits = asked(input);
  const directories = host.directories(context);
  let listed: readonly Gpu[] | undefined;
  const devices = () => listed ??= host.listed();
  const home = oneHome(name, homesOf(name, directories));
  using registry = openPages(directories, name);
  const { sessions: [program] } = registry.look();
  if (home !== undefined && program !== undefined) {
    throw new UsageError(`'${name}' is a group and a program: write ${program.id} for the program`);
  }
  if (home !== undefined) {
    setGroupLimits(home, name, limits, devices);
  } else if (program !== undefined) {
    setSessionLimits(registry, program.id, limits, devices);
  } else {
    const { own, foreign } = directories;
    throw missing(name, [...own, ...foreign].flatMap(groupNames));
  }
  return 0;
}

function remove(name: string, context: CommandContext, host: LimitHost): number {
  parseGroupName(name);
  const directories = host.directories(context);
  const home = oneHome(name, homesOf(name, directories));
  if (home === undefined || !removeGroup(home, name)) {
    const { own, foreign } = directories;
    throw missing(name, [...own, ...foreign].flatMap(groupNames));
  }
  return 0;
}

/** Refuses options that the action would pass over. */
function checkOptions(action: string | undefined, input: CommandInput): void {
  const others = [
    ...(action === "set" ? [] : ["vram", "sm"]),
    ...(action === "ls" ? [] : ["json"]),
  ];
  const other = others.find((name) => input.options[name] !== undefined);
  if (other !== undefined) {
    const home = other === "json" ? "ls" : "set";
    throw new UsageError(`--${other} is for limit ${home}: limit ${action} does nothing with it`);
  }
}

/** Builds the command. */
export function limitCommand(host: LimitHost = HOST): CommandModule {
  return {
    name: "limit",
    describe: "Show and change the limits of programs and groups while they run",
    details:
      "ls shows groups and programs; set changes the limits of a group, or of a program by its pid, at " +
      "once and without the service; rm removes a group in which no program is. What is set so holds in " +
      "place of what the program was started with; a service that runs keeps it.",
    arguments: [
      { syntax: "<action>", describe: "What to do", choices: ACTIONS },
      { syntax: "[name]", describe: "For set and rm: a group; for set also a program's pid" },
    ],
    options: [
      ...LIMIT_OPTIONS,
      { flags: "--json", describe: "With ls: print one JSON object" },
    ],
    examples: [
      { command: "limit ls", meaning: "Groups and programs, and what they use" },
      { command: "limit set jobs --vram 30GiB", meaning: "More for a group" },
      { command: "limit set 4711 --sm 50%", meaning: "Less for a program" },
      { command: "limit set 4711 --sm none", meaning: "All of the time again" },
    ],
    run(input, context) {
      const [action, name] = input.args;
      checkOptions(action, input);
      if (action === "ls") {
        if (name !== undefined) throw new UsageError("ls shows all: it takes no name");
        return show(input, context, host);
      }
      if (name === undefined) {
        throw new UsageError(`which one? Name a group${action === "set" ? " or a pid" : ""}`);
      }
      return action === "set" ? change(name, input, context, host) : remove(name, context, host);
    },
  };
}
