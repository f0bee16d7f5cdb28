// deno-lint-ignore-file no-console -- a script speaks to people
/**
 * Finds what this host lacks and installs it where it may; otherwise prints how to.
 *
 *     deno run -A scripts/setup.ts [--tests] [--no-install]
 *
 * `--tests` adds what the tests need, and unpacks a kernel for those in QEMU into `build/guest`. The exit
 * status is 0 in any case: what is missing narrows what mvgal can do, it does not stop it.
 *
 * @module
 */

import { join } from "node:path";
import { parseArgs } from "node:util";
import { aptInstall, listsAgeDays, rootPrivilege, runProcess } from "./setup/apt.ts";
import { fetchGuestKernel } from "./setup/guest_kernel.ts";
import { installLines, nativeManager, packagesFor } from "./setup/packages.ts";
import { hasCommand, type Host, thisHost } from "./setup/probe.ts";
import { type Requirement, requirements } from "./setup/requirements.ts";

function missingOf(wanted: readonly Requirement[], host: Host): Requirement[] {
  return wanted.filter((requirement) => !requirement.present(host));
}

function osRelease(): string {
  for (const path of ["/etc/os-release", "/usr/lib/os-release"]) {
    try {
      return Deno.readTextFileSync(path);
    } catch { /* the next one, or none: then no package manager comes first */ }
  }
  return "";
}

/** Installs what can be installed; says what it does. */
function installMissing(missing: readonly Requirement[], host: Host): void {
  const packages = packagesFor(missing, "apt");
  if (packages.length === 0 || !hasCommand(host, "apt-get")) return;
  const privilege = rootPrivilege(Deno.uid(), runProcess);
  if (privilege === null) return;
  console.log(`setup: installing with apt-get, ${privilege.words}: ${packages.join(" ")}`);
  const age = listsAgeDays("/var/lib/apt/lists", Date.now());
  for (const [name, reason] of aptInstall(packages, privilege, age, runProcess)) {
    console.log(`setup: apt-get could not install ${name}: ${reason}`);
  }
}

/** Says what is missing, what that costs, and how to install it. */
function report(missing: readonly Requirement[]): void {
  for (const { id, without } of missing) console.log(`setup: missing: ${id}: ${without}`);
  console.log("setup: to install what is missing:");
  for (const line of installLines(missing, nativeManager(osRelease()), Deno.uid() === 0)) {
    const left = line.unpackaged.length === 0
      ? ""
      : `   (not packaged: ${line.unpackaged.join(", ")})`;
    console.log(`  ${`${line.distributions}:`.padEnd(16)}${line.command}${left}`);
  }
}

/** Fetches a kernel for the tests in a virtual machine, where there is none; says what came of it. */
function provideGuestKernel(host: Host): void {
  const directory = join(import.meta.dirname ?? ".", "..", "build/guest");
  const outcome = fetchGuestKernel({ directory, host, run: runProcess });
  if (outcome.state === "fetched") {
    console.log(`setup: put Linux ${outcome.release} into build/guest: tests in QEMU boot it`);
  } else if (outcome.state === "absent") {
    console.log(`setup: missing: kernel for QEMU: tests in it are skipped: ${outcome.reason}`);
  }
}

function main(): void {
  const { values } = parseArgs({
    args: Deno.args,
    options: { tests: { type: "boolean" }, "no-install": { type: "boolean" } },
  });
  const host = thisHost();
  const wanted = requirements.filter((requirement) => values.tests || requirement.for === "start");

  let missing = missingOf(wanted, host);
  if (missing.length > 0 && !values["no-install"]) {
    installMissing(missing, host);
    missing = missingOf(wanted, host);
  }
  if (values.tests && !values["no-install"]) provideGuestKernel(host);
  if (missing.length > 0) report(missing);
  else console.log(`setup: all ${wanted.length} requirements are here`);
}

if (import.meta.main) main();
