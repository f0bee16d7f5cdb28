/**
 * Tests with spirv-val, of SPIRV-Tools.
 *
 * @module
 */

function hasValidator(): boolean {
  try {
    return new Deno.Command("spirv-val", { args: ["--version"], stdout: "null", stderr: "null" })
      .outputSync().success;
  } catch {
    return false;
  }
}

const available = hasValidator();

/** Has spirv-val check a module for Vulkan 1.2; throws with what it says. */
function validate(words: Uint32Array<ArrayBuffer>): void {
  const file = Deno.makeTempFileSync({ suffix: ".spv" });
  try {
    Deno.writeFileSync(file, new Uint8Array(words.buffer, words.byteOffset, words.byteLength));
    const args = ["--target-env", "vulkan1.2", "--scalar-block-layout", file];
    const { success, stdout, stderr } = new Deno.Command("spirv-val", { args }).outputSync();
    const said = new TextDecoder().decode(success ? stdout : stderr);
    if (!success) throw new Error(`spirv-val: ${said.trim()}`);
  } finally {
    Deno.removeSync(file);
  }
}

/** A test that is skipped by name where spirv-val is not installed. */
export function validatorTest(
  name: string,
  test: (check: typeof validate) => void | Promise<void>,
): void {
  Deno.test({
    name: available ? name : `${name} (skipped: spirv-val is not installed)`,
    ignore: !available,
    fn: () => test(validate),
  });
}
