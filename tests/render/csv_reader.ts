/**
 * A reader of CSV as RFC 4180 defines it, for tests of what writes it: it refuses what the grammar does not
 * allow.
 *
 * @module
 */

/** The records of a text, header included. */
export function readCsv(text: string): string[][] {
  const records: string[][] = [];
  let fields: string[] = [], at = 0;
  const FIELD = /"((?:[^"]|"")*)"|([^",\r\n]*)/y;
  while (at < text.length) {
    FIELD.lastIndex = at;
    const found = FIELD.exec(text);
    if (found === null) throw new SyntaxError(`no field at ${at}`);
    fields.push(found[1]?.replaceAll('""', '"') ?? found[2] ?? "");
    at = FIELD.lastIndex;
    if (text[at] === ",") {
      at++;
    } else if (text.startsWith("\r\n", at)) {
      records.push(fields);
      fields = [];
      at += 2;
    } else throw new SyntaxError(`neither comma nor line break at ${at}`);
  }
  if (fields.length > 0) throw new SyntaxError("the last line has no end");
  return records;
}
