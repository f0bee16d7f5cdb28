/**
 * Installing packages with apt-get, by root or through `sudo -n`.
 *
 * @module
 */

/** Package lists older than this are fetched again before anything is installed. */
const STALE_AFTER_DAYS = 7;

/** Package lists older than this are fetched again where an installation fails. */
const DOUBTFUL_AFTER_DAYS = 1;

/** How to run a command with root's rights: the words before it, and how to say so. */
export interface Privilege {
  readonly prefix: readonly string[];
  readonly words: string;
}

/** What came of {@linkcode aptInstall}: per package that could not be installed, why. */
export type AptFailures = ReadonlyMap<string, string>;

/** Runs a command to its end; the exit status and everything that it printed. */
export type Runner = (argv: readonly string[]) => { code: number; output: string };

/** The {@linkcode Runner} that starts real processes, without input and without questions. */
export const runProcess: Runner = (argv) => {
  const [command, ...args] = argv;
  if (command === undefined) throw new Error("no command to run");
  try {
    const result = new Deno.Command(command, {
      args,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      env: { LC_ALL: "C.UTF-8" },
    }).outputSync();
    const decoder = new TextDecoder();
    const output = decoder.decode(result.stdout) + decoder.decode(result.stderr);
    return { code: result.code, output };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      return { code: 127, output: `${command}: not found` };
    }
    throw error;
  }
};

/**
 * How this process may install packages: as root, or by a `sudo` that asks for no password.
 *
 * @param uid the effective user id.
 * @returns null where it may not.
 */
export function rootPrivilege(uid: number | null, run: Runner): Privilege | null {
  if (uid === 0) return { prefix: [], words: "as root" };
  if (run(["sudo", "-n", "true"]).code === 0) {
    return { prefix: ["sudo", "-n"], words: "through sudo" };
  }
  return null;
}

/**
 * How many days ago apt's package lists were fetched; infinite where there are none.
 *
 * @param directory `/var/lib/apt/lists`.
 * @param now milliseconds since the epoch.
 */
export function listsAgeDays(directory: string, now: number): number {
  let newest = -Infinity;
  try {
    for (const entry of Deno.readDirSync(directory)) {
      if (!/_(Packages|InRelease|Release)(\.\w+)?$/.test(entry.name)) continue;
      // ctime, because mtime is the archive's own date.
      newest = Math.max(newest, Deno.statSync(`${directory}/${entry.name}`).ctime?.getTime() ?? 0);
    }
  } catch {
    return Infinity;
  }
  return (now - newest) / 86_400_000;
}

/** apt-get's own words for what went wrong, on one line. */
function aptErrors(output: string): string {
  const lines = output.split("\n").filter((line) => line.startsWith("E: "))
    .map((line) => line.slice(3));
  return lines.join("; ") || output.trim().split("\n").at(-1) || "apt-get gave no reason";
}

/**
 * Installs packages, without recommended ones and without questions. Where they do not install
 * together, the lists are fetched again and each is tried alone, so that one cannot stop the others.
 *
 * @param listsAge days since the package lists were fetched.
 * @returns the packages that are not installed, each with apt-get's reason.
 */
export function aptInstall(
  packages: readonly string[],
  privilege: Privilege,
  listsAge: number,
  run: Runner,
): AptFailures {
  // env(1), because sudo drops the environment. The lock is held by unattended upgrades at times.
  const apt = (...args: string[]) =>
    run([
      ...privilege.prefix,
      "env",
      "DEBIAN_FRONTEND=noninteractive",
      "apt-get",
      "-q",
      "-y",
      "-o",
      "DPkg::Lock::Timeout=300",
      "-o",
      "Acquire::http::Timeout=20",
      ...args,
    ]);
  const install = (names: readonly string[]) => apt("install", "--no-install-recommends", ...names);

  if (listsAge > STALE_AFTER_DAYS) apt("update");
  if (install(packages).code === 0) return new Map();
  if (listsAge > DOUBTFUL_AFTER_DAYS && listsAge <= STALE_AFTER_DAYS) {
    apt("update");
    if (install(packages).code === 0) return new Map();
  }

  const failures = new Map<string, string>();
  for (const name of packages) {
    const result = install([name]);
    if (result.code !== 0) failures.set(name, aptErrors(result.output));
  }
  return failures;
}
