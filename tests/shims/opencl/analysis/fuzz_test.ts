import assert from "node:assert/strict";
import { join } from "node:path";
import { compilerTest } from "../../../fakes/cc.ts";
import { randomCase } from "./random_kernel.ts";
import { compileWithAnalysis } from "./split_check.ts";

compilerTest("analysis_create() and analysis_judge() outlive 10,000 damaged sources", async () => {
  const program = compileWithAnalysis("fuzz", "sanitized", []);
  const directory = await Deno.makeTempDir();
  try {
    const files = [1, 2, 3, 4, 5, 6, 7, 8].map((seed) => join(directory, `${seed}.cl`));
    for (const [seed, file] of files.entries()) {
      await Deno.writeTextFile(file, randomCase(seed).source);
    }
    const samples = join(import.meta.dirname ?? ".", "samples.cl");
    const { code, stdout, stderr } = await new Deno.Command(program, {
      args: ["10000", "7", samples, ...files],
    }).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    const counts = new TextDecoder().decode(stdout).match(/\d+/g)?.map(Number) ?? [];
    // Damage that nothing survives would show nothing.
    for (const count of counts) assert.ok(count > 100, String(counts));
    assert.equal(counts.length, 3);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}, { libraries: ["libasan.so", "libubsan.so"] });
