/**
 * What the page of a report is made of.
 *
 * @module
 */

import type { Content } from "./markup.ts";

/** A part of the page. */
export interface Section {
  /** Unique in the page. */
  id: string;
  title: string;
  content: Content;
}
