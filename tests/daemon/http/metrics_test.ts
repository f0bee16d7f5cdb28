import assert from "node:assert/strict";
import { metricsFormat, metricsText } from "../../../lib/daemon/http/metrics.ts";
import { FakeService } from "../fake_service.ts";
import { fixture } from "./fixture.ts";

const PROMTOOL = ["/usr/bin/promtool", "/usr/local/bin/promtool"].find((path) => {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
});

/** A sample's line by its metric, where there is but one. */
function valueOf(text: string, metric: string): string | undefined {
  return text.split("\n").find((line) => line.startsWith(`${metric} `))?.slice(metric.length + 1);
}

for (const processes of [false, true]) {
  Deno.test({
    name: `metricsText() pleases promtool ${processes ? "with" : "without"} programs` +
      (PROMTOOL === undefined ? ": needs promtool (Debian: prometheus)" : ""),
    ignore: PROMTOOL === undefined,
    fn: async () => {
      const text = metricsText(new FakeService(), "prometheus", processes);
      const child = new Deno.Command(PROMTOOL ?? "", {
        args: ["check", "metrics"],
        stdin: "piped",
        stdout: "piped",
        stderr: "piped",
      }).spawn();
      const writer = child.stdin.getWriter();
      await writer.write(new TextEncoder().encode(text));
      await writer.close();
      const { code, stdout, stderr } = await child.output();
      const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
      assert.deepEqual([code, said], [0, ""]);
    },
  });
}

Deno.test("metricsText() gives each GPU labels that stay, and escapes them", () => {
  const text = metricsText(new FakeService(), "prometheus", false);
  const line = text.split("\n").find((each) =>
    each.startsWith("mvgal_gpu_temperature_celsius{") && each.includes('index="3"')
  );
  assert.equal(
    line,
    'mvgal_gpu_temperature_celsius{gpu="pci:0000:03:00.0",index="3",uuid="GPU-3",' +
      'pci="0000:03:00.0",vendor="amd",model="GPU \\"3\\" \\\\ of none"} 43',
  );
});

Deno.test("metricsText() has no line for what is not known", () => {
  const text = metricsText(new FakeService(), "prometheus", false);
  assert.ok(!text.includes("mvgal_fan_speed_percent"));
  assert.ok(!/ (null|NaN|undefined)$/m.test(text));
});

Deno.test("metricsText() keeps names of MVGAL's exporter, and their units", () => {
  const text = metricsText(new FakeService(), "prometheus", false);
  for (
    const [name, value] of [
      ["mvgal_gpu_utilization_percent", "1"],
      ["mvgal_gpu_memory_used_bytes", "1"],
      ["mvgal_gpu_memory_total_bytes", `${16 << 20}`],
      ["mvgal_power_draw_watts", "100"],
      ["mvgal_energy_joules_total", "1001"],
      ["mvgal_gpu_clock_hertz", "1500000000"],
    ] as const
  ) {
    const lines = text.split("\n").filter((line) => line.startsWith(`${name}{`));
    assert.equal(lines.length, 8, name);
    assert.equal(lines[0]?.split(" ").at(-1), value, name);
  }
  assert.equal(valueOf(text, "mvgal_gpus"), "8");
  assert.equal(valueOf(text, "mvgal_daemon_running"), "1");
});

Deno.test("metricsText() names programs only where that is wanted", () => {
  const service = new FakeService();
  assert.ok(!metricsText(service, "prometheus", false).includes("pid="));
  const text = metricsText(service, "prometheus", true);
  assert.equal(text.split("\n").filter((line) => line.includes("pid=")).length, 500);
  assert.ok(text.includes('name="program\\n7"'));
});

Deno.test("metricsText() writes OpenMetrics: families without suffixes, units, an end", () => {
  const text = metricsText(new FakeService(), "openmetrics", true);
  assert.ok(text.endsWith("\n# EOF\n"));
  assert.ok(
    text.includes("# TYPE mvgal_energy_joules counter\n# UNIT mvgal_energy_joules joules\n"),
  );
  assert.ok(text.includes("# TYPE mvgal_build info\nmvgal_build_info{"));
  assert.ok(text.includes("\nmvgal_energy_joules_total{"));
  const families = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
  assert.equal(new Set(families).size, families.length);
  // Each family's samples follow its head, with no empty line.
  let family = "";
  for (const line of text.slice(0, -"# EOF\n".length).trimEnd().split("\n")) {
    const head = /^# (HELP|TYPE|UNIT) (\S+) /.exec(line);
    if (head !== null) family = head[2] ?? "";
    else assert.ok(line.startsWith(family), `${line} under ${family}`);
  }
});

Deno.test("metricsText() has lines before the first look", () => {
  const service = new FakeService();
  service.forget();
  const text = metricsText(service, "prometheus", true);
  assert.equal(valueOf(text, "mvgal_gpus"), "0");
});

Deno.test("metricsFormat() gives OpenMetrics to those who ask for it alone", () => {
  const prometheus = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.2";
  assert.equal(metricsFormat(prometheus).format, "openmetrics");
  assert.equal(metricsFormat("").format, "prometheus");
  assert.equal(metricsFormat("text/plain").type, "text/plain; version=0.0.4; charset=utf-8");
});

Deno.test("createApp() serves metrics anew after each look, and when looks end", async () => {
  const { ask, service } = fixture();
  const scrape = async () => await (await ask("GET", "/metrics")).text();
  const first = await scrape();
  assert.equal(await scrape(), first);
  service.tick();
  assert.notEqual(await scrape(), first);
  assert.equal(valueOf(await scrape(), "mvgal_daemon_running"), "1");
  service.ready = false;
  assert.equal(valueOf(await scrape(), "mvgal_daemon_running"), "0");
});
