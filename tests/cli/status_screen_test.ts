import assert from "node:assert/strict";
import { DUMPS } from "../sysfs/tree.ts";
import { TmuxWindow, whyNoTmux } from "./tmux.ts";

const MAIN = new URL("../../main.ts", import.meta.url).pathname;
const obstacle = whyNoTmux();
const ignore = obstacle !== undefined;
const skipped = ignore ? ` (skipped: ${obstacle})` : "";

const watch = (interval: number) =>
  `"${Deno.execPath()}" run -A --no-check "${MAIN}" status --watch --interval ${interval} ` +
  `--sysroot "${DUMPS}vega56"`;

const COMMAND = watch(100);

/** The screen in a shell that goes on behind it, and says the exit status and the terminal's settings. */
const SHELL = `echo before; ${COMMAND}; echo "status $?"; stty -a; sleep 60`;
const SIZE = { columns: 80, rows: 24 };
const UTF8 = ["LC_ALL=C.UTF-8"];

/** The terminal is as it was before. */
function assertRestored(terminal: TmuxWindow, shown: string): void {
  assert.equal(terminal.variable("alternate_on"), "0");
  assert.equal(terminal.variable("cursor_flag"), "1");
  assert.equal(terminal.variable("wrap_flag"), "1");
  assert.match(shown, /^before$/m);
  assert.doesNotMatch(shown, /GPU 0/);
  assert.match(shown, / icanon /);
  assert.match(shown, / echo /);
}

Deno.test({
  name: `mvgal status --watch shows, helps, sorts, filters and ends${skipped}`,
  ignore,
  async fn() {
    using terminal = new TmuxWindow(SHELL, SIZE, UTF8);
    const first = await terminal.until(/GPU 0 {2}AMD Radeon RX Vega/);
    assert.match(first, /^mvgal status .* every 100 ms$/m);
    assert.match(first, /^busy ·+ +0 %/m);
    assert.match(first, /^q quit {2}\? help/m);
    assert.equal(terminal.variable("alternate_on"), "1");
    assert.equal(terminal.variable("cursor_flag"), "0");
    terminal.press("?");
    await terminal.until(/^ {2}k, F9 +send TERM, KILL or INT/m);
    terminal.press("Escape");
    await terminal.until(/by busy/);
    terminal.press("s");
    await terminal.until(/by memory/);
    terminal.press("/", "a", "b");
    await terminal.until(/^\/ab/m);
    terminal.press("Escape");
    await terminal.until(/^q quit/m);
    terminal.press("i");
    await terminal.until(/^utilization_pct +0 /m);
    terminal.press("Down", "Escape");
    await terminal.until(/^q quit/m);
    terminal.press("k");
    await terminal.until(/select a program first/);
    terminal.press("+");
    await terminal.until(/every 200 ms/);
    terminal.press("q");
    const last = await terminal.until(/^status 0[^]* echo /m);
    assertRestored(terminal, last);
  },
});

Deno.test({
  name: `mvgal status --watch follows the size of its terminal${skipped}`,
  ignore,
  async fn() {
    // No look that comes by itself draws the screen anew.
    using terminal = new TmuxWindow(watch(3_600_000), SIZE, ["LC_ALL=C", "NO_COLOR=1"]);
    await terminal.until(/^busy \.+ +0 %/m);
    terminal.resize({ columns: 40, rows: 10 });
    const small = await terminal.until(/^q quit[^\n]*~$/m);
    assert.ok(small.split("\n").every((line) => line.length <= 40), small);
    assert.match(small, /^GPU 0 /m);
    terminal.resize({ columns: 200, rows: 50 });
    const large = await terminal.until(/^mvgal status [^\n]{150,} every 3600 s$/m);
    assert.match(large, /\+- interval$/m);
    assert.equal(large.split("GPU 0").length, 2, large);
  },
});

