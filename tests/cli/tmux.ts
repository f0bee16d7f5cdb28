/** A terminal for tests: a window of tmux, in a server of its own. */

/** Whether there is a tmux here. */
export function hasTmux(): boolean {
  try {
    return new Deno.Command("tmux", { args: ["-V"], stdout: "null", stderr: "null" })
      .outputSync().success;
  } catch {
    return false;
  }
}

/** How long to wait for something to show. */
const PATIENCE_MS = 15_000;

/** A window with a program in it. Dispose it to end both. */
export class TmuxWindow implements Disposable {
  readonly #directory = Deno.makeTempDirSync({ prefix: "mvgal-tmux-" });

  /** Starts a shell command in a window of a size, with further variables. */
  constructor(command: string, size: { columns: number; rows: number }, env: string[] = []) {
    const { columns, rows } = size;
    const variables = env.flatMap((each) => ["-e", each]);
    const window = ["-x", String(columns), "-y", String(rows)];
    this.#tmux(["-f", "/dev/null", "new-session", "-d", ...window, ...variables, command]);
  }

  /** What it shows, without spaces at the ends of lines. */
  shown(): string {
    return this.#tmux(["capture-pane", "-p"]);
  }

  /** Presses keys, by tmux's names. */
  press(...keys: string[]): void {
    this.#tmux(["send-keys", ...keys]);
  }

  /** Makes the window another size. */
  resize({ columns, rows }: { columns: number; rows: number }): void {
    this.#tmux(["resize-window", "-x", String(columns), "-y", String(rows)]);
  }

  /** A variable of tmux's formats: `alternate_on`, `cursor_flag`, `pane_pid`. */
  variable(name: string): string {
    return this.#tmux(["display-message", "-p", `#{${name}}`]).trim();
  }

  /** Waits until it shows something; what it shows then. */
  async until(pattern: RegExp): Promise<string> {
    const end = Date.now() + PATIENCE_MS;
    for (;;) {
      const shown = this.shown();
      if (pattern.test(shown)) return shown;
      if (Date.now() > end) throw new Error(`never showed ${pattern}, but:\n${shown}`);
      await new Promise((resolve) => setTimeout(resolve, 40));
    }
  }

  #tmux(args: string[]): string {
    const { success, stdout, stderr } = new Deno.Command("tmux", {
      args: ["-u", "-S", `${this.#directory}/socket`, ...args],
      stdin: "null",
    }).outputSync();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    if (!success) throw new Error(`tmux ${args[0]}: ${text(stderr).trim()}`);
    return text(stdout);
  }

  [Symbol.dispose](): void {
    this.#tmux(["kill-server"]);
    Deno.removeSync(this.#directory, { recursive: true });
  }
}
