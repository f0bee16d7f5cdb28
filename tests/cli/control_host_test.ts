/**
 * The commands as they are on a host: a dump stands for /sys, in a mount and pid namespace of the test's own,
 * and the process that takes changes back is a real one.
 */

import assert from "node:assert/strict";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { DUMPS } from "../sysfs/tree.ts";

const UNSHARE = ["--mount", "--pid", "--fork", "--mount-proc", "--kill-child"];

function mayUnshare(): boolean {
  try {
    return new Deno.Command("unshare", {
      args: [...UNSHARE, "sh", "-c", "mount -t tmpfs none /var/lib && test $(id -u) = 0"],
      stdout: "null",
      stderr: "null",
    }).outputSync().success;
  } catch {
    return false;
  }
}

/** Makes real links of those that the dump keeps as text. */
function restoreLinks(directory: string): void {
  for (const { name, isDirectory, isFile } of [...Deno.readDirSync(directory)]) {
    const path = join(directory, name);
    if (isDirectory) restoreLinks(path);
    if (!isFile || Deno.statSync(path).size > 4096) continue;
    const target = Deno.readTextFileSync(path).replace(/\n$/, "");
    if (!/^(\.\.\/)+[\x21-\x7e]+$/.test(target)) continue;
    Deno.removeSync(path);
    Deno.symlinkSync(target, path);
  }
}

const CAP = "/sys/devices/pci0000:00/0000:0b:00.0/hwmon/hwmon4/power1_cap";

/** Waits for as long as the cap is not `$1`; the limit is for a test that hangs, and judges nothing. */
const SCRIPT = `
set -e
mount --bind "$TREE/sys" /sys
mount -t tmpfs none /var/lib
until_cap() { for i in $(seq 600); do test "$(cat ${CAP})" = "$1" && return; sleep 0.1; done; false; }
# Of this namespace, and not this script, whose own text has the name.
waiting() { pgrep -f '[_]_revert-settings'; }
echo "before: $(cat ${CAP})"
$MVGAL power set 215 --yes --for 2s > /dev/null
echo "set: $(cat ${CAP})"
until_cap 260000000
echo "by the process that waits: $(cat ${CAP})"
for i in $(seq 600); do test -z "$(waiting)" && break; sleep 0.1; done
$MVGAL power set 200 --yes --for 2s > /dev/null
kill -9 $(waiting)
sleep 2.1
echo "killed: $(cat ${CAP})"
$MVGAL power show 2>&1 > /dev/null | sed 's/.*power cap: //; s/\\/sys.*is/it is/'
echo "by the next start: $(cat ${CAP})"
test -z "$(ls /var/lib/mvgal/control | grep json)"
`;

/** As a user of the group `users` to whom rights apply: who he is by number, Deno's cache is root's. */
const MEMBER = "setpriv --regid users --clear-groups --inh-caps -dac_override " +
  "--bounding-set -dac_override";

/** The same through a service, which ends while a change of somebody who may not write is there. */
const SERVED = `
set -e
mount --bind "$TREE/sys" /sys
mount -t tmpfs none /var/lib
mount -t tmpfs none /run
until_cap() { for i in $(seq 600); do test "$(cat ${CAP})" = "$1" && return; sleep 0.1; done; false; }
printf '[http]\nlisten =\n[daemon]\nsocket_group = users\n' > "$TREE/mvgal.conf"
export MVGAL_CONFIG="$TREE/mvgal.conf"
$MVGAL daemon 2> "$TREE/log" &
for i in $(seq 600); do grep -qs ready: "$TREE/log" && break; sleep 0.1; done
$MVGAL power set 215 --yes > /dev/null
echo "root: $(cat ${CAP})"
grep -o 'power confirmed: .*' "$TREE/log"
chown -R daemon /sys/devices
chown daemon /run/mvgal/mvgal.sock
member() { ${MEMBER} $MVGAL "$@" 2>&1; }
member power set 200 --yes --direct || echo "status $?"
member power set 200 --yes --for 4s | tail -1 | cut -c1-27
echo "member: $(cat ${CAP})"
kill -9 $!
wait $! 2> /dev/null || true
until_cap 215000000
echo "without the service: $(cat ${CAP})"
member power set 200 --yes || echo "status $?"
`;

const able = mayUnshare();

const hostTests: readonly [name: string, script: string, lines: readonly (string | RegExp)[]][] = [
  [
    "mvgal power set --for is taken back by a process of its own, and after kill -9 by the next start",
    SCRIPT,
    [
      "before: 260000000",
      "set: 215000000",
      "by the process that waits: 260000000",
      "killed: 200000000",
      "put back: it is 260000000 again",
      "by the next start: 260000000",
    ],
  ],
  [
    "mvgal power set sets through the service for those of the socket's group, and it goes back after kill -9",
    SERVED,
    [
      "root: 215000000",
      "power confirmed: Power cap: 260 W -> 215 W",
      /^mvgal: pci:0000:0b:00\.0: power cap: .*(permission|sudo)/,
      "status 1",
      "done, and read back, until ",
      "member: 200000000",
      "without the service: 215000000",
      /^mvgal: pci:0000:0b:00\.0: power cap: /,
      "status 1",
    ],
  ],
];

for (const [name, script, lines] of hostTests) {
  Deno.test({
    name: name + (able ? "" : " (skipped: no right to a mount namespace)"),
    ignore: !able,
    fn() {
      const tree = Deno.makeTempDirSync({ prefix: "mvgal-control-host-" });
      try {
        cpSync(join(DUMPS, "vega56"), tree, { recursive: true });
        restoreLinks(join(tree, "sys"));
        const main = join(import.meta.dirname ?? ".", "..", "..", "main.ts");
        const { stdout, stderr } = new Deno.Command("unshare", {
          args: [...UNSHARE, "sh", "-c", script],
          env: { TREE: tree, MVGAL: `${Deno.execPath()} run -A --no-check ${main}` },
        }).outputSync();
        assert.equal(new TextDecoder().decode(stderr), "");
        const said = new TextDecoder().decode(stdout).trim().split("\n");
        said.forEach((line, i) => {
          const wanted = lines[i];
          if (wanted instanceof RegExp) assert.match(line, wanted);
          else assert.equal(line, wanted);
        });
        assert.equal(said.length, lines.length);
      } finally {
        Deno.removeSync(tree, { recursive: true });
      }
    },
  });
}
