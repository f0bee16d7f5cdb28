import assert from "node:assert/strict";
import { join } from "node:path";
import { ConfigFileError } from "../../lib/config/config_file.ts";
import { LiveConfig } from "../../lib/config/live_config.ts";
import type { ConfigView } from "../../lib/daemon/service_api.ts";

/** A file of which the text can be replaced. */
class Place implements Disposable {
  readonly #directory = Deno.makeTempDirSync({ prefix: "mvgal-config-" });
  readonly search = { option: join(this.#directory, "mvgal.conf"), env: () => undefined };

  constructor(text: string) {
    this.write(text);
  }

  write(text: string): void {
    Deno.writeTextFileSync(this.search.option, text);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.#directory, { recursive: true });
  }
}

Deno.test("LiveConfig.reload() takes a file without errors, and says what has changed", () => {
  using place = new Place("[core]\ngpu_count = 1\n[gpu_0]\npriority = 1\n");
  const live = new LiveConfig(place.search);
  assert.deepEqual(live.reload(), { changed: [], problem: null });
  place.write("# new\n[core]\ngpu_count = 2\n[gpu_1]\npriority = 1\n[custom]\nx = 1\n");
  assert.deepEqual(live.reload(), {
    changed: ["core.gpu_count", "gpu_0.priority", "gpu_1.priority"],
    problem: null,
  });
  assert.equal(live.config.core.gpu_count, 2);
  assert.equal(live.warnings.length, 1);
});

Deno.test("LiveConfig.reload() keeps what it has where the file is wrong or gone, and says so", () => {
  using place = new Place("[core]\ngpu_count = 1\n");
  const live = new LiveConfig(place.search);
  place.write("[core]\ngpu_count = 2\nenabeld = true\n[x]\n");
  const { changed, problem } = live.reload();
  assert.deepEqual(changed, []);
  assert.match(problem ?? "", /mvgal\.conf:3: error: .*enabled\? \(and 1 more: [^\n]+\)$/);
  const view: ConfigView = live.view();
  assert.deepEqual([view.problem, view.values["core"]?.["gpu_count"]], [problem, 1]);
  Deno.removeSync(place.search.option);
  assert.match(live.reload().problem ?? "", /there is no file/);
  assert.equal(live.config.core.gpu_count, 1);
  place.write("");
  assert.equal(live.reload().problem, null);
  assert.equal(live.view().problem, null);
});

Deno.test("LiveConfig does not begin with a file that has an error", () => {
  using place = new Place("[http]\nlisten = nowhere\n");
  assert.throws(() => new LiveConfig(place.search), ConfigFileError);
});
