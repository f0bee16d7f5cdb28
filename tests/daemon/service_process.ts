/**
 * The service as a process of its own, with state, runtime directory and socket that are no other's.
 *
 * Root's service has its state under `/var/lib/mvgal` whatever the environment says: it is started in a mount
 * namespace where that, and `/run`, are the test's.
 */

import { dirname, join } from "node:path";
import { SERVICE_ENVIRONMENT } from "../../lib/daemon/environment.ts";
import { ServiceClient } from "../../lib/client/service_client.ts";

const MAIN = join(import.meta.dirname ?? ".", "..", "..", "main.ts");

/** mvgal from its sources. */
export const FROM_SOURCES: readonly string[] = [Deno.execPath(), "run", "-A", "--no-check", MAIN];

/** How long a start may take on a busy host, in ms. */
const START_MS = 60_000;

/** Where and how a service is started. */
export interface ServiceProcessOptions {
  /** All its files are below: the state in `state`, the socket `mvgal.sock`, the log `log`. */
  directory: string;
  /** Text of the configuration; it is at {@linkcode configPath}. */
  config: string;
  /** The command of mvgal; from the sources where it is absent. */
  mvgal?: readonly string[];
  /** Directory of a fake NVML, which finds what looks like NVIDIA's driver. */
  library?: string;
  /** A dump in place of the host. */
  sysroot?: string;
  /** The Unix socket, where it is not to be `mvgal.sock`. */
  socket?: string;
  /** A command without its last word, the directory, that mounts what the state is on. For root alone. */
  stateMount?: string;
  /** A directory in place of `/sys`. For root alone. */
  sys?: string;
  /** More of its environment. */
  env?: Readonly<Record<string, string>>;
}

/** The configuration of a service in a directory. */
export function configPath(directory: string): string {
  return join(directory, "mvgal.conf");
}

/** The state directory of a service in a directory. */
export function statePath(directory: string): string {
  return Deno.uid() === 0 ? join(directory, "state") : join(directory, "state", "mvgal");
}

/** Why no service can be started apart from that of the host; undefined where one can. */
export function whyNoService(): string | undefined {
  if (Deno.uid() !== 0) return undefined;
  try {
    const { success } = new Deno.Command("unshare", {
      args: ["--mount", "true"],
      stderr: "null",
    }).outputSync();
    if (success) return undefined;
  } catch {
    // There is no unshare(1).
  }
  return "root may make no mount namespace here";
}

function isThere(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Makes the mounts, then becomes the service: the process id stays. */
function inNamespace(
  command: readonly string[],
  { directory, library, stateMount, sys }: ServiceProcessOptions,
): string[] {
  const state = quoted(statePath(directory));
  const steps = [
    "mount -t tmpfs none /run",
    "mount -t tmpfs none /var/lib",
    "mkdir /var/lib/mvgal",
    `${stateMount ?? `mount --bind ${state}`} /var/lib/mvgal`,
  ];
  if (sys !== undefined) steps.push(`mount --bind ${quoted(sys)} /sys`);
  if (library !== undefined && !isThere("/proc/driver/nvidia")) {
    steps.push("mount -t tmpfs none /proc/driver", "mkdir /proc/driver/nvidia");
  }
  steps.push(`exec ${command.map(quoted).join(" ")}`);
  return ["unshare", "--mount", "sh", "-c", steps.join(" && ")];
}

/** A service that was started. Dispose it to end it by SIGTERM. */
export class ServiceProcess implements AsyncDisposable {
  readonly directory: string;
  readonly socket: string;
  readonly client: ServiceClient;
  readonly #child: Deno.ChildProcess;
  readonly #ended: Promise<Deno.CommandStatus>;
  #status: Deno.CommandStatus | undefined;

  private constructor(directory: string, socket: string, child: Deno.ChildProcess) {
    this.directory = directory;
    this.socket = socket;
    this.client = new ServiceClient(socket);
    this.#child = child;
    this.#ended = child.status.then((status) => this.#status = status);
  }

  /** Starts a service; it is not ready yet. */
  static spawn(options: ServiceProcessOptions): ServiceProcess {
    const { directory, library, sysroot, mvgal = FROM_SOURCES } = options;
    const socket = options.socket ?? join(directory, "mvgal.sock");
    const state = statePath(directory);
    Deno.mkdirSync(state, { recursive: true });
    Deno.writeTextFileSync(configPath(directory), options.config);
    const args = ["daemon", "--config", configPath(directory), "--socket", socket];
    if (sysroot !== undefined) args.push("--sysroot", sysroot);
    const daemon = [...mvgal, ...args];
    const [program = "", ...rest] = Deno.uid() === 0 ? inNamespace(daemon, options) : daemon;
    // The log goes to a file: whoever reads it, the service never waits.
    const script = `exec ${[program, ...rest].map(quoted).join(" ")} 2>>${
      quoted(join(directory, "log"))
    }`;
    const child = new Deno.Command("sh", {
      args: ["-c", script],
      stdin: "null",
      stdout: "null",
      stderr: "inherit",
      env: {
        ...SERVICE_ENVIRONMENT,
        XDG_STATE_HOME: dirname(state),
        XDG_RUNTIME_DIR: directory,
        ...(library !== undefined && { LD_LIBRARY_PATH: library }),
        ...options.env,
      },
    }).spawn();
    return new ServiceProcess(directory, socket, child);
  }

  /** Starts a service and waits until it answers. */
  static async start(options: ServiceProcessOptions): Promise<ServiceProcess> {
    const service = ServiceProcess.spawn(options);
    try {
      await service.ready();
    } catch (error) {
      await service.kill();
      throw error;
    }
    return service;
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** All that it has written to its log, and those before it in this directory. */
  log(): string {
    try {
      return Deno.readTextFileSync(join(this.directory, "log"));
    } catch {
      return "";
    }
  }

  /** Waits until it is ready. Rejects where it ends instead, or never is. */
  async ready(): Promise<void> {
    const until = performance.now() + START_MS;
    while (performance.now() < until) {
      if (this.#status !== undefined) {
        throw new Error(`the service ended with status ${this.#status.code}: ${this.log()}`);
      }
      try {
        const { service } = await this.client.get<{ service: { ready: boolean; pid: number } }>(
          "/api/v1/health",
        );
        // An earlier one may not have let go of the socket.
        if (service.ready && service.pid === this.pid) return;
      } catch {
        // Not yet.
      }
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    throw new Error(`the service is not ready: ${this.log()}`);
  }

  /** Tells it something. */
  signal(signal: Deno.Signal): void {
    if (this.#status === undefined) this.#child.kill(signal);
  }

  /**
   * Runs a script of `sh` among its mounts, which are no other's. For root alone.
   *
   * @throws {Error} where it fails.
   */
  inMounts(script: string): void {
    const { success, stderr } = new Deno.Command("nsenter", {
      args: [`--target=${this.pid}`, "--mount", "sh", "-ec", script],
      stdout: "null",
    }).outputSync();
    if (!success) throw new Error(`${script}: ${new TextDecoder().decode(stderr)}`);
  }

  /** Resolves when it has ended. */
  ended(): Promise<Deno.CommandStatus> {
    return this.#ended;
  }

  /** Ends it at once. */
  async kill(): Promise<void> {
    this.signal("SIGKILL");
    await this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.signal("SIGTERM");
    await this.#ended;
  }
}
