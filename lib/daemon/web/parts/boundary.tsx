/**
 * Keeps the page when a part of it cannot be drawn: as where the service is of another version than the page.
 *
 * @module
 */

import { Component, type ComponentChildren } from "preact";

/** What is drawn, and what it is of: another one is tried again. */
interface BoundaryProps {
  of: string;
  children: ComponentChildren;
}

/** Draws its children; where they fail, that they did and why. */
export class Boundary extends Component<BoundaryProps, { why: string | null }> {
  override state: { why: string | null } = { why: null };

  /** What is shown after an error. */
  static override getDerivedStateFromError(error: unknown): { why: string | null } {
    return { why: error instanceof Error ? error.message : String(error) };
  }

  override componentDidUpdate(before: BoundaryProps): void {
    if (before.of !== this.props.of && this.state.why !== null) this.setState({ why: null });
  }

  override render() {
    const { why } = this.state;
    if (why === null) return this.props.children;
    return (
      <p class="failure" role="alert">
        <strong>This view cannot be drawn:</strong>{" "}
        {why}. The service may be of another version than this page.{" "}
        <button type="button" onClick={() => location.reload()}>Load the page anew</button>
      </p>
    );
  }
}
