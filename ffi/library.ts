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
  /** The bound functions. */
  readonly symbols: Symbols<S>;
}

/** What came of {@linkcode openLibrary}: a library, or why there is none. */
export type LibraryOutcome<S extends SymbolTable> =
  | { state: "ok"; library: Library<S> }
  | { state: "absent"; reason: string };

/** Options of {@linkcode openLibrary}. */
export interface OpenLibraryOptions {
  /**
   * Leave the library mapped when it is disposed. Compute runtimes (CUDA, PoCL, Level Zero) start
   * threads and register exit handlers whose code must outlive the handle.
   */
  resident?: boolean;
}

/** The dynamic loader's message, without the part that repeats the library's name. */
function loaderMessage(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/^Could not open library: /, "").split("\n", 1)[0] ?? text;
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
  const reasons: string[] = [];
  for (const soname of sonames) {
    try {
      const handle = Deno.dlopen(soname, symbols);
      let open = true;
      const library: Library<S> = {
        soname,
        symbols: handle.symbols,
        [Symbol.dispose]() {
          if (open && !options.resident) handle.close();
          open = false;
        },
      };
      return { state: "ok", library };
    } catch (error) {
      reasons.push(`${soname}: ${loaderMessage(error)}`);
    }
  }
  return { state: "absent", reason: reasons.join("; ") };
}
