/**
 * Writes the TypeScript of a subset of the registry.
 *
 * @module
 */

import type { Command, Declaration, Registry, StructType } from "./registry.ts";

/** The names that the bindings shall hold; see `subset.ts`. */
export interface Subset {
  coreCommands: readonly string[];
  extensionCommands: readonly string[];
  structs: readonly string[];
  enums: readonly string[];
}

/** Generated files: name -> content. */
export type Output = Map<string, string>;

const SCALARS: Record<string, string> = {
  uint8_t: "u8",
  int8_t: "i8",
  uint16_t: "u16",
  int16_t: "i16",
  uint32_t: "u32",
  int32_t: "i32",
  int: "i32",
  uint64_t: "u64",
  int64_t: "i64",
  size_t: "usize",
  float: "f32",
  double: "f64",
};

/** The scalar as which a type name is passed, or undefined for a structure. */
function scalarOf(registry: Registry, type: string): string | undefined {
  const scalar = SCALARS[type];
  if (scalar !== undefined) return scalar;
  const plain = registry.types.get(type);
  switch (plain?.kind) {
    case "alias":
      return scalarOf(registry, plain.of);
    case "handle":
      return "u64";
    case "enum":
      return "i32";
    case "bitmask":
      return plain.bits === 64 ? "u64" : "u32";
    case "base":
      return scalarOf(registry, plain.underlying);
    case "function":
      return "pointer";
  }
  return undefined;
}

function structName(registry: Registry, type: string): string {
  const plain = registry.types.get(type);
  return plain?.kind === "alias" ? structName(registry, plain.of) : type;
}

class Emitter {
  readonly #registry: Registry;
  readonly #structs = new Map<string, StructType>();
  readonly #enums = new Set<string>();

  constructor(registry: Registry, subset: Subset) {
    this.#registry = registry;
    for (const name of [...subset.coreCommands, ...subset.extensionCommands]) {
      for (const parameter of this.command(name).parameters) this.#need(parameter);
    }
    for (const name of subset.structs) this.#needStruct(name);
    for (const name of subset.enums) this.#enums.add(name);
  }

  command(name: string): Command {
    const command = this.#registry.commands.get(name);
    if (command === undefined) throw new Error(`the registry has no command ${name}`);
    return command;
  }

