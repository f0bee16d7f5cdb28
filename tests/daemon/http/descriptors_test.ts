import assert from "node:assert/strict";
import { affordableConnections } from "../../../lib/daemon/http/descriptors.ts";

function limits(soft: string): string {
  return `Limit                     Soft Limit           Hard Limit           Units     \n` +
    `Max processes             44002                44002                processes \n` +
    `Max open files            ${soft.padEnd(20)} 524288               files     \n`;
}

Deno.test("affordableConnections() leaves descriptors for all else", () => {
  assert.equal(affordableConnections(256, limits("524288")), 256);
  assert.equal(affordableConnections(256, limits("1024")), 224);
  assert.equal(affordableConnections(256, limits("300")), 43);
  assert.equal(affordableConnections(256, limits("10")), 1);
});

Deno.test("affordableConnections() is what is wanted where no limit is known", () => {
  assert.equal(affordableConnections(256, ""), 256);
  assert.equal(affordableConnections(256, limits("unlimited")), 256);
});
