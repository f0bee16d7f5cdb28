/** The wall's clock as one service sees it, by libfaketime: set without the host's being touched. */

import { join } from "node:path";

/** Where distributions have libfaketime for programs with threads. */
const LIBRARIES = [
  `/usr/lib/${Deno.build.arch}-linux-gnu/faketime/libfaketimeMT.so.1`,
  "/usr/lib64/faketime/libfaketimeMT.so.1",
  "/usr/lib/faketime/libfaketimeMT.so.1",
];

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

const LIBRARY = LIBRARIES.find(isFile);

/** Why no clock can be set; undefined where one can. */
export const NO_WALL_CLOCK = LIBRARY === undefined
  ? "there is no libfaketime: deno task setup installs it"
  : undefined;

/** A clock that is so many seconds beside the host's. */
export class WallClock {
  readonly #path: string;
  /** For the service. */
  readonly env: Readonly<Record<string, string>>;

  /** Shows the host's time at first. */
  constructor(directory: string) {
    this.#path = join(directory, "wall");
    this.set(0);
    this.env = {
      LD_PRELOAD: LIBRARY ?? "",
      FAKETIME_TIMESTAMP_FILE: this.#path,
      FAKETIME_NO_CACHE: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
      NO_FAKE_STAT: "1",
    };
  }

  /** Sets it to so many seconds after the host's time. */
  set(seconds: number): void {
    // Replaced as a whole: it is read all the time.
    const temporary = `${this.#path}.new`;
    Deno.writeTextFileSync(temporary, `${seconds < 0 ? "" : "+"}${seconds}\n`);
    Deno.renameSync(temporary, this.#path);
  }
}
