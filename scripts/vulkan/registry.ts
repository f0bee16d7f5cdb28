/**
 * Reads the Khronos registry (vk.xml) into plain data.
 *
 * Format: "The Khronos Vulkan API Registry", registry.html of Vulkan-Docs.
 *
 * @module
 */

import { XMLParser } from "fast-xml-parser";

/** A member of a structure or a parameter of a command, as C declares it. */
export interface Declaration {
  name: string;
  /** Type name without qualifiers. */
  type: string;
  /** 0 for a value, 1 for `T *`, 2 for `T **`. */
  pointers: number;
  /** Array lengths, in elements: `[4]`, `[3][4]`; names of constants are already replaced. */
  dimensions: number[];
  /** `len` attribute, split at commas. */
  length: string[];
  /** `values` attribute: the only legal value (`sType`). */
  value: string | undefined;
}

/** A structure or union. */
export interface StructType {
  name: string;
  union: boolean;
  returnedOnly: boolean;
  members: Declaration[];
}

/** A command. */
export interface Command {
  name: string;
  result: string;
  parameters: Declaration[];
}

/** What is known of a type name that is not a structure. */
export type PlainType =
  | { kind: "handle" }
  | { kind: "enum" }
  | { kind: "bitmask"; bits: 32 | 64 }
  | { kind: "base"; underlying: string }
  | { kind: "function" }
  | { kind: "alias"; of: string };

/** The registry, or the sum of several. */
export interface Registry {
  version: string;
  types: Map<string, PlainType>;
  structs: Map<string, StructType>;
  /** Enumeration name -> constant name -> value. */
  enums: Map<string, Map<string, bigint>>;
  commands: Map<string, Command>;
  /** Command name -> the core version that brought it (`1.2`); extension commands have none. */
  coreVersions: Map<string, string>;
}

/** A node as `fast-xml-parser` gives it with `preserveOrder`. */
type Node = Record<string, unknown>;

const ATTRIBUTES = ":@";

function tagOf(node: Node): string {
  return Object.keys(node).find((key) => key !== ATTRIBUTES) ?? "";
}

function childrenOf(node: Node): Node[] {
  const content = node[tagOf(node)];
  return Array.isArray(content) ? content as Node[] : [];
}

function attribute(node: Node, name: string): string | undefined {
  const attributes = node[ATTRIBUTES] as Record<string, string> | undefined;
  return attributes?.[`@_${name}`];
}

function textOf(node: Node): string {
  if ("#text" in node) return String(node["#text"]);
  return childrenOf(node).map(textOf).join("");
}

function childText(node: Node, tag: string): string | undefined {
  const child = childrenOf(node).find((candidate) => tagOf(candidate) === tag);
  return child && textOf(child);
}

/** Whether a node is for another API of the same registry (Vulkan SC). */
function isForeign(node: Node): boolean {
  const api = attribute(node, "api") ?? attribute(node, "supported");
  return api !== undefined && !api.split(",").includes("vulkan");
}

function parseNumber(text: string): bigint | undefined {
  const match = /^\(?(~)?(-?(?:0x[0-9a-fA-F]+|\d+))(U|ULL)?(?:-(\d+))?\)?$/.exec(text.trim());
  if (match === null) return undefined;
  const [, complement, digits = "0", suffix, minus] = match;
  let value = BigInt(digits);
  if (complement) value = BigInt.asUintN(suffix === "ULL" ? 64 : 32, ~value);
  return value - BigInt(minus ?? 0);
}

/** Offset of an enumerant in the block that the registry gives each extension. */
function extensionValue(extension: number, offset: number, negative: boolean): bigint {
  const value = BigInt(1000000000 + (extension - 1) * 1000 + offset);
  return negative ? -value : value;
}

class Reader {
  readonly registry: Registry;
  readonly #constants = new Map<string, bigint>();
  readonly #aliases: { set: string; name: string; of: string }[] = [];

  constructor(registry: Registry) {
    this.registry = registry;
  }

  read(xml: string): void {
    const parser = new XMLParser({
      preserveOrder: true,
      ignoreAttributes: false,
      trimValues: false,
      parseTagValue: false,
      processEntities: { maxTotalExpansions: Infinity, maxExpandedLength: Infinity },
    });
    const root = (parser.parse(xml) as Node[]).find((node) => tagOf(node) === "registry");
    if (root === undefined) throw new Error("not a Vulkan registry: no <registry> element");
    const sections = childrenOf(root);
    for (const tag of ["enums", "types", "commands", "feature", "extensions"]) {
      for (const section of sections.filter((node) => tagOf(node) === tag)) {
        if (tag === "enums") this.#enums(section);
        else if (tag === "types") this.#types(section);
        else if (tag === "commands") this.#commands(section);
        else if (tag === "feature") this.#requirements(section, undefined);
        else {
          for (const extension of childrenOf(section)) {
            const number = Number(attribute(extension, "number") ?? 0);
            if (!isForeign(extension)) this.#requirements(extension, number);
          }
        }
      }
    }
    for (const { set, name, of } of this.#aliases) {
      const values = this.registry.enums.get(set);
      const value = values?.get(of);
      if (value !== undefined) values?.set(name, value);
    }
  }

