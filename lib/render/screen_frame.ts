/**
 * What is written to a terminal so that it shows a screen: as little as there is new. Pure.
 *
 * @module
 */

/**
 * Takes the alternate screen, hides the cursor, keeps long lines from wrapping, and asks for pastes to be
 * marked as such (xterm control sequences, DEC private modes 1049, 25, 7 and 2004).
 */
export const ENTER_SCREEN = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[?2004h\x1b[2J";

/** Gives everything back. */
export const LEAVE_SCREEN = "\x1b[?2004l\x1b[?7h\x1b[0m\x1b[?25h\x1b[?1049l";

/** Around a frame: terminals that know it show the frame at once (DEC private mode 2026). */
const BEGIN_UPDATE = "\x1b[?2026h", END_UPDATE = "\x1b[?2026l";

/**
 * The text that turns one frame into the next: the lines that differ, each at its place. Empty where none do.
 *
 * @param before the lines that the terminal shows; null where that is not known, and all is drawn anew.
 */
export function frameUpdate(before: readonly string[] | null, after: readonly string[]): string {
  const clear = before === null || before.length > after.length ? "\x1b[2J" : "";
  const known = clear === "" ? before ?? [] : [];
  const changed = after.flatMap((line, row) =>
    line === known[row] ? [] : [`\x1b[${row + 1};1H${line}`]
  );
  if (changed.length === 0 && clear === "") return "";
  return `${BEGIN_UPDATE}${clear}${changed.join("")}${END_UPDATE}`;
}
