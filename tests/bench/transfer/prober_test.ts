import assert from "node:assert/strict";
import {
  type DeviceReference,
  type ProbeRequest,
  requestKey,
} from "../../../lib/bench/transfer/probe.ts";
import { Prober } from "../../../lib/bench/transfer/prober.ts";
import { parseAnswer, parseOrder } from "../../../lib/transfer/probe.ts";

const LIMITS = { firstMs: 10_000, nextMs: 300, farewellMs: 100 };
const pause = () => Promise.resolve();

function reference(id: string, index = 0): DeviceReference {
  return {
    gpu: { id, vendor: "other", kind: "discrete", pci_slot: null, uuid: null, vram_total_bytes: 1 },
    vulkan: { index, uuid: "u", name: id },
  };
}

function request(id: string): ProbeRequest {
  return { kind: "host_memory", device: reference(id) };
}

/** A prober whose child is a shell script. */
function scripted(script: string): Prober {
  return new Prober({ command: () => ["/bin/sh", "-c", script, "mvgal"], limits: LIMITS });
}

/** A line that answers. */
const answer = (index: number, obstacle: string | null) =>
  `echo '${JSON.stringify({ index, obstacle })}'`;

Deno.test("Prober.obstacle() refuses what was not tried", () => {
  assert.match(scripted("").obstacle(request("a")) ?? "", /was not tried/);
});

Deno.test("Prober.tryAll() takes the child's answers, whatever a driver prints between them", async () => {
  const prober = scripted(
    `cat >/dev/null; ${answer(0, null)}; echo MESA: hello; ${answer(1, "no such extension")}`,
  );
  await prober.tryAll([request("a"), request("b")], pause);
  assert.equal(prober.obstacle(request("a")), undefined);
  assert.equal(
    prober.obstacle(request("b")),
    "tried in a process of its own: no such extension",
  );
});

