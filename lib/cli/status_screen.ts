/**
 * The live screen of `mvgal status --watch`: the terminal, the keys, the clock. What is shown and what keys do
 * is decided in `lib/render/status_state.ts` and `lib/render/status_screen.ts`.
 *
 * @module
 */

import { usesUtf8 } from "../render/charset.ts";
import { ENTER_SCREEN, frameUpdate, LEAVE_SCREEN } from "../render/screen_frame.ts";
import { renderScreen } from "../render/status_screen.ts";
import {
  initialState,
  reduce,
  type ScreenEffect,
  type ScreenEvent,
  type ScreenState,
} from "../render/status_state.ts";
import type { CommandContext, Output } from "./command.ts";
import { KeyDecoder } from "./keys.ts";
import { SignalAim } from "./status_aim.ts";
import type { Looker } from "../telemetry/looker.ts";
import { onEnding } from "./status_stream.ts";

/** How long after an escape character the rest of a key's sequence may come, over slow lines too, in ms. */
const ESCAPE_MS = 60;

/** What the screen starts with. */
export type ScreenSettings = Pick<ScreenState, "interval_ms" | "host" | "own_pid">;

/**
 * Shows the screen until the user ends it.
 *
 * @returns the exit status: 0 for `q`, 128 and the number for a signal.
 */
export async function watchScreen(
  looker: Looker,
  settings: ScreenSettings,
  context: CommandContext,
): Promise<number> {
  using screen = new LiveScreen(looker, settings, context);
  return await screen.ended;
}

/** The terminal while it is ours. */
class Terminal {
  readonly #stdout: Output;
  #frame: readonly string[] | null = null;
  #isOurs = false;

  constructor(stdout: Output) {
    this.#stdout = stdout;
  }

  take(): void {
    // With `cbreak`, Ctrl-C and Ctrl-Z stay signals.
    Deno.stdin.setRaw(true, { cbreak: true });
    this.#isOurs = true;
    this.#frame = null;
    this.#stdout.write(ENTER_SCREEN);
  }

