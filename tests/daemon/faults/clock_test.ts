/** The host's clock is set while the service runs: by a day forward, and back. */

import assert from "node:assert/strict";
import type {
  ControlEntryView,
  ControlPlanView,
  HistoryView,
} from "../../../lib/daemon/service_api.ts";
import { compiler } from "../../fakes/cc.ts";
import { fakeLibrary } from "../../fakes/library.ts";
import { ServiceProcess } from "../service_process.ts";
import { faultTest, healthOf, logOf, NO_SERVICE, until, wait } from "./fault.ts";
import { Listener } from "./listener.ts";
import { NO_WALL_CLOCK, WallClock } from "./wall_clock.ts";

const NO_CLOCK = NO_SERVICE ?? NO_WALL_CLOCK;

const DAY_S = 86_400;

/** By how much the clock is beside the host's, one after the other, in s. The last two overlap. */
const JUMPS: readonly number[] = [DAY_S, -DAY_S, 0, -2];

const CARD = `device
pci 0000:0a:00.0
uuid GPU-1
name NVIDIA Test
power_limits 600000 200000 700000
power_limit 600000 650000
`;

/** When the samples were taken that the history has of a time beside the host's. */
async function samplesAt({ client }: ServiceProcess, offsetS: number): Promise<string[]> {
  const middle = Date.now() + offsetS * 1000;
  const [from, to] = [middle - 120_000, middle + 120_000].map((at) => new Date(at).toISOString());
  const { series, step_s } = await client.get<HistoryView>(
    `/api/v1/history?metric=temperature_c&from=${from}&to=${to}`,
  );
  assert.equal(step_s, 0, "it gives the samples themselves");
  return (series[0]?.points ?? []).map(({ at }) => at);
}

faultTest(
  "runDaemon() looks on at its interval and keeps each look once while the clock is set",
  async (options) => {
    const clock = new WallClock(options.directory);
    await using service = await ServiceProcess.start({ ...options, env: clock.env });
    using listener = await Listener.open(service);
    const looks = async (count: number) => {
      const { length } = listener.of("sample");
      await until(
        () => Promise.resolve(listener.of("sample").length),
        (now) => now >= length + count,
      );
    };
    await looks(5);
    for (const seconds of JUMPS) {
      clock.set(seconds);
      const began = performance.now();
      await looks(6);
      // A timer that followed the wall would be a day late, or come at once.
      assert.ok(performance.now() - began > 400, `${seconds}: the interval is kept`);
      const { at } = await service.client.get<{ at: string }>("/api/v1/status");
      const beside = (Date.parse(at) - Date.now()) / 1000;
      assert.ok(Math.abs(beside - seconds) < 30, `${seconds}: the look is of ${at}`);
      const { samples_missed } = await healthOf(service);
      assert.ok(samples_missed >= 0 && samples_missed < 1000, `missed ${samples_missed}`);
    }
    const { ready, degraded } = await healthOf(service);
    assert.deepEqual([ready, degraded], [true, {}]);
    const numbers = listener.events.map(({ id }) => Number(id.split("-")[1]));
    const [first = NaN] = numbers;
    assert.deepEqual(
      numbers,
      numbers.map((_, i) => first + i),
      "events are in order, none is lost",
    );

    const heard = listener.of("sample").map(({ at }) => at);
    const kept = (await Promise.all([DAY_S, -DAY_S, 0].map((day) => samplesAt(service, day))))
      .flat();
    const counted = (times: readonly string[]) =>
      times.reduce((all, at) => all.set(at, (all.get(at) ?? 0) + 1), new Map<string, number>());
    const times = counted(kept);
    for (const [at, count] of counted(heard)) assert.equal(times.get(at), count, at);
    for (const day of [DAY_S, -DAY_S, 0]) {
      const points = await samplesAt(service, day);
      assert.deepEqual(points, points.toSorted(), "in the order of their times");
    }
    assert.doesNotMatch(await logOf(service), /error|corrupt|damaged/);
  },
  NO_CLOCK,
);

faultTest("runDaemon() limits requests by a clock that is not set", async (options) => {
  const clock = new WallClock(options.directory);
  const port = freePort();
  const config = `[http]\nlisten = 127.0.0.1:${port}\nrate_limit_per_s = 1\n`;
  await using service = await ServiceProcess.start({ ...options, config, env: clock.env });
  const ask = async () => {
    const response = await fetch(`http://127.0.0.1:${port}/healthz`);
    await response.body?.cancel();
    return response.status;
  };
  const refused = () => until(ask, (status) => status === 429);
  for (const seconds of [DAY_S, -DAY_S]) {
    await refused();
    clock.set(seconds);
    // A day of requests would be saved up, or be missing for a day.
    const answers = await Promise.all([ask(), ask(), ask(), ask()]);
    assert.ok(answers.filter((status) => status === 429).length >= 2, `${seconds}: ${answers}`);
    await until(ask, (status) => status === 200);
  }
  assert.ok((await healthOf(service)).ready);
}, NO_CLOCK);

faultTest(
  "runDaemon() takes a change of settings back when its time is up, whatever the clock says",
  async ({ directory, config }) => {
    using fake = fakeLibrary("nvml", CARD);
    const clock = new WallClock(directory);
    const library = fake.directory;
    await using service = await ServiceProcess.start({
      directory,
      config,
      library,
      env: clock.env,
    });
    const { client } = service;
    const changes = () => client.get<ControlEntryView[]>("/api/v1/control");
    const apply = async (seconds: number) => {
      const request = { gpu: "0", group: "power", values: { power_cap_w: 450 } };
      const { token } = await client.post<ControlPlanView>("/api/v1/control/plan", request);
      await client.post("/api/v1/control/apply", { token, seconds });
    };
    await apply(600);
    clock.set(DAY_S);
    await wait(1500);
    const [change] = await changes();
    assert.equal(change?.state, "pending", "a day has not passed");
    const left = Date.parse(change?.reverts_at ?? "") - (Date.now() + DAY_S * 1000);
    assert.ok(Math.abs(left - 600_000) < 60_000, `it says when: ${change?.reverts_at}`);
    await apply(1);
    clock.set(-DAY_S);
    assert.deepEqual(await until(changes, (now) => now.length === 0), []);
  },
  NO_CLOCK ?? (compiler === null ? "no C compiler" : undefined),
);

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
