/**
 * Groups of users by name.
 *
 * Source: `group(5)`. Groups of a directory service that is not in the file are asked for with `getent(1)`.
 *
 * @module
 */

/** The number of a group in a file of `/etc/group`'s form; null for one that is not there. */
export function parseGroupId(text: string, name: string): number | null {
  for (const line of text.split("\n")) {
    const [own, , id = ""] = line.split(":");
    if (own === name && /^\d+$/.test(id)) return Number(id);
  }
  return null;
}

/** The number of a group of this host; null for none. */
export function groupId(name: string | null): number | null {
  if (name === null || name === "") return null;
  try {
    const found = parseGroupId(Deno.readTextFileSync("/etc/group"), name);
    if (found !== null) return found;
    const { stdout } = new Deno.Command("getent", {
      args: ["group", name],
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).outputSync();
    return parseGroupId(new TextDecoder().decode(stdout), name);
  } catch {
    return null;
  }
}
