/**
 * Looking into SVG in tests.
 *
 * @module
 */

import assert from "node:assert/strict";
import { XMLParser, XMLValidator } from "fast-xml-parser";

/** An element, and its text where it has no children. */
export interface XmlElement {
  name: string;
  attributes: Record<string, string>;
  text: string;
  /** Of it and of everything in it. */
  children: XmlElement[];
}

type Ordered = Record<string, unknown>;

function elementOf(node: Ordered): XmlElement[] {
  const name = Object.keys(node).find((key) => key !== ":@");
  if (name === undefined || name === "#text") return [];
  const inner = node[name] as Ordered[];
  return [{
    name,
    attributes: (node[":@"] ?? {}) as Record<string, string>,
    text: inner.map((child) => "#text" in child ? String(child["#text"]) : "").join(""),
    children: inner.flatMap(elementOf),
  }];
}

/** The root of a document, which has to be well-formed. */
export function parseXml(text: string): XmlElement {
  assert.equal(XMLValidator.validate(text), true);
  const parser = new XMLParser({
    preserveOrder: true,
    ignoreAttributes: false,
    attributeNamePrefix: "",
    parseTagValue: false,
    trimValues: false,
  });
  const [root] = (parser.parse(text) as Ordered[])
    .filter((node) => !("?xml" in node)).flatMap(elementOf);
  assert.ok(root);
  return root;
}

/** An element and all elements in it. */
export function everything(element: XmlElement): XmlElement[] {
  return [element, ...element.children.flatMap(everything)];
}
