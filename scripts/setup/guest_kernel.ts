/**
 * Fetching a distribution's kernel for tests in QEMU, without installing it.
 *
 * @module
 */

import { basename, dirname, join } from "node:path";
import { findKernel, GUEST_MODULES, withDependencies } from "../../tests/kernel/modules.ts";
import type { Runner } from "./apt.ts";
import { hasCommand, type Host } from "./probe.ts";

/** Debian's package that always needs the newest kernel's. */
const META_PACKAGE = "linux-image-amd64";

/** Options of {@linkcode fetchGuestKernel}. */
export interface GuestKernelOptions {
  /** Where it goes: `build/guest`. What else is in there stays. */
  directory: string;
  host: Host;
  run: Runner;
  /** The processor of this host, as Deno names it. */
  arch?: string;
}

/** What came of it. */
export type GuestKernelOutcome =
  /** One was there, in the directory or installed. */
  | { state: "present"; release: string }
  | { state: "fetched"; release: string }
  /** One line. */
  | { state: "absent"; reason: string };

/**
 * Makes sure that there is a kernel with the modules that tests load. It is downloaded with apt-get, which
 * takes no rights, and only its image and those modules are kept: some MiB of several hundred. Nothing is left
 * of a download that was broken off, or of a package that is not whole.
 */
export function fetchGuestKernel(options: GuestKernelOptions): GuestKernelOutcome {
  const { directory, host, run, arch = Deno.build.arch } = options;
  const present = usableKernel([directory, host.root]);
  if (present !== undefined) return { state: "present", release: present };
  const needed = ["apt-get", "apt-cache", "dpkg-deb", "qemu-system-x86_64"];
  const lacking = needed.find((name) => !hasCommand(host, name));
  if (arch !== "x86_64") return { state: "absent", reason: "guests are x86-64, this host is not" };
  if (lacking !== undefined) return { state: "absent", reason: `no ${lacking}` };

  // Beside it, so that renaming moves it; a run that was killed may have left one.
  const partial = `${directory}.partial`;
  try {
    remove(partial);
    Deno.mkdirSync(partial, { recursive: true });
    return unpackInto(directory, partial, run);
  } catch (error) {
    return { state: "absent", reason: error instanceof Error ? error.message : String(error) };
  } finally {
    remove(partial);
  }
}

/** The release of the newest kernel that has all modules. */
function usableKernel(roots: readonly string[]): string | undefined {
  const kernel = findKernel(roots);
  if (kernel === undefined) return undefined;
  try {
    withDependencies(kernel, GUEST_MODULES);
    return kernel.release;
  } catch {
    return undefined; // a kernel for virtual machines may have no graphics
  }
}

function unpackInto(directory: string, partial: string, run: Runner): GuestKernelOutcome {
  const dependencies = run(["apt-cache", "depends", META_PACKAGE]);
  const name = /Depends: (linux-image-\d\S*)/.exec(dependencies.output)?.[1];
  if (dependencies.code !== 0 || name === undefined) {
    return { state: "absent", reason: `apt has no package ${META_PACKAGE}` };
  }
  // apt-get downloads into the directory that it is run in, and as another user where root runs it.
  const apt = ["apt-get", "-q", "-o", "APT::Sandbox::User=root", "-o", "Acquire::http::Timeout=20"];
  must(run(["env", "-C", partial, ...apt, "download", name]), `apt-get download ${name}`);
  const archive = names(partial).find((each) => each.endsWith(".deb"));
  if (archive === undefined) throw new Error(`apt-get download ${name} left no package`);
  const whole = join(partial, "whole");
  must(run(["dpkg-deb", "-x", join(partial, archive), whole]), `dpkg-deb -x ${archive}`);
  const kernel = findKernel([whole]);
  if (kernel === undefined) throw new Error(`${name} holds no kernel with modules`);

  const kept = join(partial, "modules");
  Deno.mkdirSync(join(kept, "kernel"), { recursive: true });
  Deno.copyFileSync(join(kernel.modules, "modules.builtin"), join(kept, "modules.builtin"));
  for (const module of withDependencies(kernel, GUEST_MODULES)) {
    Deno.writeFileSync(join(kept, "kernel", `${module.name}.ko`), module.content);
  }
  // The image last: without it the modules are no kernel to anyone.
  move(kept, join(directory, "lib/modules", kernel.release));
  move(kernel.image, join(directory, "boot", basename(kernel.image)));
  return { state: "fetched", release: kernel.release };
}

function must({ code, output }: ReturnType<Runner>, what: string): void {
  if (code === 0) return;
  const lines = output.trim().split("\n");
  const error = lines.find((line) => /^E: |error/i.test(line)) ?? lines.at(-1) ?? "";
  throw new Error(`${what}: ${error.replace(/^E: /, "") || `exit status ${code}`}`);
}

function names(directory: string): string[] {
  return Array.from(Deno.readDirSync(directory), ({ name }) => name);
}

function move(from: string, to: string): void {
  remove(to);
  Deno.mkdirSync(dirname(to), { recursive: true });
  Deno.renameSync(from, to);
}

function remove(path: string): void {
  try {
    Deno.removeSync(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