Deno.test("Prober.tryAll() ends a child that hangs, and gives the rest to another", async () => {
  const directory = Deno.makeTempDirSync({ prefix: "mvgal-prober-" });
  const log = `${directory}/orders`;
  try {
    // Each child answers its first request and hangs over the second.
    const prober = scripted(`cat >>${log}; echo >>${log}; ${answer(0, null)}; exec sleep 60`);
    await prober.tryAll(["a", "b", "c"].map(request), pause);
    assert.equal(prober.obstacle(request("a")), undefined);
    assert.match(prober.obstacle(request("b")) ?? "", /it hung: no answer within 0.3 s/);
    assert.equal(prober.obstacle(request("c")), undefined);
    const orders = Deno.readTextFileSync(log).trim().split("\n").map(parseOrder);
    assert.deepEqual(orders.map(({ requests }) => requests.length), [3, 1]);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});

Deno.test("Prober.tryAll() gives a way up that has hung twice, and no other way with it", async () => {
  const directory = Deno.makeTempDirSync({ prefix: "mvgal-prober-" });
  const log = `${directory}/started`;
  try {
    // Whoever tries host memory crashes at once; whoever tries a runtime answers.
    const prober = scripted(
      `echo x >>${log}; if grep -q host_memory; then kill -SEGV $$; fi; ${answer(0, null)}`,
    );
    const peer: ProbeRequest = {
      kind: "runtime_peer",
      runtime: "CUDA",
      device: reference("a"),
      peer: reference("b"),
    };
    const hosts = ["a", "b", "c", "d", "e"].map(request);
    await prober.tryAll([...hosts, peer], pause);
    const reasons = hosts.map((each) => prober.obstacle(each) ?? "");
    assert.ok(reasons.slice(0, 2).every((reason) => reason.includes("SIGSEGV")), reasons.join());
    assert.ok(reasons.slice(2).every((reason) => /^not tried: 2 processes/.test(reason)));
    assert.equal(prober.obstacle(peer), undefined);
    assert.equal(Deno.readTextFileSync(log).trim().split("\n").length, 3);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});

Deno.test("Prober.tryAll() waits as long as it is told to", async () => {
  const prober = scripted("cat >/dev/null; exec sleep 60");
  const limits = { firstMs: 50, nextMs: 50, farewellMs: 0 };
  await prober.tryAll([request("a")], pause, { limits });
  assert.match(prober.obstacle(request("a")) ?? "", /no answer within 0.05 s/);
});

Deno.test("Prober.tryAll() says how a child ended, with its last words", async () => {
  const crashing = scripted(`cat >/dev/null; kill -SEGV $$`);
  await crashing.tryAll([request("a")], pause);
  assert.match(crashing.obstacle(request("a")) ?? "", /it was ended by SIGSEGV/);
  const failing = scripted(`cat >/dev/null; echo "mvgal: bad thing" >&2; exit 3`);
  await failing.tryAll([request("a")], pause);
  assert.match(failing.obstacle(request("a")) ?? "", /ended with status 3: mvgal: bad thing$/);
  const traced = scripted(
    `cat >/dev/null; printf '\\033[31merror\\033[0m: no module\\n\\nStack backtrace:\\n 0: x\\n' >&2; exit 1`,
  );
  await traced.tryAll([request("a")], pause);
  assert.match(traced.obstacle(request("a")) ?? "", /ended with status 1: error: no module$/);
});

Deno.test("Prober.tryAll() says that it could start no process", async () => {
  const prober = new Prober({ command: () => ["/nonexistent/mvgal"], limits: LIMITS });
  await prober.tryAll([request("a")], pause);
  assert.match(prober.obstacle(request("a")) ?? "", /could not be tried in a process of its own/);
});

Deno.test("Prober.tryAll() asks for nothing twice, and stops where the user stops", async () => {
  let started = 0;
  const prober = new Prober({
    command: () => {
      started++;
      return ["/bin/sh", "-c", `cat >/dev/null; ${answer(0, null)}`];
    },
    limits: LIMITS,
  });
  await prober.tryAll([request("a"), request("a")], pause);
  await prober.tryAll([request("a")], pause);
  assert.equal(started, 1);
  const stop = () => Promise.reject(new DOMException("stopped", "AbortError"));
  await assert.rejects(prober.tryAll([request("b")], stop), { name: "AbortError" });
  assert.equal(started, 1);
});

Deno.test("requestKey() tells requests apart by device, place, direction and way", () => {
  const a = reference("a"), b = reference("b"), other = reference("a", 1);
  const shared = (device: DeviceReference, peer: DeviceReference) =>
    ({ kind: "shared_memory", device, peer, handle: "dma_buf", mode: "pull" }) as const;
  const requests: ProbeRequest[] = [
    { kind: "host_memory", device: a },
    { kind: "host_memory", device: b },
    { kind: "host_memory", device: other },
    shared(a, b),
    shared(b, a),
    { ...shared(a, b), mode: "push" },
    { ...shared(a, b), handle: "opaque_fd" },
    { kind: "runtime_peer", device: a, peer: b, runtime: "CUDA" },
    { kind: "runtime_peer", device: a, peer: b, runtime: "HIP" },
  ];
  assert.equal(new Set(requests.map(requestKey)).size, requests.length);
});

Deno.test("parseAnswer() passes over what is no answer", () => {
  assert.deepEqual(parseAnswer('{"index":0,"obstacle":null}'), { index: 0, obstacle: null });
  const figures = { bandwidth_gb_s: 3.5, latency_us: 20 };
  assert.deepEqual(parseAnswer(JSON.stringify({ index: 1, obstacle: null, figures })), {
    index: 1,
    obstacle: null,
    figures,
  });
  assert.deepEqual(parseAnswer('{"index":1,"obstacle":null,"figures":{"bandwidth_gb_s":"x"}}'), {
    index: 1,
    obstacle: null,
  });
  for (const line of ["", "MESA: warning", "{}", '{"index":"0","obstacle":null}', "null", "7"]) {
    assert.equal(parseAnswer(line), undefined, line);
  }
});
