/**
 * The schemas of answers, of which none is loaded before somebody asks for the API's document.
 *
 * They are hundreds of objects and 2 MiB of the heap, and no request needs them.
 *
 * @module
 */

type Answers = typeof import("./answers.ts");

let loaded: Answers | undefined;

/** Loads them: until then {@linkcode answer} cannot be read. */
export async function loadAnswers(): Promise<Answers> {
  return loaded ??= await import("./answers.ts");
}

/** What a route answers: its schema is looked at when the document is made. */
export function answer<K extends keyof Answers>(name: K): { readonly schema: Answers[K] } {
  return {
    get schema() {
      if (loaded === undefined) throw new Error(`the schema ${name} is not loaded yet`);
      return loaded[name];
    },
  };
}
