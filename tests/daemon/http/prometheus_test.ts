/** What a real Prometheus makes of the service. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { ServiceProcess, whyNoService } from "../service_process.ts";
import { makeCertificate, whyNoCertificate } from "./certificate.ts";
import { TOKEN } from "./fixture.ts";
import { listening, TCP } from "./listening.ts";
import { freePort, Prometheus, whyNoPrometheus } from "./prometheus.ts";

const SYSROOT = join(
  import.meta.dirname ?? ".",
  ...["..", "..", "fixtures", "sysroots", "rx7900xtx"],
);

const SKIP = whyNoPrometheus() ?? whyNoService() ?? whyNoCertificate();

/** Passes scrapes on that ask for Prometheus' text format: the program itself asks for OpenMetrics. */
function textOf(url: string): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async () => {
    const response = await fetch(url, { headers: { accept: "text/plain" } });
    return new Response(await response.text(), { headers: response.headers });
  });
}

/** What a service that runs tells of a dump. */
async function checkDump(prometheus: Prometheus): Promise<void> {
  for (const [metric, value] of [["temperature_celsius", "53"], ["clock_hertz", "31000000"]]) {
    const samples = await prometheus.query(`mvgal_gpu_${metric}{job=~"openmetrics|text"}`, 2);
    const found = samples.map(({ metric, value }) => [metric["job"], metric["gpu"], value[1]]);
    assert.deepEqual(found.sort(), [
      ["openmetrics", "pci:0000:03:00.0", value],
      ["text", "pci:0000:03:00.0", value],
    ]);
  }
  // The dump has no file that tells it.
  const absent = 'mvgal_gpu_memory_total_bytes{job=~"openmetrics|text"}';
  assert.deepEqual(await prometheus.query(absent, 0), []);
  const { mvgal_gpu_temperature_celsius: [family] = [] } = await prometheus.metadata();
  assert.equal(family?.type, "gauge");
}

// One for all of it: Prometheus takes five seconds until it scrapes anything.
Deno.test({
  name: "Prometheus scrapes the service in both formats, and over TLS with the token" +
    (SKIP === undefined ? "" : ` (skipped: ${SKIP})`),
  ignore: SKIP !== undefined,
  async fn() {
    const directory = Deno.makeTempDirSync({ prefix: "mvgal-prometheus-" });
    try {
      const target = `127.0.0.1:${freePort()}`, config = `[http]\nlisten = ${target}\n`;
      await using _service = await ServiceProcess.start({ directory, sysroot: SYSROOT, config });
      await using text = textOf(`http://${target}/metrics`);
      const access = { ...TCP.access, requireTokenForReads: true };
      const tls = makeCertificate(directory);
      await using it = await listening({ tcp: { ...TCP, tls, access } });
      const overTls = {
        scheme: "https",
        tls_config: { ca_file: join(directory, "cert.pem"), server_name: "localhost" },
        static_configs: [{ targets: [`127.0.0.1:${it.port}`] }],
      };
      await using prometheus = new Prometheus(directory, [
        { job_name: "openmetrics", static_configs: [{ targets: [target] }] },
        { job_name: "text", static_configs: [{ targets: [`127.0.0.1:${text.addr.port}`] }] },
        { ...overTls, job_name: "tls", authorization: { credentials: TOKEN } },
        { ...overTls, job_name: "no token" },
      ]);
      await prometheus.becomes({ openmetrics: "up", text: "up", tls: "up", "no token": "down" });
      await checkDump(prometheus);
      const energy = 'mvgal_energy_joules_total{job="tls",index="0"}';
      assert.equal((await prometheus.query(`${energy} == 1001`)).length, 1);
      for (let i = 0; i < 5; i++) it.service.tick();
      const [sample] = await prometheus.query(`${energy} > 1001`);
      assert.equal(sample?.value[1], "1006");
    } finally {
      Deno.removeSync(directory, { recursive: true });
    }
  },
});
