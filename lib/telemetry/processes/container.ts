/**
 * The container of a process, from its control groups. Pure.
 *
 * Format: cgroups(7). Names: Docker, containerd, CRI-O and Podman put a container's id of 64 hexadecimal
 * digits into the name of its group, with cgroup v1, with cgroup v2, and below Kubernetes alike
 * (`docker-ID.scope`, `/docker/ID`, `cri-containerd-ID.scope`, `crio-ID.scope`, `libpod-ID.scope`,
 * `/kubepods/burstable/podUID/ID`); LXC and Incus the container's name (`/lxc/NAME`,
 * `/lxc.payload.NAME`).
 *
 * @module
 */

/** Digits that the tools themselves show of an id. */
const SHORT_ID = 12;

const ID = /^(?:([a-z][a-z-]*)-)?([0-9a-f]{64})(?:\.scope)?$/;

const LXC_PAYLOAD = /^lxc\.payload[.](.+)$/;

/**
 * The first 12 digits of the id of the container that a process runs in, or an LXC container's name;
 * undefined where it is in none. Of containers in containers it is the innermost.
 *
 * @param cgroup the text of `/proc/PID/cgroup`.
 */
export function containerOf(cgroup: string): string | undefined {
  for (const line of cgroup.split("\n")) {
    // hierarchy-ID:controller-list:cgroup-path
    const path = /^\d+:[^:]*:(.*)$/.exec(line)?.[1];
    const found = path === undefined ? undefined : inPath(path.split("/"));
    if (found !== undefined) return found;
  }
  return undefined;
}

function inPath(parts: readonly string[]): string | undefined {
  for (let at = parts.length - 1; at >= 0; at--) {
    const part = parts[at] ?? "";
    const id = ID.exec(part);
    // The monitor of a container (conmon) is outside of it, in a group of a similar name.
    if (id?.[2] !== undefined && id[1]?.endsWith("conmon") !== true) {
      return id[2].slice(0, SHORT_ID);
    }
    const name = LXC_PAYLOAD.exec(part)?.[1] ?? (parts[at - 1] === "lxc" ? part : "");
    if (name !== "") return name;
  }
  return undefined;
}
