import assert from "node:assert/strict";
import { join } from "node:path";
import { loadWebAssets } from "../../lib/daemon/web_assets.ts";
import { buildWeb } from "../../scripts/build/web.ts";

const SOURCE = join(import.meta.dirname ?? "", "../../lib/daemon/web");

Deno.test("loadWebAssets() gives the dashboard with types and tags, or one line of why not", () => {
  const directory = Deno.makeTempDirSync();
  const find = (name: string) => {
    const path = join(directory, name);
    try {
      return Deno.statSync(path).isFile ? path : undefined;
    } catch {
      return undefined;
    }
  };
  try {
    const none = loadWebAssets(find);
    assert.deepEqual(none, {
      state: "absent",
      reason: "index.html is not in this executable: deno task build makes it",
    });

    const target = join(directory, "web");
    assert.equal(buildWeb(SOURCE, target).state, "built");
    assert.equal(buildWeb(SOURCE, target).state, "up to date");
    const assets = loadWebAssets(find);
    assert.ok(assets.state === "ok");
    const { files } = assets;
    assert.deepEqual([...files.keys()], ["/", "/dashboard.js", "/dashboard.css", "/icon.svg"]);
    assert.equal(files.get("/")?.type, "text/html; charset=utf-8");
    assert.match(files.get("/")?.etag ?? "", /^"[0-9a-f]{32}"$/);
    assert.equal(new Set([...files.values()].map(({ etag }) => etag)).size, 4);
    const text = new TextDecoder().decode(files.get("/")?.body);
    // The policy of the service lets neither in.
    assert.doesNotMatch(text, /<style|style=|<script(?![^>]* src=)/);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});

Deno.test("buildWeb() leaves what is there where the source cannot be bundled", () => {
  const directory = Deno.makeTempDirSync();
  try {
    Deno.writeTextFileSync(join(directory, "index.html"), "<!doctype html>");
    Deno.writeTextFileSync(join(directory, "icon.svg"), "<svg/>");
    Deno.writeTextFileSync(join(directory, "main.tsx"), "this is no program (");
    const target = join(directory, "web");
    const outcome = buildWeb(directory, target);
    assert.ok(outcome.state === "failed");
    assert.match(outcome.reason, /^main\.tsx: /);
    assert.throws(() => Deno.statSync(target), Deno.errors.NotFound);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});