  #need(declaration: Declaration): void {
    const type = structName(this.#registry, declaration.type);
    if (type === "VkAllocationCallbacks" || type === "void" || type === "char") return;
    if (this.#registry.structs.has(type)) this.#needStruct(type);
    else if (this.#registry.enums.has(type)) this.#enums.add(type);
    else if (scalarOf(this.#registry, type) === undefined) {
      throw new Error(`the registry does not say what ${type} is`);
    }
    const bits = type.replace(/Flags(\d?)([A-Z]*)$/, "FlagBits$1$2");
    if (bits !== type && this.#registry.enums.has(bits)) this.#enums.add(bits);
  }

  #needStruct(name: string): void {
    const struct = this.#registry.structs.get(structName(this.#registry, name));
    if (struct === undefined) throw new Error(`the registry has no structure ${name}`);
    if (this.#structs.has(struct.name)) return;
    // Members first: a layout that stands by value in another must be defined before it.
    for (const member of struct.members) {
      if (member.pointers === 0) this.#need(member);
    }
    this.#structs.set(struct.name, struct);
    for (const member of struct.members) {
      if (member.pointers > 0 && member.name !== "pNext") this.#need(member);
    }
  }

  enums(): string {
    const lines = [header(this.#registry.version)];
    for (const name of [...this.#enums].filter((each) => each !== "VkStructureType").sort()) {
      const values = this.#registry.enums.get(name);
      if (values === undefined) continue;
      lines.push(`export const ${name} = {`);
      for (const [constant, value] of values) {
        const wide = value > 0x7fffffffn && name.includes("FlagBits2");
        lines.push(`  ${constant}: ${value}${wide ? "n" : ""},`);
      }
      lines.push(`} as const;`, "");
    }
    lines.push("export const VkStructureType = {");
    const types = this.#registry.enums.get("VkStructureType");
    for (const struct of this.#structs.values()) {
      const constant = struct.members.find((member) => member.name === "sType")?.value;
      const value = constant === undefined ? undefined : types?.get(constant);
      if (constant !== undefined && value === undefined) {
        throw new Error(`the registry has no value of ${constant}`);
      }
      if (constant !== undefined) lines.push(`  ${constant}: ${value},`);
    }
    lines.push("} as const;", "");
    return lines.join("\n");
  }

  #fieldType(member: Declaration, struct: StructType): string {
    if (member.name === "pNext") return `"chain"`;
    const type = structName(this.#registry, member.type);
    const isStruct = this.#structs.has(type);
    const scalar = scalarOf(this.#registry, type);
    if (member.pointers === 0) {
      let text = isStruct ? `{ struct: () => ${type} }` : JSON.stringify(scalar);
      if (type === "char") return `{ chars: ${member.dimensions[0]} }`;
      for (const count of member.dimensions.toReversed()) {
        text = `{ array: ${text}, count: ${count} }`;
      }
      return text;
    }
    const counter = struct.members.find((other) => other.name === member.length[0])?.name;
    if (type === "char" && member.pointers === 2) {
      return `{ cstrings: true, length: ${JSON.stringify(counter)} }`;
    }
    if (type === "char") return `"cstring"`;
    if (type === "void" || member.pointers > 1 || (!isStruct && scalar === undefined)) {
      return `"pointer"`;
    }
    if (!isStruct && counter === undefined) return `"pointer"`;
    const target = isStruct ? `{ struct: () => ${type} }` : JSON.stringify(scalar);
    const length = counter === undefined ? "" : `, length: ${JSON.stringify(counter)}`;
    return `{ to: ${target}${length} }`;
  }

  #valueType(member: Declaration, struct: StructType): string {
    if (member.name === "pNext") return "readonly Chained[]";
    const type = structName(this.#registry, member.type);
    const scalar = scalarOf(this.#registry, type);
    const wide = scalar === "u64" || scalar === "i64" || scalar === "usize";
    const plain = this.#structs.has(type) ? type : wide ? "bigint" : "number";
    if (member.pointers === 0) {
      if (type === "char") return "string";
      if (scalar === "pointer") return "Pointer";
      return member.dimensions.reduce((text) => `readonly ${text}[]`, plain);
    }
    const field = this.#fieldType(member, struct);
    if (field === `"cstring"`) return "string";
    if (field === `"pointer"`) return "Pointer";
    if (field.includes("cstrings")) return "readonly string[]";
    return field.includes("length:") ? `ArrayLike<${plain}> | Pointer` : `${plain} | Pointer`;
  }

  structs(): string {
    const lines = [
      header(this.#registry.version),
      `import { type Chained, type Encoded, type Layout, struct } from "../../struct.ts";`,
      `import { VkStructureType } from "./enums.ts";`,
      "",
      "/** An address, or memory whose address is taken. */",
      "export type Pointer = bigint | ArrayBufferView<ArrayBuffer> | Encoded | null;",
      "",
    ];
    for (const type of this.#structs.values()) {
      lines.push(`export interface ${type.name} {`);
      for (const member of type.members) {
        if (member.name === "sType") lines.push("  sType?: number;");
        else lines.push(`  ${member.name}?: ${this.#valueType(member, type)};`);
      }
      lines.push("}");
      lines.push(`export const ${type.name}: Layout<${type.name}> = struct("${type.name}", [`);
      for (const member of type.members) {
        const initial = member.value === undefined
          ? ""
          : `, initial: VkStructureType.${member.value}`;
        lines.push(
          `  { name: "${member.name}", type: ${this.#fieldType(member, type)}${initial} },`,
        );
      }
      lines.push(type.union ? "], { union: true });" : "]);", "");
    }
    lines.push("/** All of the above. */", "export const LAYOUTS: readonly Layout[] = [");
    for (const name of this.#structs.keys()) lines.push(`  ${name},`);
    lines.push("];", "");
    return lines.join("\n");
  }

  #native(declaration: Declaration): string {
    if (declaration.pointers > 0 || declaration.dimensions.length > 0) return "buffer";
    const scalar = scalarOf(this.#registry, declaration.type);
    if (scalar === undefined) throw new Error(`${declaration.type} cannot be passed by value`);
    return scalar;
  }

  #signature(name: string): string {
    const command = this.command(name);
    const parameters = command.parameters.map((parameter) => `"${this.#native(parameter)}"`);
    const result = command.result === "void"
      ? "void"
      : command.result.startsWith("PFN_")
      ? "pointer"
      : scalarOf(this.#registry, command.result);
    return `parameters: [${parameters.join(", ")}], result: "${result}"`;
  }

  commands(subset: Subset): string {
    const lines = [
      header(this.#registry.version),
      "/** Functions that the loader exports; those newer than Vulkan 1.1 only from some version on. */",
      "export const CORE_SYMBOLS = {",
    ];
    for (const name of subset.coreCommands) {
      const version = this.#registry.coreVersions.get(name);
      const optional = version === "1.0" || version === "1.1" ? "" : ", optional: true";
      lines.push(`  ${name}: { ${this.#signature(name)}${optional} },`);
    }
    lines.push("} as const;", "", "/** Functions to be looked up by name. */");
    lines.push("export const EXTENSION_FUNCTIONS = {");
    for (const name of subset.extensionCommands) {
      lines.push(`  ${name}: { ${this.#signature(name)} },`);
    }
    lines.push("} as const;", "");
    return lines.join("\n");
  }
}

function header(version: string): string {
  return `// Generated by scripts/gen_vulkan.ts from vk.xml ${version}. Do not edit.\n`;
}

/**
 * The generated files of a subset.
 *
 * @throws {Error} for a name that the registry does not have.
 */
export function emit(registry: Registry, subset: Subset): Output {
  const emitter = new Emitter(registry, subset);
  return new Map([
    ["enums.ts", emitter.enums()],
    ["structs.ts", emitter.structs()],
    ["commands.ts", emitter.commands(subset)],
  ]);
}
