import assert from "node:assert/strict";
import { ENTER_SCREEN, frameUpdate, LEAVE_SCREEN } from "../../lib/render/screen_frame.ts";

Deno.test("frameUpdate() writes the lines alone that have changed", () => {
  const update = frameUpdate(["one", "two", "three"], ["one", "TWO", "three"]);
  assert.equal(update, "\x1b[?2026h\x1b[2;1HTWO\x1b[?2026l");
  assert.equal(frameUpdate(["same"], ["same"]), "");
});

Deno.test("frameUpdate() draws everything where the screen is not known, or has shrunk", () => {
  const all = "\x1b[?2026h\x1b[2J\x1b[1;1Ha\x1b[2;1Hb\x1b[?2026l";
  assert.equal(frameUpdate(null, ["a", "b"]), all);
  assert.equal(frameUpdate(["a", "b", "c"], ["a", "b"]), all);
  assert.equal(frameUpdate(["a"], ["a", "b"]), "\x1b[?2026h\x1b[2;1Hb\x1b[?2026l");
});

Deno.test("LEAVE_SCREEN gives back each mode that ENTER_SCREEN took", () => {
  // deno-lint-ignore no-control-regex
  const modes = (text: string) => [...text.matchAll(/\x1b\[\?(\d+)([hl])/g)];
  const undone = new Map(modes(LEAVE_SCREEN).map(([, mode, set]) => [mode, set]));
  for (const [, mode, set] of modes(ENTER_SCREEN)) {
    assert.equal(undone.get(mode), set === "h" ? "l" : "h", `mode ${mode}`);
  }
});
