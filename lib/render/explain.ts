/**
 * What `mvgal explain` says of a program's kernels, as text.
 *
 * @module
 */

import type {
  ExplainedArg,
  ExplainedKernel,
  ExplainedProgram,
  ExplainedWindow,
} from "../pool/opencl_explain.ts";
import type { Style } from "./style.ts";
import { printable } from "./text.ts";

function signed(number: number): string {
  return number === 0 ? "" : number < 0 ? ` - ${-number}` : ` + ${number}`;
}

function windowText({ stride, first, end }: ExplainedWindow, unit: string): string {
  if (stride === 0) return `${unit} ${first} to ${end}`;
  return `${end - first} ${unit} from ${stride} * group${signed(first)} on`;
}

function useText(
  verb: string,
  window: ExplainedWindow | "all" | null | undefined,
  { kind, axis }: ExplainedArg,
): string[] {
  if (window === null || window === undefined) return [];
  const isImage = kind === "image";
  if (window === "all") return [`${verb} any ${isImage ? "texel" : "byte"}`];
  return [`${verb} ${windowText(window, isImage ? `texels in ${axis}` : "bytes")}`];
}

function argLines({ args }: ExplainedKernel): string[] {
  return args.filter(({ kind }) => kind === "buffer" || kind === "image").flatMap((arg) => {
    if (arg.writes === undefined) return [];
    const uses = [...useText("writes", arg.writes, arg), ...useText("reads", arg.reads, arg)];
    return [`  ${arg.name}: ${uses.join(", ") || "not touched"}`];
  });
}

function sizesText(sizes: readonly number[]): string {
  const last = sizes.findLastIndex((size) => size !== 1);
  return sizes.slice(0, Math.max(last, 0) + 1).join("x");
}

/** The launch, with what of it was made up. */
function launchText(kernel: ExplainedKernel): string {
  const assumed = kernel.args.filter((arg) => arg.assumed);
  const numbers = kernel.args.filter((arg) => arg.value !== undefined);
  const parts = [
    `global ${sizesText(kernel.global)}`,
    kernel.local === null ? "local size left open" : `local ${sizesText(kernel.local)}`,
    ...numbers.map(({ name, value }) => `${name} = ${value}`),
  ];
  const isMadeUp = kernel.global_assumed || kernel.local_assumed || assumed.length > 0;
  return `  launch: ${parts.join(", ")}${isMadeUp ? " (assumed: --global, --local, --arg)" : ""}`;
}

function sourceLines(
  lines: readonly string[],
  at: { line: number; column: number } | null | undefined,
  file: string,
): string[] {
  const text = at ? lines[at.line - 1] : undefined;
  if (!at || text === undefined) return [];
  const label = `  ${file}:${at.line}: `;
  // Tabs stay, so that the caret stands under what it means.
  const before = text.slice(0, at.column - 1).replace(/[^\t]/g, " ");
  return [
    `${label}${text.split("\t").map(printable).join("\t")}`,
    `${" ".repeat(label.length)}${before}^`,
  ];
}

function instructionLines({ instruction }: ExplainedKernel, file: string): string[] {
  if (instruction === undefined) return [];
  const { word, name, file: source, line } = instruction;
  const from = source === undefined ? "" : `, of ${printable(source)}:${line}`;
  return [`  ${file}: ${name} at word ${word}${from}`];
}

function kernelLines(
  kernel: ExplainedKernel,
  lines: readonly string[],
  file: string,
  style: Style,
): string[] {
  const name = style.bold(kernel.name);
  if (kernel.verdict === "split") {
    return [
      `${name}: may be split in ${kernel.dimension}, between any two of ${kernel.groups} groups of ` +
      `${kernel.group}`,
      ...argLines(kernel),
      ...kernel.hidden ? ["  the sizes of the whole grid come in a hidden argument"] : [],
      launchText(kernel),
    ];
  }
  return [
    `${name}: runs whole (${kernel.rule}): ${kernel.reason}`,
    ...sourceLines(lines, kernel.at, file),
    ...instructionLines(kernel, file),
    `  to split it: ${kernel.advice}`,
    launchText(kernel),
  ];
}

/**
 * The program's kernels, and why each is split or not.
 *
 * @param source the program's text; of SPIR-V no line of it is quoted.
 * @param file its name, for the lines that are quoted.
 */
export function renderExplained(
  program: ExplainedProgram,
  source: string,
  file: string,
  style: Style,
): string {
  const lines = source.split(/\r?\n/);
  const blocks = program.kernels.map((kernel) => kernelLines(kernel, lines, file, style));
  for (const { message, line, column } of program.skipped) {
    blocks.push([
      `not understood, and stepped over: ${message}`,
      ...sourceLines(lines, { line, column }, file),
    ]);
  }
  if (blocks.length === 0) blocks.push([`${file}: no kernel is in it`]);
  return `${blocks.map((block) => block.join("\n")).join("\n\n")}\n`;
}
