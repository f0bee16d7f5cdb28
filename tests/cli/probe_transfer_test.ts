import assert from "node:assert/strict";
import { PROBE_COMMAND } from "../../lib/transfer/probe.ts";
import { selfCommand } from "../../lib/launch/self.ts";
import { capture } from "./capture.ts";

/** Runs the command with this on standard input. */
async function probe(input: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const [program = "", ...args] = selfCommand();
  const child = new Deno.Command(program, {
    args: [...args, PROBE_COMMAND],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

Deno.test("mvgal __probe-transfer is in no help", async () => {
  const { stdout } = await capture(["--help"]);
  assert.ok(!stdout.includes(PROBE_COMMAND));
});

Deno.test("mvgal __probe-transfer answers each request with a line", async () => {
  const device = {
    gpu: { id: "x", vendor: "other", kind: "discrete", pci_slot: null, uuid: null },
    vulkan: null,
  };
  const requests = [{ kind: "host_memory", device }, {
    kind: "runtime_peer",
    device,
    peer: device,
    runtime: "CUDA",
  }];
  const { code, stdout } = await probe(JSON.stringify({ requests }));
  assert.equal(code, 0);
  assert.deepEqual(stdout.trim().split("\n").map((line) => JSON.parse(line)), [
    { index: 0, obstacle: "Vulkan: Vulkan does not show it" },
    { index: 1, obstacle: "no vendor's runtime is for both devices" },
  ]);
});

Deno.test("mvgal __probe-transfer answers a pool's requests", async () => {
  const from = {
    vulkan: { index: 99, uuid: "none", name: "no such device" },
    driver: "",
    gpu: { vendor: "other", kind: "discrete", pci_slot: null, uuid: null },
  };
  const way = { kind: "staging", from: "mapped", to: "mapped" };
  const limitMs = 1000;
  const requests = [{ from, to: null, way: null, limitMs }, { from, to: from, way, limitMs }];
  const { code, stdout } = await probe(JSON.stringify({ asker: "pool", requests }));
  assert.equal(code, 0);
  const answers = stdout.trim().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(answers.map(({ index }) => index), [0, 1]);
  for (const { obstacle } of answers) assert.equal(typeof obstacle, "string");
  const stranger = await probe(JSON.stringify({ asker: "nobody", requests }));
  assert.equal(stranger.code, 2);
});

Deno.test("mvgal __probe-transfer refuses what is no order", async () => {
  const { code, stdout, stderr } = await probe("hello");
  assert.deepEqual([code, stdout], [2, ""]);
  assert.match(stderr, /^mvgal: standard input is no order of requests: [^\n]+\n$/);
});