Deno.test({
  name: `mvgal status --watch gives the terminal back when a signal ends it${skipped}`,
  ignore,
  async fn() {
    for (const [signal, status] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
      // The process id is that of what is shown: `exec` would leave no shell to say the status.
      const shell = `echo before; sh -c 'echo $$ > "$0"; exec ${COMMAND}' "$PID_FILE"; ` +
        `echo "status $?"; stty -a; sleep 60`;
      const file = Deno.makeTempFileSync();
      try {
        using terminal = new TmuxWindow(shell, SIZE, [`PID_FILE=${file}`]);
        await terminal.until(/GPU 0/);
        if (signal === "SIGINT") terminal.press("C-c");
        else Deno.kill(Number(Deno.readTextFileSync(file)), signal);
        assertRestored(
          terminal,
          await terminal.until(new RegExp(`^status ${status}[^]* echo `, "m")),
        );
      } finally {
        Deno.removeSync(file);
      }
    }
  },
});

/** A program whose second look fails. */
const FAILING = `
  import { watchScreen } from ${
  JSON.stringify(import.meta.resolve("../../lib/cli/status_screen.ts"))
};
  import { hostContext } from ${JSON.stringify(import.meta.resolve("../../lib/cli/terminal.ts"))};
  let looks = 0;
  const look = () => {
    if (++looks > 1) throw new Error("the second look failed");
    return { schema: "mvgal.status/1", at: new Date().toISOString(), interval_ms: null, gpus: [] };
  };
  const looker = { gpus: [], look, [Symbol.dispose]() {} };
  const settings = { interval_ms: 400, host: "GPU 0", own_pid: null };
  await watchScreen(looker, settings, hostContext()).catch((error) => console.log(error.message));
  Deno.exit(3);`;

Deno.test({
  name: `watchScreen() gives the terminal back when a look throws${skipped}`,
  ignore,
  async fn() {
    const directory = Deno.makeTempDirSync();
    try {
      const program = `${directory}/failing.ts`;
      Deno.writeTextFileSync(program, FAILING);
      const config = new URL("../../deno.json", import.meta.url).pathname;
      const command = `"${Deno.execPath()}" run -A --no-check -c "${config}" "${program}"`;
      const shell = `echo before; ${command}; echo "status $?"; stty -a; sleep 60`;
      using terminal = new TmuxWindow(shell, SIZE);
      await terminal.until(/GPU 0/);
      const shown = await terminal.until(/^status 3[^]* echo /m);
      assert.match(shown, /^the second look failed$/m);
      assertRestored(terminal, shown);
    } finally {
      Deno.removeSync(directory, { recursive: true });
    }
  },
});

Deno.test({
  name: `mvgal status --watch gives the terminal back while it is stopped${skipped}`,
  ignore,
  async fn() {
    using terminal = new TmuxWindow("bash --norc --noprofile -i", SIZE);
    await terminal.until(/^bash[^\n]*[#$]/m);
    terminal.press(COMMAND.replaceAll(/"/g, ""), "Enter");
    await terminal.until(/^busy /m);
    terminal.press("C-z");
    const shell = await terminal.until(/Stopped/);
    assert.doesNotMatch(shell, /^busy /m);
    assert.equal(terminal.variable("alternate_on"), "0");
    terminal.press("fg", "Enter");
    await terminal.until(/^busy [^]*^q quit/m);
    assert.equal(terminal.variable("alternate_on"), "1");
    terminal.press("q");
    await terminal.until(/ status --watch[^]*^bash[^\n]*[#$]\s*$/m);
    assert.equal(terminal.variable("alternate_on"), "0");
  },
});

Deno.test({
  name: `mvgal status --watch prints plain looks on a dumb terminal${skipped}`,
  ignore,
  async fn() {
    using terminal = new TmuxWindow(`TERM=dumb ${COMMAND}; sleep 60`, SIZE);
    await terminal.until(/^GPU 0 [^]*^GPU 0 /m);
    assert.equal(terminal.variable("alternate_on"), "0");
  },
});
