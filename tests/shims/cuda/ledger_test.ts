/** What the shim notes of allocations, and how large arrays are. */

import assert from "node:assert/strict";
import { compilerTest } from "../../fakes/cc.ts";
import { partsProgram, SANITIZER_LIBRARIES } from "./shim.ts";

for (const sanitizer of ["address,undefined", "thread"] as const) {
  compilerTest(
    `the ledger, ranges, sizes of arrays and ordinals are right (${sanitizer})`,
    () => {
      const parts = ["ledger", "ranges", "array_size", "ordinal"];
      const { code, stderr } = new Deno.Command(partsProgram("ledger_driver", parts, sanitizer), {
        env: { ASAN_OPTIONS: "detect_leaks=0" },
      }).outputSync();
      assert.equal(code, 0, new TextDecoder().decode(stderr));
    },
    { libraries: SANITIZER_LIBRARIES[sanitizer] },
  );
}