  #enums(section: Node): void {
    const set = attribute(section, "name") ?? "";
    const isConstants = attribute(section, "type") === undefined;
    for (const node of childrenOf(section)) {
      if (tagOf(node) === "enum") this.#enumerant(isConstants ? "" : set, node, undefined);
    }
  }

  #enumerant(set: string, node: Node, extension: number | undefined): void {
    const name = attribute(node, "name");
    if (name === undefined || isForeign(node)) return;
    const alias = attribute(node, "alias");
    if (alias !== undefined) {
      this.#aliases.push({ set, name, of: alias });
      return;
    }
    const bit = attribute(node, "bitpos"), literal = attribute(node, "value");
    const offset = attribute(node, "offset");
    let value: bigint | undefined;
    if (bit !== undefined) value = 1n << BigInt(bit);
    else if (offset !== undefined) {
      const number = Number(attribute(node, "extnumber") ?? extension);
      value = extensionValue(number, Number(offset), attribute(node, "dir") === "-");
    } else if (literal !== undefined) value = parseNumber(literal);
    if (value === undefined) return;
    if (set === "") {
      this.#constants.set(name, value);
      return;
    }
    const values = this.registry.enums.get(set) ?? new Map<string, bigint>();
    values.set(name, value);
    this.registry.enums.set(set, values);
  }

  #requirements(section: Node, extension: number | undefined): void {
    if (isForeign(section)) return;
    for (const require of childrenOf(section).filter((node) => tagOf(node) === "require")) {
      for (const node of childrenOf(require)) {
        const set = attribute(node, "extends"), name = attribute(node, "name");
        const version = attribute(section, "number");
        if (tagOf(node) === "command" && name && version && extension === undefined) {
          this.registry.coreVersions.set(name, version);
        }
        if (tagOf(node) === "enum" && set !== undefined) this.#enumerant(set, node, extension);
      }
    }
  }

  #types(section: Node): void {
    for (const node of childrenOf(section)) {
      if (tagOf(node) !== "type" || isForeign(node)) continue;
      const name = attribute(node, "name") ?? childText(node, "name") ?? "";
      const alias = attribute(node, "alias");
      const category = attribute(node, "category");
      if (alias !== undefined) this.registry.types.set(name, { kind: "alias", of: alias });
      else if (category === "struct" || category === "union") this.#struct(name, category, node);
      else if (category === "handle") this.registry.types.set(name, { kind: "handle" });
      else if (category === "enum") this.registry.types.set(name, { kind: "enum" });
      else if (category === "funcpointer") this.registry.types.set(name, { kind: "function" });
      else if (category === "bitmask") {
        const bits = childText(node, "type") === "VkFlags64" ? 64 : 32;
        this.registry.types.set(name, { kind: "bitmask", bits });
      } else if (category === "basetype") {
        const underlying = childText(node, "type");
        if (underlying !== undefined) this.registry.types.set(name, { kind: "base", underlying });
      }
    }
  }

  #struct(name: string, category: "struct" | "union", node: Node): void {
    this.registry.structs.set(name, {
      name,
      union: category === "union",
      returnedOnly: attribute(node, "returnedonly") === "true",
      members: childrenOf(node)
        .filter((member) => tagOf(member) === "member" && !isForeign(member))
        .map((member) => this.#declaration(member)),
    });
  }

  #commands(section: Node): void {
    for (const node of childrenOf(section)) {
      if (tagOf(node) !== "command" || isForeign(node)) continue;
      const proto = childrenOf(node).find((child) => tagOf(child) === "proto");
      if (proto === undefined) continue;
      const name = childText(proto, "name") ?? "";
      this.registry.commands.set(name, {
        name,
        result: childText(proto, "type") ?? "void",
        parameters: childrenOf(node)
          .filter((child) => tagOf(child) === "param" && !isForeign(child))
          .map((child) => this.#declaration(child)),
      });
    }
  }

  #declaration(node: Node): Declaration {
    const parts = childrenOf(node).filter((child) => tagOf(child) !== "comment");
    const source = parts.map(textOf).join("");
    const dimensions = Array.from(
      source.matchAll(/\[(\w+)\]/g),
      ([, size = ""]) => Number(parseNumber(size) ?? this.#constants.get(size) ?? NaN),
    );
    return {
      name: childText(node, "name") ?? "",
      type: childText(node, "type") ?? "",
      pointers: source.split("*").length - 1,
      dimensions,
      length: (attribute(node, "len") ?? "").split(",").filter((part) => part !== ""),
      value: attribute(node, "values"),
    };
  }
}

/**
 * Reads registries into one; later ones add to earlier ones.
 *
 * @throws {Error} for text that is no registry.
 */
export function readRegistry(xmls: readonly string[]): Registry {
  const registry: Registry = {
    version: "",
    types: new Map(),
    structs: new Map(),
    enums: new Map(),
    commands: new Map(),
    coreVersions: new Map(),
  };
  for (const xml of xmls) {
    new Reader(registry).read(xml);
    const header = /VK_HEADER_VERSION<\/name>\s*(\d+)/.exec(xml);
    const complete = /VK_HEADER_VERSION_COMPLETE<\/name>\s*<type>\w+<\/type>\(0, (\d+), (\d+)/.exec(
      xml,
    );
    if (header && complete) registry.version = `${complete[1]}.${complete[2]}.${header[1]}`;
  }
  return registry;
}
