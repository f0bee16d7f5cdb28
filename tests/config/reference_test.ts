import assert from "node:assert/strict";
import { DEFAULT_CONFIG, readConfig } from "../../lib/config/config.ts";
import { formatIni, setIniValue } from "../../lib/config/ini_document.ts";
import { GPU_SECTION, SECTION_NAMES, SECTIONS } from "../../lib/config/schema.ts";
import { defaultConfigFile, withReference } from "../../scripts/config/reference.ts";

const file = (path: string) => Deno.readTextFileSync(new URL(`../../${path}`, import.meta.url));
const SHIPPED = file("packaging/mvgal.conf");

Deno.test("packaging/mvgal.conf is what deno task gen writes", () => {
  assert.equal(SHIPPED, defaultConfigFile());
});

Deno.test("docs/configuration.md has the reference that deno task gen writes", () => {
  const document = file("docs/configuration.md");
  assert.equal(document, withReference(document));
});

Deno.test("packaging/mvgal.conf sets nothing, and has no problem", () => {
  const { config, problems, given } = readConfig(SHIPPED);
  assert.deepEqual([problems, given.size, config], [[], 0, DEFAULT_CONFIG]);
});

Deno.test("packaging/mvgal.conf without its marks of comments sets every key to its default", () => {
  const text = SHIPPED.replaceAll(/^#(\[|\w+ =)/gm, "$1");
  const { config, problems, given } = readConfig(text);
  assert.deepEqual(problems, []);
  const keys = SECTION_NAMES.reduce(
    (sum, name) => sum + Object.keys(SECTIONS[name].keys).length,
    0,
  );
  assert.equal(given.size, keys + Object.keys(GPU_SECTION.keys).length);
  assert.deepEqual({ ...config, gpus: [] }, { ...DEFAULT_CONFIG });
});

Deno.test("a key that is set in packaging/mvgal.conf goes behind the comment about it", () => {
  const text = formatIni(setIniValue(readConfig(SHIPPED).document, "http", "tls_key", "/k"));
  assert.match(text, /^#tls_key =\ntls_key = \/k\n\n/m);
});

Deno.test("the sentences of packaging/mvgal.conf are not read as keys", () => {
  // A comment such as `# x = y` within a sentence would draw a new key behind it.
  for (const line of SHIPPED.split("\n")) {
    if (/^[#;]+\s*[^\s=]+\s*=/.test(line)) assert.match(line, /^#\w+ =/);
  }
});
