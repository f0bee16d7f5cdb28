/**
 * Errors of transfers, and what any error means for those that go on.
 *
 * @module
 */

/** The host, a driver or a device does not offer something. The message says what is missing. */
export class UnsupportedError extends Error {
  override readonly name = "UnsupportedError";
}

/** Other bytes arrived than were sent, or something else was computed than should have been. */
export class WrongResultError extends Error {
  override readonly name = "WrongResultError";
}

/** An error and those that it hides: of an explicit cleanup, and of what was cleaned up after. */
function* layersOf(error: unknown): Generator<unknown> {
  yield error;
  if (error instanceof SuppressedError) {
    yield* layersOf(error.error);
    yield* layersOf(error.suppressed);
  }
}

function says(error: unknown, property: "isDeviceLost" | "isOutOfMemory"): boolean {
  return layersOf(error).some((layer) =>
    layer instanceof Error && property in layer &&
    (layer as { [name in typeof property]?: unknown })[property] === true
  );
}

/** Whether it is an error after which the device is of no more use. */
export function isDeviceLost(error: unknown): boolean {
  return says(error, "isDeviceLost");
}

/** Whether memory of the host or the device did not suffice. */
export function isOutOfMemory(error: unknown): boolean {
  return says(error, "isOutOfMemory");
}

/** Whether an error means that the user wants to stop. */
export function isAbort(error: unknown): boolean {
  return layersOf(error).some((layer) => layer instanceof Error && layer.name === "AbortError");
}

/** First line of an error's message. */
export function reasonOf(error: unknown): string {
  if (error instanceof SuppressedError) return reasonOf(error.suppressed);
  const text = error instanceof Error ? error.message : String(error);
  return text.split("\n", 1)[0] ?? text;
}
