/**
 * The running host, for checks that ask more than files.
 *
 * @module
 */

import { whyNotWritable } from "../../ffi/access.ts";
import { parseEffectiveCapabilities } from "../sysfs/capabilities.ts";
import { parsePasswd } from "../telemetry/processes/users.ts";
import type { Identity, LiveHost } from "./check.ts";

/** Who a process is, from the text of its `/proc/PID/status` (proc(5)); undefined where it does not say. */
export function parseIdentity(status: string): Omit<Identity, "user"> | undefined {
  const line = (name: string) => new RegExp(`^${name}:\\s*(.*)$`, "m").exec(status)?.[1];
  const [, uid] = line("Uid")?.split(/\s+/) ?? [];
  const [, gid] = line("Gid")?.split(/\s+/) ?? [];
  const capabilities = parseEffectiveCapabilities(status);
  if (uid === undefined || gid === undefined || capabilities === undefined) return undefined;
  const groups = (line("Groups") ?? "").split(/\s+/).filter((each) => each !== "");
  return {
    uid: Number(uid),
    groups: [...new Set([gid, ...groups].map(Number))],
    capabilities,
  };
}

/** The libraries that are not found, in what ldd(1) prints: `libLLVM.so => not found`. */
export function parseMissing(text: string): string[] {
  return Array.from(text.matchAll(/^\s*(\S+) => not found$/gm), ([, name = ""]) => name);
}

function missingDependencies(path: string): string[] | null {
  try {
    const { stdout } = new Deno.Command("ldd", {
      args: [path],
      stdin: "null",
      stdout: "piped",
      stderr: "null",
      env: { LC_ALL: "C" },
    }).outputSync();
    return parseMissing(new TextDecoder().decode(stdout));
  } catch {
    return null;
  }
}

function textOf(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}

/**
 * The running host.
 *
 * @param env gives an environment variable; undefined where it is unset or empty.
 */
export function liveHost(env: LiveHost["env"]): LiveHost {
  const parsed = parseIdentity(textOf("/proc/self/status"));
  const uid = parsed?.uid ?? Deno.uid() ?? 0;
  const user = parsePasswd(textOf("/etc/passwd")).get(uid) ?? null;
  return {
    identity: { uid, user, groups: parsed?.groups ?? [], capabilities: parsed?.capabilities ?? 0n },
    whyNotWritable,
    owner(path) {
      try {
        const { gid, mode } = Deno.statSync(path);
        return gid === null || mode === null ? undefined : { gid, mode: mode & 0o777 };
      } catch {
        return undefined;
      }
    },
    missingDependencies,
    env,
  };
}
