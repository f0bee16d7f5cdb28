/**
 * The package managers that setup knows, and the commands that install with them.
 *
 * @module
 */

/** A package manager. */
export type PackageManager = "apt" | "dnf" | "pacman" | "zypper";

/** Something that packages bring: what it is called, and its packages by package manager. */
export interface Packaged {
  readonly id: string;
  /** An empty list where the distribution does not package it. */
  readonly packages: Readonly<Record<PackageManager, readonly string[]>>;
}

interface Manager {
  /** Distributions that use it, as people call them. */
  readonly distributions: string;
  /** The `ID` and `ID_LIKE` values of os-release(5) that mean it. */
  readonly ids: readonly string[];
  /** The command before the packages' names. */
  readonly install: string;
}

/** All package managers, in the order in which they are shown. */
export const managers: Readonly<Record<PackageManager, Manager>> = {
  apt: {
    distributions: "Debian, Ubuntu",
    ids: ["debian", "ubuntu"],
    install: "apt-get install --no-install-recommends",
  },
  dnf: { distributions: "Fedora, RHEL", ids: ["fedora", "rhel", "centos"], install: "dnf install" },
  pacman: { distributions: "Arch", ids: ["arch", "archlinux"], install: "pacman -S --needed" },
  zypper: {
    distributions: "openSUSE",
    ids: ["suse", "opensuse", "sles"],
    install: "zypper install --no-recommends",
  },
};

const order = Object.keys(managers) as PackageManager[];

/**
 * The package manager of a distribution.
 *
 * @param osRelease the text of `/etc/os-release`, in the format of os-release(5).
 * @returns null for a distribution that uses none of those known.
 */
export function nativeManager(osRelease: string): PackageManager | null {
  const fields = new Map<string, string>();
  for (const line of osRelease.split("\n")) {
    const match = /^([A-Z_]+)=(["']?)(.*)\2\s*$/.exec(line);
    if (match?.[1] !== undefined) fields.set(match[1], match[3] ?? "");
  }
  const ids = [fields.get("ID") ?? "", ...(fields.get("ID_LIKE") ?? "").split(/\s+/)]
    .filter((id) => id !== "");
  for (const id of ids) {
    const manager = order.find((name) =>
      managers[name].ids.some((known) => id === known || id.startsWith(`${known}-`))
    );
    if (manager !== undefined) return manager;
  }
  return null;
}

/** The packages that bring all of `missing`, each named once, in the table's order. */
export function packagesFor(missing: readonly Packaged[], manager: PackageManager): string[] {
  return [...new Set(missing.flatMap((each) => each.packages[manager]))];
}

/** One line of {@linkcode installLines}: the distributions and the command for them. */
export interface InstallLine {
  readonly distributions: string;
  readonly command: string;
  /** Requirements that this distribution does not package. */
  readonly unpackaged: readonly string[];
}

/**
 * The commands that install all of `missing`, one a package manager, the host's own first.
 *
 * @param native the host's own package manager; null where it is not known.
 * @param asRoot whether the commands are run by root, and so need no `sudo`.
 */
export function installLines(
  missing: readonly Packaged[],
  native: PackageManager | null,
  asRoot: boolean,
): InstallLine[] {
  const sorted = native === null ? order : [native, ...order.filter((name) => name !== native)];
  return sorted.map((name) => {
    const { distributions, install } = managers[name];
    const packages = packagesFor(missing, name);
    return {
      distributions,
      command: packages.length === 0
        ? "(nothing to install)"
        : `${asRoot ? "" : "sudo "}${install} ${packages.join(" ")}`,
      unpackaged: missing.filter((each) => each.packages[name].length === 0).map((each) => each.id),
    };
  });
}
