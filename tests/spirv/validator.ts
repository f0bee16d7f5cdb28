/**
 * Tests with spirv-val, of SPIRV-Tools.
 *
 * @module
 */

/** The year of the installed SPIRV-Tools (`SPIRV-Tools v2023.1 …`); 0 where there are none. */
function validatorYear(): number {
  try {
    const { stdout } = new Deno.Command("spirv-val", { args: ["--version"] }).outputSync();
    return Number(/v(\d{4})\./.exec(new TextDecoder().decode(stdout))?.[1] ?? 1);
  } catch {
    return 0;
  }
}

/** The year of the installed spirv-val; 0 where there is none. */
export const VALIDATOR_YEAR = validatorYear();

/** Has spirv-val check a module; throws with what it says. */
function validate(
  words: Uint32Array<ArrayBuffer>,
  environment: "vulkan1.2" | "vulkan1.3" = "vulkan1.2",
): void {
  const file = Deno.makeTempFileSync({ suffix: ".spv" });
  try {
    Deno.writeFileSync(file, new Uint8Array(words.buffer, words.byteOffset, words.byteLength));
    const args = ["--target-env", environment, "--scalar-block-layout", file];
    const { success, stdout, stderr } = new Deno.Command("spirv-val", { args }).outputSync();
    const said = new TextDecoder().decode(success ? stdout : stderr);
    if (!success) throw new Error(`spirv-val: ${said.trim()}`);
  } finally {
    Deno.removeSync(file);
  }
}

/**
 * A test that is skipped by name where spirv-val is not installed, or for `obstacle`.
 */
export function validatorTest(
  name: string,
  test: (check: typeof validate) => void | Promise<void>,
  obstacle?: string,
): void {
  const reason = VALIDATOR_YEAR === 0 ? "spirv-val is not installed" : obstacle;
  Deno.test({
    name: reason === undefined ? name : `${name} (skipped: ${reason})`,
    ignore: reason !== undefined,
    fn: () => test(validate),
  });
}
