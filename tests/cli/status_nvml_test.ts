import assert from "node:assert/strict";
import { fakeLibrary } from "../fakes/library.ts";
import { TmuxWindow, whyNoTmux } from "./tmux.ts";

const MAIN = new URL("../../main.ts", import.meta.url).pathname;

/** The sign of a loaded NVIDIA driver, in a mount namespace that ends with the program. */
const DRIVER = "mount -t tmpfs none /proc/driver && mkdir /proc/driver/nvidia";

function mayMount(): boolean {
  try {
    return new Deno.Command("unshare", {
      args: ["-m", "sh", "-c", DRIVER],
      stdout: "null",
      stderr: "null",
    }).outputSync().success;
  } catch {
    return false;
  }
}

const mounts = mayMount();
const skipped = (...missing: (string | false)[]) => {
  const what = missing.filter((each) => each !== false);
  return what.length === 0 ? "" : ` (skipped: ${what.join(", ")})`;
};
const noMounts = !mounts && "may not mount in a namespace of its own";
const noTmux = whyNoTmux() ?? false;

/** A GPU, and a program that computes on it. */
const gpuWith = (pid: number) =>
  `driver_version 570.86.15
device
name NVIDIA H200
uuid GPU-11111111-2222-3333-4444-555555555555
pci 0000:06:00.0
pci_ids 0x10de 0x2335 0x10de 0x18be
minor 0
memory 151000000000 500000000 20000000000
temperature 54
utilization 78 40
power_mw 412000
pcie_kbs 100000 200000
process compute ${pid} 8000000000`;

/** A program that waits to be ended. */
function sleeper(): Deno.ChildProcess {
  return new Deno.Command("sleep", { args: ["60"], stdin: "null", stdout: "null" }).spawn();
}

Deno.test({
  name: `mvgal status asks NVML for GPUs, their slow values and their programs${skipped(noMounts)}`,
  ignore: noMounts !== false,
  async fn() {
    const child = sleeper();
    using fake = fakeLibrary("nvml", gpuWith(child.pid));
    const command = `"${Deno.execPath()}" run -A --no-check "${MAIN}" status --json --processes`;
    const { stdout } = await new Deno.Command("unshare", {
      args: ["-m", "sh", "-c", `${DRIVER} && exec ${command}`],
      env: { LD_LIBRARY_PATH: fake.directory },
    }).output();
    child.kill("SIGTERM");
    await child.status;
    const { gpus: [gpu], processes, interval_ms } = JSON.parse(new TextDecoder().decode(stdout));
    assert.deepEqual(
      [gpu.id, gpu.utilization_pct, gpu.temperature_c, gpu.power_w, gpu.vram_used_bytes],
      ["pci:0000:06:00.0", 78, 54, 412, 20e9],
    );
    // Between the two looks there was time for them.
    assert.deepEqual([gpu.pcie_rx_bytes_per_s, gpu.pcie_tx_bytes_per_s], [200e6, 100e6]);
    assert.deepEqual(
      processes.map((
        { pid, vram_bytes, kinds }: Record<string, unknown>,
      ) => [pid, vram_bytes, kinds]),
      [[child.pid, 8e9, ["compute"]]],
    );
    assert.ok(interval_ms > 0);
  },
});

Deno.test({
  name: `openLooker() holds NVML no longer than until its readers do${skipped(noMounts)}`,
  ignore: noMounts !== false,
  async fn() {
    using fake = fakeLibrary("nvml", gpuWith(1));
    const module = (path: string) => JSON.stringify(import.meta.resolve(path));
    const script = `
      const { openLooker } = await import(${module("../../lib/telemetry/looker.ts")});
      const { nvidia } = await import(${module("../../lib/telemetry/nvidia.ts")});
      const { Sysroot } = await import(${module("../../lib/sysfs/sysroot.ts")});
      const users = [];
      {
        using looker = await openLooker({ sysroot: new Sysroot(), processes: false });
        users.push(nvidia.share.users);
        looker.look();
        users.push(nvidia.share.users);
      }
      // A slow reading that is under way keeps the library until it ends.
      for (let i = 0; nvidia.share.users > 0 && i < 500; i++) {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      users.push(nvidia.share.users);
      console.log(users.join(" "));
      Deno.exit(0);`;
    const directory = Deno.makeTempDirSync();
    try {
      Deno.writeTextFileSync(`${directory}/script.ts`, script);
      const config = new URL("../../deno.json", import.meta.url).pathname;
      const command =
        `"${Deno.execPath()}" run -A --no-check -c "${config}" "${directory}/script.ts"`;
      const { stdout } = await new Deno.Command("unshare", {
        args: ["-m", "sh", "-c", `${DRIVER} && exec ${command}`],
        env: { LD_LIBRARY_PATH: fake.directory },
      }).output();
      // Discovery's, then the reader's alone, then none.
      assert.equal(new TextDecoder().decode(stdout), "1 1 0\n");
    } finally {
      Deno.removeSync(directory, { recursive: true });
    }
  },
});

Deno.test({
  name: `mvgal status --watch sends a signal after asking twice${skipped(noMounts, noTmux)}`,
  ignore: noMounts !== false || noTmux !== false,
  async fn() {
    const child = sleeper();
    using fake = fakeLibrary("nvml", gpuWith(child.pid));
    const command = `"${Deno.execPath()}" run -A --no-check "${MAIN}" status --watch -i 100`;
    using terminal = new TmuxWindow(
      `unshare -m sh -c '${DRIVER} && exec ${command}'; sleep 60`,
      { columns: 100, rows: 24 },
      [`LD_LIBRARY_PATH=${fake.directory}`],
    );
    const first = await terminal.until(/\d+ .* 7\.5 GiB/);
    terminal.press("Down", "k");
    // In a process namespace of its own, NVML's numbers are those of others: then no signal is sent.
    if (/\? \(its name may not be read\)/.test(first)) {
      await terminal.until(/is not known here/);
      child.kill("SIGTERM");
      await child.status;
      return;
    }
    await terminal.until(new RegExp(`^Signal to ${child.pid} \\S*sleep 60`, "m"));
    terminal.press("t");
    await terminal.until(new RegExp(`^Send SIGTERM to ${child.pid} \\S*sleep 60\\?`, "m"));
    terminal.press("y");
    assert.equal((await child.status).signal, "SIGTERM");
    await terminal.until(new RegExp(`^SIGTERM sent to ${child.pid} \\(\\S*sleep 60\\)`, "m"));
    terminal.press("q");
  },
});
