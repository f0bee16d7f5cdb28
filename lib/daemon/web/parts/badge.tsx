/**
 * A word for a state, with a sign of its own beside the colour.
 *
 * @module
 */

/** How something is. */
export type Tone = "good" | "warning" | "bad" | "unknown" | "plain";

const SIGNS: Record<Tone, string> = {
  good: "✓",
  warning: "▲",
  bad: "✕",
  unknown: "?",
  plain: "•",
};

/** The word, its sign and its colour. */
export function Badge({ tone, text }: { tone: Tone; text: string }) {
  return (
    <span class={`badge is-${tone}`}>
      <span aria-hidden="true">{SIGNS[tone]}</span> {text}
    </span>
  );
}