  /** Gives it back as it was. Never throws: the terminal may be gone. */
  giveBack(): void {
    if (!this.#isOurs) return;
    this.#isOurs = false;
    try {
      this.#stdout.write(LEAVE_SCREEN);
      Deno.stdin.setRaw(false);
    } catch {
      // Nobody looks at it any more.
    }
  }

  get isOurs(): boolean {
    return this.#isOurs;
  }

  /** What is on it is not known any more. */
  forget(): void {
    this.#frame = null;
  }

  draw(lines: readonly string[]): void {
    const update = frameUpdate(this.#frame, lines);
    if (update !== "") this.#stdout.write(update);
    this.#frame = lines;
  }
}

/** All that happens while the screen is shown: everything on one thread, one event after the other. */
class LiveScreen implements Disposable {
  readonly #looker: Looker;
  readonly #context: CommandContext;
  readonly #terminal: Terminal;
  readonly #keys = new KeyDecoder();
  readonly #aim = new SignalAim();
  readonly #outcome = Promise.withResolvers<number>();
  readonly #close = new DisposableStack();
  #state: ScreenState;
  #lookTimer: ReturnType<typeof setTimeout> | undefined;
  #keyTimer: ReturnType<typeof setTimeout> | undefined;
  #isOver = false;

  /** Settles with the exit status. */
  readonly ended: Promise<number> = this.#outcome.promise;

  constructor(looker: Looker, settings: ScreenSettings, context: CommandContext) {
    this.#looker = looker;
    this.#context = context;
    this.#terminal = new Terminal(context.stdout);
    this.#state = initialState(settings);
    this.#close.defer(() => this.#terminal.giveBack());
    using undo = new DisposableStack();
    undo.use(this);
    this.#close.use(onEnding((status) => this.#end(status)));
    this.#listen("SIGWINCH", () => this.#redraw());
    this.#listen("SIGTSTP", () => this.#stop());
    this.#listen("SIGCONT", () => this.#goOn());
    this.#terminal.take();
    this.#draw();
    this.#guarded(() => this.#look());
    void this.#read();
    undo.move();
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    clearTimeout(this.#lookTimer);
    clearTimeout(this.#keyTimer);
    this.#close.dispose();
  }

  #listen(signal: Deno.Signal, act: () => void): void {
    const listener = () => this.#guarded(act);
    Deno.addSignalListener(signal, listener);
    this.#close.defer(() => Deno.removeSignalListener(signal, listener));
  }

  /** Does something; what it throws ends the screen, which gives the terminal back first. */
  #guarded(act: () => void): void {
    if (this.#isOver) return;
    try {
      act();
    } catch (error) {
      this.#isOver = true;
      this.#outcome.reject(error);
    }
  }

  #end(status: number): void {
    this.#isOver = true;
    this.#outcome.resolve(status);
  }

  #happen(event: ScreenEvent): void {
    const { state, effect } = reduce(this.#state, event);
    const before = this.#state;
    this.#state = state;
    if (effect !== undefined) this.#do(effect);
    const goesOn = before.paused && !state.paused;
    if (goesOn || before.interval_ms !== state.interval_ms) this.#schedule(0);
    if (!this.#isOver) this.#draw();
  }

  #do(effect: ScreenEffect): void {
    switch (effect.kind) {
      case "quit":
        return this.#end(0);
      case "aim":
        return this.#aim.take(effect.pid);
      case "signal": {
        const text = this.#aim.send(effect.pid, effect.signal, effect.title);
        this.#state = reduce(this.#state, { kind: "message", text }).state;
      }
    }
  }

  #look(): void {
    const started = performance.now();
    if (!this.#state.paused) this.#happen({ kind: "look", look: this.#looker.look() });
    this.#schedule(Math.max(0, this.#state.interval_ms - (performance.now() - started)));
  }

  #schedule(wait: number): void {
    clearTimeout(this.#lookTimer);
    if (this.#isOver || this.#state.paused) return;
    this.#lookTimer = setTimeout(() => this.#guarded(() => this.#look()), wait);
  }

  #draw(): void {
    if (!this.#terminal.isOurs) return;
    const { stdout: { color }, env } = this.#context;
    this.#terminal.draw(
      renderScreen(this.#state, sizeOf(), { color, unicode: usesUtf8(env) }),
    );
  }

  #redraw(): void {
    this.#terminal.forget();
    this.#draw();
  }

  /** Ctrl-Z: the shell gets its terminal as it was, and the process sleeps until it is called back. */
  #stop(): void {
    this.#terminal.giveBack();
    Deno.kill(Deno.pid, "SIGSTOP");
  }

  #goOn(): void {
    if (this.#terminal.isOurs) return this.#redraw();
    this.#terminal.take();
    this.#draw();
    this.#schedule(0);
  }

  async #read(): Promise<void> {
    const buffer = new Uint8Array(256);
    while (!this.#isOver) {
      const count = await Deno.stdin.read(buffer).catch(() => null);
      // The terminal has gone.
      if (count === null) return this.#guarded(() => this.#end(0));
      this.#guarded(() => this.#typed(buffer.subarray(0, count)));
    }
  }

  #typed(bytes: Uint8Array): void {
    clearTimeout(this.#keyTimer);
    this.#press(this.#keys.feed(bytes));
    if (!this.#keys.isWaiting) return;
    this.#keyTimer = setTimeout(
      () => this.#guarded(() => this.#press(this.#keys.flush())),
      ESCAPE_MS,
    );
  }

  #press(keys: readonly string[]): void {
    for (const key of keys) {
      if (this.#isOver) return;
      if (key === "<redraw>") this.#redraw();
      else this.#happen({ kind: "key", key });
    }
  }
}

/** The terminal's size; that of the smallest common one where it does not say. */
function sizeOf(): { columns: number; rows: number } {
  try {
    const { columns, rows } = Deno.consoleSize();
    if (columns > 0 && rows > 0) return { columns, rows };
  } catch {
    // As where it says 0.
  }
  return { columns: 80, rows: 24 };
}
