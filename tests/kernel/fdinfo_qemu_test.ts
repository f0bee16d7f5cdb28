import assert from "node:assert/strict";
import { parseFdinfo } from "../../lib/telemetry/processes/fdinfo.ts";
import type { ProcessList } from "../../lib/telemetry/process.ts";
import { GUEST_MODULES } from "./modules.ts";
import { guestKernel, noGuest, runGuest } from "./qemu.ts";

/**
 * A program that sweeps three times: while some hold devices, right after one has opened a device and one has
 * ended, and when half a minute has gone by after that.
 */
const PROGRAM = `
import { Sysroot } from "/mvgal/lib/sysfs/sysroot.ts";
import { openProcessSweep } from "/mvgal/lib/telemetry/processes.ts";

const gpus = [
  { id: "pci:virtio", pci_slot: Deno.args[0], drm_node: "/dev/dri/card0", render_node: "/dev/dri/renderD128" },
  { id: "drm:vgem", pci_slot: null, drm_node: "/dev/dri/card1", render_node: "/dev/dri/renderD129" },
].map((gpu) => ({ ...gpu, device_nodes: [], vram_total_bytes: null }));

let skipped = 0;
const now = () => performance.now() + skipped;
using sweep = openProcessSweep({ sysroot: new Sysroot(), gpus, now });
const lists = [sweep.sweep()];
new Deno.Command("/bin/sh", { args: ["/change"] }).outputSync();
lists.push(sweep.sweep());
skipped = 30_000;
lists.push(sweep.sweep());
console.log(JSON.stringify(lists));
`;

/**
 * Starts holders of a card and a render node twice over, of vgem, and of no GPU; then the program as the
 * superuser, and as a user who may not look at others.
 */
const SCRIPT = `
for node in card0 card1; do
  for try in 1 2 3 4 5 6 7 8 9 10; do [ -c /dev/dri/$node ] || sleep 0.2; done
  [ -c /dev/dri/$node ] || { echo "no /dev/dri/$node"; exit 1; }
done
chmod 666 /dev/dri/*
echo "root:x:0:0::/:/bin/sh" > /etc/passwd
echo "ana:x:1000:1000::/tmp:/bin/sh" >> /etc/passwd
slot=$(basename $(readlink -f /sys/class/drm/card0/device/..))
case $slot in *:*:*.*) ;; *) slot=$(basename $(readlink -f /sys/class/drm/card0/device)) ;; esac
sh -c 'exec 5<>/dev/dri/card0 6<>/dev/dri/renderD128 7<>/dev/dri/renderD128; sleep 1000 & wait' &
one=$!
sh -c 'exec 8<>/dev/dri/card1; exec sleep 1001' &
two=$!
sh -c 'exec 8</dev/null; while [ ! -e /tmp/go ]; do sleep 0.05; done; exec 9<>/dev/dri/renderD129; touch /tmp/done; exec sleep 1002' &
three=$!
echo "kill $two; touch /tmp/go; while [ ! -e /tmp/done ]; do sleep 0.05; done; sleep 0.2" > /change
sleep 1
cat /proc/$one/fdinfo/6
echo "--- pids"
echo "$one $two $three"
echo "--- root"
deno run -A --no-check --quiet /program.ts $slot
echo "--- user"
touch /tmp/go /tmp/done; echo true > /change
su ana -s /bin/sh -c "exec 5<>/dev/dri/card1; sleep 1003 & cd /tmp; HOME=/tmp/ana deno run -A --no-check --quiet /program.ts $slot"
`;

function countsOpenFiles(release: string): boolean {
  const [major = 0, minor = 0] = release.split(".").map(Number);
  return major > 6 || (major === 6 && minor >= 2);
}

function section(output: string, name: string): string {
  return output.split(`--- ${name}\n`)[1]?.split("\n---")[0]?.trim() ?? "";
}

Deno.test({
  name: noGuest === undefined
    ? `sweep() finds the programs that hold devices of Linux ${guestKernel}'s drivers`
    : `sweep() finds the programs that hold devices of a real kernel's drivers (skipped: ${noGuest})`,
  ignore: noGuest !== undefined,
  async fn() {
    const { status, output, console } = await runGuest({
      modules: GUEST_MODULES,
      devices: ["-device", "virtio-gpu-pci"],
      deno: true,
      repository: ["lib", "ffi", "deno.json"],
      files: { "/program.ts": PROGRAM },
      script: SCRIPT,
      limit: 80_000,
    });
    assert.equal(status, 0, `${output}\n${console.slice(-4000)}`);
    // These drivers write no usage; what the kernel does write must be taken for none.
    const raw = output.split("--- pids")[0] ?? "";
    assert.match(raw, /^pos:\t0\nflags:/m);
    assert.equal(parseFdinfo(raw), undefined);

    const [one, two, three] = section(output, "pids").split(" ").map(Number);
    const [before, soon, later]: ProcessList[] = JSON.parse(section(output, "root"));
    const uses = (list: ProcessList | undefined) =>
      list?.processes
        // What the first shell started has inherited its descriptors.
        .filter(({ command }) => command !== "sleep 1000")
        .map(({ pid, gpu, user, sources }) => `${pid} ${gpu} ${user} ${sources.join()}`);
    const holds = (pid: number | undefined, gpu: string) => `${pid} ${gpu} root fd`;
    assert.deepEqual(uses(before), [holds(one, "pci:virtio"), holds(two, "drm:vgem")]);
    assert.equal(before?.partial, null);
    const changed = [holds(one, "pci:virtio"), holds(three, "drm:vgem")];
    assert.deepEqual(uses(later), changed);
    // From 6.2 on, the kernel tells which process has opened a file.
    if (countsOpenFiles(guestKernel ?? "")) assert.deepEqual(uses(soon), changed);

    const [seen]: ProcessList[] = JSON.parse(section(output, "user"));
    assert.ok(seen?.processes.every(({ user }) => user === "ana"), JSON.stringify(seen));
    assert.ok(seen?.processes.some(({ gpu }) => gpu === "drm:vgem"), JSON.stringify(seen));
    // Of kernel threads nothing is lost; of init, the script and the holders it is.
    const denied = Number(/^open files of (\d+) processes/.exec(seen?.partial ?? "")?.[1]);
    assert.ok(denied >= 4 && denied <= 12, seen?.partial ?? "the list is said to be whole");
    assert.match(seen?.partial ?? "", /CAP_SYS_PTRACE/);
  },
});
