import assert from "node:assert/strict";
import {
  budgetOf,
  DEFAULT_POWER_POLICY,
  parsePowerCurve,
  powerPolicyProblems,
} from "../../../lib/daemon/power/policy.ts";
import { policy } from "./fakes.ts";

Deno.test("DEFAULT_POWER_POLICY is off, and sound", () => {
  assert.equal(DEFAULT_POWER_POLICY.enabled, false);
  assert.deepEqual(powerPolicyProblems(DEFAULT_POWER_POLICY), []);
});

Deno.test("parsePowerCurve() reads MVGAL's form, and refuses one that does not rise", () => {
  assert.deepEqual(parsePowerCurve("0:30, 100:100"), [
    { load_pct: 0, power_pct: 30 },
    { load_pct: 100, power_pct: 100 },
  ]);
  for (const text of ["", "30", "0:0", "0:30,0:40", "0:50,50:40", "0:101", "0:x"]) {
    assert.throws(() => parsePowerCurve(text), RangeError, text);
  }
});

Deno.test("powerPolicyProblems() names each setting that makes no sense", () => {
  const problems = powerPolicyProblems(policy({
    idle_timeout_ms: 20_000,
    park_timeout_ms: 10,
    thermal_threshold_c: 96,
    power_limit_watts: NaN,
    power_curve: [],
    assumed_watts: { "pci:0": -1 },
  }));
  for (
    const name of [
      "idle_timeout_ms",
      "park_timeout_ms",
      "thermal_threshold_c",
      "power_limit_watts",
      "power curve",
      "assumed_watts",
    ]
  ) assert.ok(problems.some((line) => line.startsWith(name)), `${name} in ${problems.join("; ")}`);
});

Deno.test("budgetOf() takes the smaller of the limit and of the supply less its margin", () => {
  assert.equal(budgetOf(policy()), null);
  assert.deepEqual(budgetOf(policy({ psu_capacity_watts: 1000 })), {
    watts: 800,
    source: "psu_capacity_watts",
  });
  assert.deepEqual(budgetOf(policy({ psu_capacity_watts: 1000, power_limit_watts: 500 })), {
    watts: 500,
    source: "power_limit_watts",
  });
});
