/**
 * Asking the person at the terminal.
 *
 * @module
 */

/**
 * Asks a question that is answered with yes or no.
 *
 * @param seconds after which the answer is no; undefined to wait for ever.
 * @returns null where nobody can be asked: standard input is no terminal.
 */
export async function askOnTerminal(
  question: string,
  write: (text: string) => void,
  seconds?: number,
): Promise<boolean | null> {
  if (!Deno.stdin.isTerminal()) return null;
  write(`${question} `);
  const buffer = new Uint8Array(256);
  const answer = Deno.stdin.read(buffer)
    .then((length) => new TextDecoder().decode(buffer.subarray(0, length ?? 0)));
  let timer: ReturnType<typeof setTimeout> | undefined;
  const given = await Promise.race([
    answer,
    ...(seconds === undefined
      ? []
      : [new Promise<string>((resolve) => timer = setTimeout(() => resolve(""), seconds * 1000))]),
  ]);
  clearTimeout(timer);
  if (!given.endsWith("\n")) write("\n");
  return /^\s*y(es)?\s*$/i.test(given);
}
