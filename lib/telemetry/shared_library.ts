/**
 * One open library for all who use it, open for as long as one of them does.
 *
 * @module
 */

/** The right to use an open library. Dispose it once; the last one closes the library. */
export interface Lease<T> extends Disposable {
  readonly library: T;
}

/** Opens a library when it is first wanted, and closes it when nobody wants it any more. */
export class SharedLibrary<T extends Disposable> {
  readonly #opens: () => T | string;
  #open: { library: T; users: number } | undefined;

  /** Takes what opens the library, or says in one line why it cannot. Opens nothing. */
  constructor(opens: () => T | string) {
    this.#opens = opens;
  }

  /** How many leases there are. While it is 0 the library is closed. */
  get users(): number {
    return this.#open?.users ?? 0;
  }

  /** A lease, or one line: why the library cannot be used. */
  acquire(): Lease<T> | string {
    if (this.#open === undefined) {
      try {
        const library = this.#opens();
        if (typeof library === "string") return library;
        this.#open = { library, users: 0 };
      } catch (error) {
        return error instanceof Error ? error.message : String(error);
      }
    }
    const open = this.#open;
    open.users++;
    let held = true;
    return {
      library: open.library,
      [Symbol.dispose]: () => {
        if (!held) return;
        held = false;
        if (--open.users > 0) return;
        this.#open = undefined;
        open.library[Symbol.dispose]();
      },
    };
  }
}
