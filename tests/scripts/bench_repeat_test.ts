import assert from "node:assert/strict";
import { join } from "node:path";
import { type Made, madeReport } from "../bench/reports.ts";

const SCRIPT = join(import.meta.dirname ?? ".", "..", "..", "scripts", "bench_repeat.ts");

function repeat(...reports: Made[][]) {
  const directory = Deno.makeTempDirSync({ prefix: "mvgal-repeat-" });
  try {
    const paths = reports.map((made, i) => {
      const path = join(directory, `${i}.json`);
      Deno.writeTextFileSync(path, JSON.stringify(madeReport(made)));
      return path;
    });
    const { code, stdout } = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", SCRIPT, ...paths],
      stderr: "null",
    }).outputSync();
    return { code, text: new TextDecoder().decode(stdout) };
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

Deno.test("bench_repeat exits with 0 where two reports agree, and with 1 where they do not", () => {
  const agree = repeat([{ figure: 100 }], [{ figure: 101 }]);
  assert.equal(agree.code, 0);
  assert.match(agree.text, /memory\.copy +100\.0 +101\.0 +GB\/s +1\.0100 /);
  assert.match(agree.text, /^1 of 1 figures .* agree within 2 %$/m);
  const differ = repeat([{ figure: 100 }], [{ figure: 103 }]);
  assert.equal(differ.code, 1);
  assert.match(differ.text, /^! .*memory\.copy/m);
  assert.match(differ.text, /^0 of 1 figures/m);
});

Deno.test("bench_repeat exits with 1 where there is nothing to compare, and with 2 for one report", () => {
  assert.equal(repeat([{}], [{ name: "memory.read" }]).code, 1);
  assert.equal(repeat([{}]).code, 2);
});
