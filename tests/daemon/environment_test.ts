import assert from "node:assert/strict";
import { join } from "node:path";
import { SERVICE_ENVIRONMENT } from "../../lib/daemon/environment.ts";

const UNITS = join(import.meta.dirname ?? ".", "..", "..", "packaging", "systemd");

Deno.test("SERVICE_ENVIRONMENT is that of the systemd units", () => {
  const wanted = Object.entries(SERVICE_ENVIRONMENT).map(([name, value]) => `${name}=${value}`);
  const units = [...Deno.readDirSync(UNITS)].filter(({ isFile }) => isFile);
  assert.ok(units.length > 0);
  for (const { name } of units) {
    const text = Deno.readTextFileSync(join(UNITS, name));
    assert.equal(/^Environment=(.*)$/m.exec(text)?.[1], wanted.join(" "), name);
  }
});
