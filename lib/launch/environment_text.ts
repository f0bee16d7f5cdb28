/**
 * Variables in the forms of those who read them: shells, unit files, container engines. Pure.
 *
 * @module
 */

import type { Variables } from "./environment.ts";

/** The forms that there are. */
export const ENVIRONMENT_FORMATS = ["shell", "json", "systemd", "docker"] as const;

/** One of the forms. */
export type EnvironmentFormat = typeof ENVIRONMENT_FORMATS[number];

/** Single-quoted for a POSIX shell. */
function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Double-quoted for a unit file: `%` begins a specifier (systemd.exec(5), systemd.syntax(7)). */
function unitQuoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, "\\$&").replaceAll("%", "%%")}"`;
}

/**
 * Writes variables down.
 *
 * @throws {RangeError} for a value that the form has no way to write; one line.
 */
export function environmentText(variables: Variables, format: EnvironmentFormat): string {
  const broken = variables.find(([, value]) => /[\n\r]/.test(value));
  if (broken !== undefined && (format === "systemd" || format === "docker")) {
    throw new RangeError(`${broken[0]} has a line break, which ${format} cannot take: unset it`);
  }
  switch (format) {
    case "shell":
      return variables.map(([name, value]) => `export ${name}=${shellQuoted(value)}\n`).join("");
    case "json": {
      const document = {
        schema: "mvgal.environment/1",
        variables: Object.fromEntries(variables),
      };
      return `${JSON.stringify(document, null, 2)}\n`;
    }
    case "systemd":
      return variables.map(([name, value]) => `Environment=${unitQuoted(`${name}=${value}`)}\n`)
        .join("");
    case "docker":
      return variables.map(([name, value]) => `${name}=${value}\n`).join("");
  }
}
