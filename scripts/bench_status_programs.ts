/**
 * What whole programs cost that look at GPUs: CPU and wall time from start to end, and CPU time a look and
 * resident memory of those that run on.
 *
 * All of them look at the GPUs of one fake NVML, by `LD_LIBRARY_PATH`, and at this host's own `/proc`, with
 * idle programs added. Formats: proc(5).
 *
 * @module
 */

/** How a program is to be run. */
export interface Surroundings {
  /** Directory of the fake NVML; undefined for the host's own libraries. */
  library?: string | undefined;
  /** A shell's command for a mount namespace of its own, before the program starts. */
  prologue?: string | undefined;
}

/** What a program cost from start to end, in ms. */
export interface RunCost {
  cpu: number;
  wall: number;
}

/** What a program costs that runs on. */
export interface WatchCost {
  /** CPU time in ms. */
  cpu_a_second: number;
  /** Resident memory at the end, and at most, in MiB. */
  resident: number;
  peak: number;
  /** Of that at the end, pages of files: of the executable, which all who run it share. */
  of_files: number;
}

/** Clock ticks a second in `/proc/PID/stat`: 100 on every architecture that Deno runs on. */
const USER_HZ = 100;

/** Puts each argument in quotes for a shell. */
function quoted(words: readonly string[]): string {
  return words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
}

function shell(script: string, { library, prologue }: Surroundings): Deno.Command {
  const [program = "", ...args] = prologue === undefined
    ? ["bash", "-c", script]
    : ["unshare", "--mount", "bash", "-c", `${prologue}; ${script}`];
  return new Deno.Command(program, {
    args,
    ...(library === undefined ? {} : { env: { LD_LIBRARY_PATH: library } }),
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  });
}

/**
 * What would make this host look as if it had NVIDIA's driver, without which mvgal loads no NVML; undefined
 * where it has one. Changes nothing outside the mount namespace that it is run in.
 */
export function driverSign(): string | undefined {
  try {
    Deno.statSync("/proc/driver/nvidia");
    return undefined;
  } catch {
    return "mount -t tmpfs none /proc/driver && mkdir /proc/driver/nvidia";
  }
}

/** What a program prints; undefined where it is not there, or fails. */
export function outputOf(program: string, args: readonly string[]): string | undefined {
  try {
    const { success, stdout } = new Deno.Command(program, { args: [...args] }).outputSync();
    return success ? new TextDecoder().decode(stdout) : undefined;
  } catch {
    return undefined;
  }
}

/** The same in some surroundings. */
export async function outputIn(
  command: readonly string[],
  surroundings: Surroundings,
): Promise<string | undefined> {
  const { success, stdout } = await output(shell(quoted(command), surroundings));
  return success ? new TextDecoder().decode(stdout) : undefined;
}

/**
 * Runs a program to its end, `runs` times and once before. The means; undefined where it fails.
 */
export async function costOfRun(
  command: readonly string[],
  surroundings: Surroundings,
  runs: number,
): Promise<RunCost | undefined> {
  const once = `${quoted(command)} >/dev/null 2>&1 </dev/null`;
  // One time of all runs: the shell's times have no more digits than milliseconds.
  const script = `${once} || exit 1; TIMEFORMAT='%U %S %R'; ` +
    `time for i in $(seq ${runs}); do ${once}; done`;
  const { success, stderr } = await output(shell(script, surroundings));
  if (!success) return undefined;
  const times = new TextDecoder().decode(stderr).trim().split("\n").at(-1) ?? "";
  const [user = NaN, system = NaN, wall = NaN] = times.split(" ")
    .map((seconds) => 1000 * Number(seconds) / runs);
  return { cpu: user + system, wall };
}

async function output(command: Deno.Command): Promise<Deno.CommandOutput> {
  const child = command.spawn();
  await child.stdin.close();
  return await child.output();
}

/**
 * What a program costs that draws on a terminal: it runs for `warm_up_ms`, and is then watched for
 * `watch_ms`. Undefined where it ends by itself, or there is no script(1).
 */
export async function costOfWatch(
  command: readonly string[],
  surroundings: Surroundings,
  { warm_up_ms, watch_ms }: { warm_up_ms: number; watch_ms: number },
): Promise<WatchCost | undefined> {
  const inside = `stty cols 160 rows 50; exec ${quoted(command)}`;
  const child = shell(
    `export TERM=xterm-256color; exec script -qfc ${quoted([inside])} /dev/null`,
    surroundings,
  ).spawn();
  const drained = Promise.all([
    child.stdout.pipeTo(new WritableStream()),
    child.stderr.pipeTo(new WritableStream()),
  ]);
  let watched: number | undefined;
  try {
    await wait(warm_up_ms);
    watched = childOf(child.pid);
    if (watched === undefined) return undefined;
    const from = performance.now();
    const before = cpuMs(watched);
    await wait(watch_ms);
    const spent = cpuMs(watched) - before;
    const seconds = (performance.now() - from) / 1000;
    const status = Deno.readTextFileSync(`/proc/${watched}/status`);
    return {
      cpu_a_second: spent / seconds,
      resident: mebibytes(status, "VmRSS"),
      peak: mebibytes(status, "VmHWM"),
      of_files: mebibytes(status, "RssFile"),
    };
  } catch (error) {
    // It ended while it was watched.
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  } finally {
    for (const pid of [watched, child.pid]) {
      try {
        if (pid !== undefined) Deno.kill(pid, "SIGTERM");
      } catch {
        // It has ended.
      }
    }
    await child.status;
    await drained;
    await child.stdin.close().catch(() => undefined);
  }
}

function wait(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}

/** The only child of a process. */
function childOf(pid: number): number | undefined {
  const [child] = Deno.readTextFileSync(`/proc/${pid}/task/${pid}/children`).trim().split(" ");
  return child ? Number(child) : undefined;
}

/** CPU time of a process and its threads by now. */
function cpuMs(pid: number): number {
  const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
  // Fields 14 and 15, user and system, are the 12th and 13th behind the name.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return 1000 * (Number(fields[11]) + Number(fields[12])) / USER_HZ;
}

function mebibytes(status: string, key: string): number {
  return Number(new RegExp(`^${key}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]) / 1024;
}

/** Idle programs of this host. Dispose them to end them. */
export interface IdlePrograms extends AsyncDisposable {
  readonly pids: readonly number[];
}

/** Starts programs that sleep, with so many files open each. They end by themselves after ten minutes. */
export async function startIdlePrograms(count: number, fds: number): Promise<IdlePrograms> {
  const open = Array.from(
    { length: Math.max(0, fds - 3) },
    (_, index) => `exec ${index + 3}<${["/dev/null", "/bin/sh", "/etc/passwd"][index % 3]}`,
  );
  const script = `ulimit -n 4096; ${open.join("; ")}; ` +
    `for i in $(seq ${count}); do sleep 600 >/dev/null & echo $!; done; exec >&-; wait`;
  const child = new Deno.Command("bash", {
    args: ["-c", script],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const text = await new Response(child.stdout).text();
  const pids = text.trim().split("\n").map(Number);
  return {
    pids,
    async [Symbol.asyncDispose]() {
      for (const pid of pids) {
        try {
          Deno.kill(pid, "SIGTERM");
        } catch {
          // It has ended.
        }
      }
      await child.status;
    },
  };
}
