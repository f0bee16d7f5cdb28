/**
 * Opening shared libraries that may or may not be on the host.
 *
 * @module
 */

/** The symbols of a library, as {@linkcode Deno.dlopen} takes them. */
export type SymbolTable = Deno.ForeignLibraryInterface;

/** The functions of an open library; a symbol declared `optional: true` is null where it is missing. */
export type Symbols<S extends SymbolTable> = Deno.StaticForeignLibraryInterface<S>;

/** An open shared library. Dispose it (`using`) to close it. */
export interface Library<S extends SymbolTable> extends Disposable {
  /** The name under which the dynamic loader found it. */
  readonly soname: string;
  /**
   * The bound functions.
   *
   * @throws {Error} once the library is disposed: a call into code that is no longer mapped would end
   * the process. A function that was kept from before is not caught.
   */
  readonly symbols: Symbols<S>;
}

/** What came of {@linkcode openLibrary}: a library, or why there is none. */
export type LibraryOutcome<S extends SymbolTable> =
  | { state: "ok"; library: Library<S> }
  | {
    state: "absent";
    /** One line: each name that was tried, and what became of it. */
    reason: string;
    /** Whether a library was found after all, but could not be used: a damaged file, a missing symbol. */
    present: boolean;
  };

/** Options of {@linkcode openLibrary}. */
export interface OpenLibraryOptions {
  /**
   * Leave the library mapped when it is disposed. Compute runtimes (CUDA, PoCL, Level Zero) start
   * threads and register exit handlers whose code must outlive the handle.
   */
  resident?: boolean;
}

/** Why one name gave no library, without the name. */
interface Failure {
  soname: string;
  why: string;
  present: boolean;
}

function failure(soname: string, error: unknown): Failure {
  if (error instanceof Deno.errors.NotCapable) {
    return { soname, why: "not allowed to load it: run with --allow-ffi", present: false };
  }
  const text = (error instanceof Error ? error.message : String(error)).replace(/\s*\n\s*/g, " ");
  const symbol = /^Failed to register symbol ([^:]+):/.exec(text)?.[1];
  if (symbol !== undefined) return { soname, why: `it has no symbol ${symbol}`, present: true };
  const message = text.replace(/^(Could not open library: )+/, "");
  if (!message.startsWith(`${soname}: `)) return { soname, why: message, present: true };
  const why = message.slice(soname.length + 2);
  // glibc's words where the file itself is not there; for a library that it needs, that one's name stands first.
  return { soname, why, present: !why.endsWith("No such file or directory") };
}

/** All failures on one line, names that failed alike together. */
function explain(failures: readonly Failure[]): string {
  const names = Map.groupBy(failures, ({ why }) => why);
  return Array.from(names, ([why, alike]) => {
    return `${alike.map(({ soname }) => soname).join(", ")}: ${why}`;
  }).join("; ");
}

/**
 * Opens the first library of `sonames` that the dynamic loader can load and that has every symbol
 * not declared `optional: true`.
 *
 * An absent library is a value, not an exception: a host without a vendor's driver is the usual case.
 *
 * @param sonames names or absolute paths, best first.
 * @param symbols the functions to bind, in the form that {@linkcode Deno.dlopen} takes.
 * @example
 * ```ts
 * import { openLibrary } from "./library.ts";
 *
 * const libc = openLibrary(["libc.so.6"], { getpid: { parameters: [], result: "i32" } });
 * if (libc.state === "ok") {
 *   using library = libc.library;
 *   library.symbols.getpid();
 * }
 * ```
 */
export function openLibrary<const S extends SymbolTable>(
  sonames: readonly string[],
  symbols: S,
  options: OpenLibraryOptions = {},
): LibraryOutcome<S> {
  const failures: Failure[] = [];
  for (const soname of sonames) {
    try {
      const handle = Deno.dlopen(soname, symbols);
      let open = true;
      const library: Library<S> = {
        soname,
        get symbols() {
          if (!open) throw new Error(`${soname} is closed`);
          return handle.symbols;
        },
        [Symbol.dispose]() {
          if (open && !options.resident) handle.close();
          open = false;
        },
      };
      return { state: "ok", library };
    } catch (error) {
      failures.push(failure(soname, error));
    }
  }
  return {
    state: "absent",
    reason: explain(failures),
    present: failures.some(({ present }) => present),
  };
}
