/**
 * What a module says of one compute kernel.
 *
 * @module
 */

import { idOperands } from "./instructions.ts";
import { lower, type Lowering } from "./lower.ts";
import type { Program } from "./program.ts";
import { type Instruction, literalString, type Module, readModule } from "./reader.ts";
import { BuiltIn, Decorate, Storage } from "./spirv_constants.ts";
import { SpirvError } from "./spirv_error.ts";
import { decorationArgument, extentOf, hasDecoration, type Type, Types } from "./types.ts";
import type { Triple } from "./verdict.ts";

/** Kinds of descriptors. */
export type BindingKind =
  | "storage_buffer"
  | "uniform_buffer"
  | "storage_image"
  | "sampled_image"
  | "storage_texel_buffer"
  | "uniform_texel_buffer"
  | "sampler"
  | "other";

/** What a kernel takes a storage image for. */
export interface BindingImage {
  /** Null for cubes, arrays, samples and the like. */
  dimensions: 2 | 3 | null;
  /** Number of the SPIR-V image format (section 3.11); 0 for any. */
  format: number;
  component: "float" | "sint" | "uint" | "other";
}

/** A binding that a kernel uses. */
export interface KernelBinding {
  set: number;
  binding: number;
  kind: BindingKind;
  /** Descriptors: more than one for an array of them; null for an array without a fixed size. */
  count: number | null;
  /** Decorated as never written, or as never read. */
  readonly: boolean;
  writeonly: boolean;
  name: string | null;
  /** Of a storage image; null for all else. */
  image: BindingImage | null;
}

/** One entry point of a module. */
export interface KernelInfo {
  words: Uint32Array<ArrayBuffer>;
  entryPoint: string;
  /** With the module's own defaults of specialization constants; 0 where that is not known. */
  localSize: Triple;
  /** Size of the push constant block in bytes. */
  pushBytes: number;
  bindings: readonly KernelBinding[];
  /** Numbers of the capabilities that the module declares. */
  capabilities: readonly number[];
  /** `SpecId` of the specialization constants that the module has. */
  specializationIds: readonly number[];
  /** What launches are judged by. */
  readonly program: Program;
}

/** GLCompute (section 3.3). */
const COMPUTE = 5;

/** LocalSize, LocalSizeId (section 3.6). */
const SIZE_MODES: ReadonlySet<number> = new Set([17, 38]);

/** Ids that the entry point's functions name, with those of the functions that they call. */
function usedIds(module: Module, entry: number): ReadonlySet<number> {
  const used = new Set<number>();
  const functions = [entry];
  const seen = new Set<number>();
  for (let id = functions.pop(); id !== undefined; id = functions.pop()) {
    if (seen.has(id)) continue;
    seen.add(id);
    for (const { body } of module.functions.get(id)?.blocks ?? []) {
      for (const instruction of body) {
        for (const each of idOperands(instruction)) used.add(each);
        if (instruction.opcode === 57) functions.push(instruction.args[0] ?? 0);
      }
    }
  }
  return used;
}

function kindOf(type: Type, storage: number, module: Module): BindingKind {
  if (storage === Storage.StorageBuffer) return "storage_buffer";
  if (storage === Storage.Uniform) {
    return hasDecoration(module.decorations.get(type.id), Decorate.BufferBlock)
      ? "storage_buffer"
      : "uniform_buffer";
  }
  if (type.kind === "image") {
    if (type.isBuffer) return type.isStorage ? "storage_texel_buffer" : "uniform_texel_buffer";
    return type.isStorage ? "storage_image" : "sampled_image";
  }
  if (type.kind === "sampler") return "sampler";
  return type.kind === "sampled_image" ? "sampled_image" : "other";
}

function imageOf(type: Type, types: Types): BindingImage | null {
  if (type.kind !== "image" || !type.isStorage || type.isBuffer) return null;
  const { dimensions, format } = type;
  const component = types.get(type.component);
  if (component.kind === "float") return { dimensions, format, component: "float" };
  if (component.kind !== "int") return { dimensions, format, component: "other" };
  return { dimensions, format, component: component.isSigned ? "sint" : "uint" };
}

/** Whether a block, or all of its members, are decorated so. */
function isDecorated(module: Module, variable: number, type: Type, kind: number): boolean {
  if (hasDecoration(module.decorations.get(variable), kind)) return true;
  return type.kind === "struct" && type.members.length > 0 &&
    type.members.every((member) => hasDecoration(member.decorations, kind));
}

