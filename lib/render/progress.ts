/**
 * How far a long command is: a bar on a terminal, lines elsewhere.
 *
 * @module
 */

import { SingleBar } from "cli-progress";
import process from "node:process";

/** Where a long command says how far it is. */
export interface ProgressView extends Disposable {
  /** Something begins: `done` of `total` are over. */
  begin(what: string, done: number, total: number): void;
  /** Something is over; `line` says how it ended. */
  end(line: string, done: number, total: number): void;
}

/** A bar on stderr that is gone when the view is disposed. */
function barView(): ProgressView {
  const bar = new SingleBar({
    stream: process.stderr,
    format: " {bar} {value}/{total} {what}",
    barsize: 24,
    hideCursor: true,
    clearOnComplete: true,
    stopOnComplete: false,
    linewrap: false,
    // Benchmarks block the thread for tens of milliseconds: redraw when told, not by a timer.
    noTTYOutput: false,
    fps: 30,
  }, undefined);
  let started = false;
  return {
    begin(what, done, total) {
      if (!started) bar.start(total, done, { what });
      started = true;
      bar.update(done, { what });
      bar.render();
    },
    end(_line, done) {
      bar.update(done);
      bar.render();
    },
    [Symbol.dispose]() {
      if (started) bar.stop();
      started = false;
    },
  };
}

/** A line for each thing that is over. */
function lineView(write: (text: string) => void): ProgressView {
  return {
    begin() {},
    end(line, done, total) {
      const width = String(total).length;
      write(`[${String(done).padStart(width)}/${total}] ${line.trim()}\n`);
    },
    [Symbol.dispose]() {},
  };
}

/** A bar where stderr is a terminal; otherwise lines through `write`. */
export function progressView(isTerminal: boolean, write: (text: string) => void): ProgressView {
  return isTerminal ? barView() : lineView(write);
}
