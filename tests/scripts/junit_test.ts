import assert from "node:assert/strict";
import {
  countsLine,
  joinSummaries,
  parseJunit,
  summarize,
  withoutFiltered,
} from "../../scripts/test/junit.ts";

/** As `deno test --junit-path` writes it. */
const REPORT = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="deno test" tests="8" failures="1" errors="0" time="0.161">
    <testsuite name="./tests/a_test.ts" tests="6" disabled="2" errors="0" failures="1">
        <testcase name="passes" classname="./tests/a_test.ts" time="0.000" line="1" col="6">
        </testcase>
        <testcase name="runs &lt;1&gt; &amp; 2 (skipped: no SwiftShader)" classname="./tests/a_test.ts" time="0.000">
            <skipped/>
        </testcase>
        <testcase name="steps" classname="./tests/a_test.ts" time="0.001" line="3" col="6">
        </testcase>
        <testcase name="fails" classname="./tests/a_test.ts" time="0.001" line="4" col="6">
            <failure message="Uncaught Error: x">Error: x
    at file:///a_test.ts:4:29</failure>
        </testcase>
        <testcase name="steps &gt; one" classname="./tests/a_test.ts" time="0.000">
        </testcase>
        <testcase name="steps &gt; two" classname="./tests/a_test.ts" time="0.000">
            <skipped/>
        </testcase>
    </testsuite>
    <testsuite name="./mod.ts#3-7.ts" tests="1" disabled="0" errors="0" failures="0">
        <testcase name="file:///mod.ts#3-7.ts" classname="./mod.ts#3-7.ts" time="0.000">
        </testcase>
    </testsuite>
</testsuites>`;

Deno.test("parseJunit() reads tests, steps and their states", () => {
  const cases = parseJunit(REPORT).map(({ name, state, step }) => ({ name, state, step }));
  assert.deepEqual(cases, [
    { name: "passes", state: "passed", step: false },
    { name: "runs <1> & 2 (skipped: no SwiftShader)", state: "skipped", step: false },
    { name: "steps", state: "passed", step: false },
    { name: "fails", state: "failed", step: false },
    { name: "steps > one", state: "passed", step: true },
    { name: "steps > two", state: "skipped", step: true },
    { name: "file:///mod.ts#3-7.ts", state: "passed", step: false },
  ]);
});

Deno.test("parseJunit() takes a test with > in its name for a test", () => {
  const xml = `<testsuites><testsuite name="./a_test.ts">
    <testcase name="a &gt; b"></testcase></testsuite></testsuites>`;
  assert.equal(parseJunit(xml)[0]?.step, false);
});

Deno.test("parseJunit() reads a report without tests", () => {
  assert.deepEqual(parseJunit(`<testsuites name="deno test" tests="0"></testsuites>`), []);
});

Deno.test("summarize() counts tests, not steps, but every skipped step", () => {
  const summary = summarize(parseJunit(REPORT), 1);
  assert.equal(countsLine(summary), "3 passed, 1 failed, 2 skipped");
  assert.equal(summary.outside, null);
});

Deno.test("summarize() never counts a failing exit status as no failure", () => {
  const passing = parseJunit(REPORT).filter((each) => each.state === "passed");
  assert.equal(countsLine(summarize(passing, 1)), "3 passed, 1 failed, 0 skipped");
  assert.match(summarize(passing, 1).outside ?? "", /status 1, and no test failed/);
  assert.equal(countsLine(summarize([], 139)), "0 passed, 1 failed, 0 skipped");
  assert.equal(countsLine(summarize(passing, 0)), "3 passed, 0 failed, 0 skipped");
});

Deno.test("joinSummaries() counts all, and fails where one did", () => {
  const passing = parseJunit(REPORT).filter((each) => each.state === "passed");
  const runs = [summarize(parseJunit(REPORT), 1), summarize(passing, 0), summarize([], 139)];
  const all = joinSummaries(runs);
  assert.equal(countsLine(all), "6 passed, 2 failed, 2 skipped");
  assert.equal(all.outside, "deno test ended with status 139, and no test failed: see above");
  assert.equal(joinSummaries(runs.slice(0, 2)).outside, null);
});

Deno.test("withoutFiltered() keeps names that contain a text or match an expression", () => {
  const names = (filter: string) =>
    withoutFiltered(parseJunit(REPORT), filter).map((each) => each.name);
  assert.deepEqual(names("steps"), ["steps", "steps > one", "steps > two"]);
  assert.deepEqual(names("/^fa/"), ["fails"]);
});
