/**
 * A bar as long as a share. The figure stands beside it, so it is for the eye alone.
 *
 * @module
 */

/**
 * @param share from 0 to 1; null, where it is not known, is an empty frame.
 * @param isFullWell whether a full bar is as it should be, not something to be warned of.
 */
export function Bar({ share, isFullWell = false }: { share: number | null; isFullWell?: boolean }) {
  const level = share === null
    ? "none"
    : isFullWell
    ? "usual"
    : share >= 0.95
    ? "high"
    : share >= 0.8
    ? "raised"
    : "usual";
  return (
    <svg class={`bar ${level}`} viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
      <rect class="frame" width="100" height="6" />
      {share !== null && <rect class="fill" width={100 * share} height="6" />}
    </svg>
  );
}
