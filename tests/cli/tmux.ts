/** A terminal for tests: a window of tmux, in a server of its own. */

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
    try {
      this.#tmux(["-f", "/dev/null", "new-session", "-d", ...window, ...variables, command]);
    } catch (error) {
      Deno.removeSync(this.#directory, { recursive: true });
      throw error;
    }
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
    if (!success) throw new Error(`tmux ${args.join(" ")}: ${text(stderr).trim()}`);
    return text(stdout);
  }

  [Symbol.dispose](): void {
    this.#tmux(["kill-server"]);
    Deno.removeSync(this.#directory, { recursive: true });
  }
}

/** Why there is no terminal to be had: no tmux, or no pseudo-terminals (as in a bare chroot). */
export function whyNoTmux(): string | undefined {
  try {
    using _window = new TmuxWindow("sleep 60", { columns: 80, rows: 24 });
    return undefined;
  } catch (error) {
    return error instanceof Deno.errors.NotFound ? "no tmux" : String(error);
  }
}