function bindingOf(module: Module, types: Types, variable: Instruction): KernelBinding | undefined {
  const { result, args: [storage = 0] } = variable;
  const pointer = types.get(variable.type);
  const isResource = storage === Storage.UniformConstant || storage === Storage.Uniform ||
    storage === Storage.StorageBuffer;
  if (!isResource || pointer.kind !== "pointer") return undefined;
  let type = types.get(pointer.pointee);
  let count: number | null = 1;
  if (type.kind === "array" || type.kind === "runtime_array") {
    count = type.kind === "array" ? type.count : null;
    type = type.element;
  }
  const decorations = module.decorations.get(result);
  return {
    set: decorationArgument(decorations, Decorate.DescriptorSet) ?? 0,
    binding: decorationArgument(decorations, Decorate.Binding) ?? 0,
    kind: kindOf(type, storage, module),
    count,
    readonly: isDecorated(module, result, type, Decorate.NonWritable),
    writeonly: isDecorated(module, result, type, Decorate.NonReadable),
    name: module.names.get(result) || module.names.get(type.id) || null,
    image: imageOf(type, types),
  };
}

function pushBytesOf(module: Module, types: Types, used: ReadonlySet<number>): number {
  let bytes = 0;
  for (const { opcode, result, type, args } of module.globals) {
    if (opcode !== 59 || args[0] !== Storage.PushConstant || !used.has(result)) continue;
    const pointer = types.get(type);
    if (pointer.kind !== "pointer") continue;
    const block = types.get(pointer.pointee);
    const none = { stride: null, isRowMajor: false };
    bytes = Math.max(bytes, extentOf(block, none) ?? 0);
  }
  return bytes;
}

/** Constants that are decorated as the local size; groups of decorations are none. */
function sizeConstants({ decorations, definitions }: Module): number[] {
  return Array.from(decorations)
    .filter(([id, all]) =>
      definitions.get(id)?.type !== 0 &&
      all.some(({ kind, args }) => kind === Decorate.BuiltIn && args[0] === BuiltIn.WorkgroupSize)
    ).map(([id]) => id);
}

/** Nodes of the local size: the builtin WorkgroupSize goes before execution modes (section 3.21). */
function localSizeNodes(module: Module, entry: number, lowering: Lowering): Program["localSize"] {
  const { globals, graph, report } = lowering;
  const nodes = (values: readonly unknown[]): Program["localSize"] => {
    const [x, y, z] = values.map((each) => typeof each === "number" ? each : -1);
    return [x ?? -1, y ?? -1, z ?? -1];
  };
  const constants = sizeConstants(module);
  const modes = module.executionModes.filter(({ args: [of, kind = 0] }) =>
    of === entry && SIZE_MODES.has(kind)
  );
  // Drivers differ in which of several they take: none can be believed.
  if (constants.length > 1) {
    report("malformed", "more than one constant is the size of its work-groups", null);
  }
  if (modes.length > 1) {
    report("malformed", "the size of its work-groups is given more than once", modes[1] ?? null);
  }
  for (const id of constants) {
    const value = globals.get(id);
    if (Array.isArray(value)) return nodes(value);
  }
  for (const { opcode, args: [, kind, ...sizes] } of modes) {
    if (opcode === 331 && kind === 38) return nodes(sizes.map((id) => globals.get(id)));
    if (opcode === 16 && kind === 17) return nodes(sizes.map((size) => graph.constant(32, size)));
  }
  return [-1, -1, -1];
}

/** Values of the local size without any specialization. */
function defaultSize(program: Program): Triple {
  const { nodes } = program.graph;
  const [x = 0, y = 0, z = 0] = program.localSize.map((id) => {
    const node = nodes[id];
    if (node?.op === -2) return nodes[node.a]?.value ?? 0;
    return node?.op === -1 ? node.value : 0;
  });
  return [x, y, z];
}

/**
 * Reads a kernel.
 *
 * @param entryPoint its name; without one, the module's only compute kernel, or `main`.
 * @throws {SpirvError} for words that are no module, or have no such kernel.
 */
export function readKernelInfo(words: Uint32Array<ArrayBuffer>, entryPoint?: string): KernelInfo {
  const module = readModule(words);
  const kernels = module.entryPoints.filter(({ args }) => args[0] === COMPUTE)
    .map(({ args }) => ({ id: args[1] ?? 0, name: literalString(args, 2).text }));
  const name = entryPoint ?? (kernels.length === 1 ? kernels[0]?.name : "main");
  const entry = kernels.find((each) => each.name === name);
  const code = entry && module.functions.get(entry.id);
  if (entry === undefined || code === undefined) {
    const others = kernels.map((each) => each.name).join(", ") || "none";
    throw new SpirvError(`no compute kernel "${name}" in the module; it has: ${others}`);
  }
  const types = new Types(module);
  const used = usedIds(module, entry.id);
  const program = lower(module, code, (lowering) => localSizeNodes(module, entry.id, lowering));
  return {
    words,
    entryPoint: entry.name,
    localSize: defaultSize(program),
    pushBytes: pushBytesOf(module, types, used),
    bindings: module.globals
      .filter(({ opcode, result }) => opcode === 59 && used.has(result))
      .map((variable) => bindingOf(module, types, variable))
      .filter((each) => each !== undefined),
    capabilities: module.capabilities,
    specializationIds: [...module.decorations.values()]
      .map((each) => decorationArgument(each, Decorate.SpecId))
      .filter((each) => each !== null),
    program,
  };
}
