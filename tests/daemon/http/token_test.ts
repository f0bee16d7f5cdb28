import assert from "node:assert/strict";
import { join } from "node:path";
import { loadToken } from "../../../lib/daemon/http/token.ts";

/** The token that is read or made. */
function tokenAt(path: string): string {
  const outcome = loadToken(path);
  assert.equal(outcome.state, "ok");
  return outcome.state === "ok" ? outcome.token : "";
}

function inDirectory(test: (directory: string) => void): void {
  const directory = Deno.makeTempDirSync({ prefix: "mvgal-token-" });
  try {
    test(directory);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

function write(path: string, text: string, mode = 0o600): void {
  Deno.writeTextFileSync(path, text);
  Deno.chmodSync(path, mode);
}

Deno.test("loadToken() makes a token that its owner alone may read, and keeps it", () => {
  inDirectory((directory) => {
    const path = join(directory, "state", "http.token");
    const token = tokenAt(path);
    assert.match(token, /^[0-9a-f]{64}$/);
    assert.equal((Deno.statSync(path).mode ?? 0) & 0o777, 0o600);
    assert.equal((Deno.statSync(join(directory, "state")).mode ?? 0) & 0o777, 0o700);
    assert.equal(tokenAt(path), token);
    assert.notEqual(tokenAt(join(directory, "other")), token);
  });
});

for (const mode of [0o640, 0o604, 0o620, 0o666]) {
  Deno.test(`loadToken() refuses a file of mode ${mode.toString(8)}`, () => {
    inDirectory((directory) => {
      const path = join(directory, "token");
      write(path, "0123456789abcdef", mode);
      assert.throws(() => loadToken(path), /others may read the token: chmod 600 /);
    });
  });
}

for (
  const text of ["", "\n", "short", "two words and more of them", "x".repeat(513), "ö".repeat(20)]
) {
  Deno.test(`loadToken() takes ${JSON.stringify(text.slice(0, 30))} for no token, and leaves it`, () => {
    inDirectory((directory) => {
      const path = join(directory, "token");
      write(path, text);
      assert.throws(() => loadToken(path), /holds no token: remove the file/);
      assert.equal(Deno.readTextFileSync(path), text);
    });
  });
}

Deno.test("loadToken() reads a token that somebody else made", () => {
  inDirectory((directory) => {
    const path = join(directory, "token");
    write(path, "abcDEF012.-_~+/xyz==\n", 0o400);
    assert.equal(tokenAt(path), "abcDEF012.-_~+/xyz==");
  });
});

Deno.test("loadToken() gives the reason where no token can be kept", () => {
  const outcome = loadToken("/proc/nowhere/http.token");
  assert.equal(outcome.state, "absent");
  assert.match(outcome.state === "absent" ? outcome.reason : "", /^no token can be kept: /);
});
