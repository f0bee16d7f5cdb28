/**
 * The rules of axe-core over a page.
 *
 * @module
 */

import axe from "axe-core";
import type { Page } from "playwright-core";

/**
 * Faults that keep people out, one line each: those that axe calls serious or critical.
 *
 * @param rules all of them, or those alone that depend on colours.
 */
export async function faults(page: Page, rules: "all" | "contrast" = "all"): Promise<string[]> {
  // By the debugger's protocol: the policy of the page lets no other script in.
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<axe.AxeResults>(
    `axe.run(document, ${rules === "all" ? "{}" : '{ runOnly: ["color-contrast"] }'})`,
  );
  return violations.filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`));
}
