/**
 * Emphasis on terminals that show it.
 *
 * @module
 */

/** Functions that emphasise text, or leave it as it is. */
export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  red(text: string): string;
}

/** A style with escape sequences (ECMA-48, SGR) where `color` is set, and one without elsewhere. */
export function styleFor(color: boolean): Style {
  const sgr = (on: number, off: number) => (text: string) =>
    color ? `\x1b[${on}m${text}\x1b[${off}m` : text;
  return {
    bold: sgr(1, 22),
    dim: sgr(2, 22),
    green: sgr(32, 39),
    yellow: sgr(33, 39),
    red: sgr(31, 39),
  };
}
