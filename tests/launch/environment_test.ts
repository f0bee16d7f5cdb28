import assert from "node:assert/strict";
import fc from "fast-check";
import { isPlaced, type Launch, preloaded, variablesOf } from "../../lib/launch/environment.ts";
import { environmentText } from "../../lib/launch/environment_text.ts";
import { cdiSpecification } from "../../lib/launch/cdi.ts";

const SHIM = "/opt/mvgal/libmvgal_cuda.so";

Deno.test("preloaded() puts the shim first, once, and keeps the rest", () => {
  assert.equal(preloaded(SHIM, undefined), SHIM);
  assert.equal(preloaded(SHIM, "/a.so /b.so::/c.so"), `${SHIM}:/a.so:/b.so:/c.so`);
  assert.equal(preloaded(SHIM, "/a.so:/old/libmvgal_cuda.so"), `${SHIM}:/a.so`);
  const once = preloaded(SHIM, "/a.so");
  assert.equal(preloaded(SHIM, once), once);
});

const LAUNCH: Launch = { shim: SHIM, visible: null };
const none = () => undefined;

Deno.test("variablesOf() sets what is asked for, and nothing else", () => {
  assert.deepEqual(variablesOf({ ...LAUNCH, shim: null }, none), []);
  const variables = variablesOf({
    ...LAUNCH,
    vram: [{ key: null, value: 8n }, { key: "GPU-a", value: null }],
    sm: [{ key: null, value: 30 }],
    pool: true,
    workConserving: true,
    group: "jobs",
    runtimeDirectory: "/run/mvgal",
    strategy: "task",
    gpus: "0,1",
    visible: "GPU-a",
  }, (name) => name === "LD_PRELOAD" ? "/a.so" : undefined);
  assert.deepEqual(Object.fromEntries(variables), {
    LD_PRELOAD: `${SHIM}:/a.so`,
    MVGAL_VRAM_LIMIT: "8,GPU-a=none",
    MVGAL_SM_LIMIT: "30%",
    MVGAL_POOL: "1",
    MVGAL_WORK_CONSERVING: "1",
    MVGAL_GROUP: "jobs",
    MVGAL_RUNTIME_DIR: "/run/mvgal",
    MVGAL_STRATEGY: "task",
    MVGAL_GPUS: "0,1",
    CUDA_VISIBLE_DEVICES: "GPU-a",
    MVGAL_PLACED: "GPU-a",
  });
});

Deno.test("variablesOf() preloads the OpenCL loader behind the shim, and without it", () => {
  const openclLoaders = ["/opt/mvgal/libmvgal_opencl_loader.so", "/opt/mvgal/libmvgal_name.so"];
  const preloads = (launch: Launch, before?: string) =>
    Object.fromEntries(variablesOf(launch, (name) => name === "LD_PRELOAD" ? before : undefined));
  const all = preloads({ ...LAUNCH, openclLoaders }, "/a.so")["LD_PRELOAD"];
  assert.equal(all, [SHIM, ...openclLoaders, "/a.so"].join(":"));
  assert.equal(preloads({ ...LAUNCH, openclLoaders }, all)["LD_PRELOAD"], all);
  assert.deepEqual(preloads({ ...LAUNCH, shim: null, openclLoaders }), {
    LD_PRELOAD: openclLoaders.join(":"),
  });
  assert.deepEqual(preloads({ ...LAUNCH, shim: null }, "/a.so"), {});
});

Deno.test("isPlaced() is no more where a program chose for its children", () => {
  const env = (values: Record<string, string>) => (name: string) => values[name];
  assert.equal(isPlaced(none), false);
  assert.equal(isPlaced(env({ MVGAL_PLACED: "GPU-a", CUDA_VISIBLE_DEVICES: "GPU-a" })), true);
  assert.equal(isPlaced(env({ MVGAL_PLACED: "GPU-a", CUDA_VISIBLE_DEVICES: "1" })), false);
});

/** What a shell has after reading the text. */
function byShell(text: string): string {
  const { stdout } = new Deno.Command("/bin/sh", {
    args: ["-c", `${text}printf '%s' "$MVGAL_TEXT"`],
    clearEnv: true,
  }).outputSync();
  return new TextDecoder().decode(stdout);
}

Deno.test("environmentText() for a shell is read back by one, whatever the value", () => {
  const value = fc.stringMatching(/^[ -~\n\t'"\\$`é]*$/);
  fc.assert(
    fc.property(value, (text) => {
      assert.equal(byShell(environmentText([["MVGAL_TEXT", text]], "shell")), text);
    }),
    { numRuns: 40 },
  );
});

Deno.test("environmentText() writes unit files, env files and JSON", () => {
  const variables = [["A", 'x "y" 50%\\'], ["B", "2"]] as const;
  assert.equal(
    environmentText(variables, "systemd"),
    'Environment="A=x \\"y\\" 50%%\\\\"\nEnvironment="B=2"\n',
  );
  assert.equal(environmentText(variables, "docker"), 'A=x "y" 50%\\\nB=2\n');
  assert.deepEqual(JSON.parse(environmentText(variables, "json")), {
    schema: "mvgal.environment/1",
    variables: { A: 'x "y" 50%\\', B: "2" },
  });
  assert.throws(() => environmentText([["A", "1\n2"]], "docker"), /A has a line break/);
  assert.throws(() => environmentText([["A", "1\n2"]], "systemd"), /A has a line break/);
});

/** The rules of the specification's schema.json and SPEC.md for what is used of it here. */
function assertCdi(document: unknown): void {
  const only = (value: unknown, ...names: string[]): Record<string, unknown> => {
    assert.ok(typeof value === "object" && value !== null && !Array.isArray(value));
    assert.deepEqual(Object.keys(value).filter((name) => !names.includes(name)), []);
    return value as Record<string, unknown>;
  };
  const list = (value: unknown): unknown[] => {
    assert.ok(Array.isArray(value));
    return value;
  };
  const { cdiVersion, kind, devices } = only(
    document,
    "cdiVersion",
    "kind",
    "annotations",
    "devices",
    "containerEdits",
  );
  assert.match(String(cdiVersion), /^0\.[6-9]\.\d+$/);
  assert.match(
    String(kind),
    /^[A-Za-z][A-Za-z0-9_.-]*[A-Za-z0-9]\/[A-Za-z][A-Za-z0-9_-]*[A-Za-z0-9]$/,
  );
  assert.ok(list(devices).length > 0);
  for (const device of list(devices)) {
    const { name, containerEdits } = only(device, "name", "annotations", "containerEdits");
    assert.match(String(name), /^[A-Za-z0-9]([A-Za-z0-9_.:-]*[A-Za-z0-9])?$/);
    const { env, mounts } = only(containerEdits, "env", "deviceNodes", "hooks", "mounts");
    for (const each of list(env)) assert.match(String(each), /^[A-Za-z_]\w*=/);
    for (const mount of list(mounts)) {
      const { hostPath, containerPath, options } = only(
        mount,
        "hostPath",
        "containerPath",
        "options",
        "type",
      );
      assert.match(String(hostPath), /^\//);
      assert.match(String(containerPath), /^\//);
      for (const option of list(options)) assert.equal(typeof option, "string");
    }
  }
}

Deno.test("cdiSpecification() obeys the rules of CDI, and gives the shim with its variables", () => {
  const document = cdiSpecification("small", SHIM, [
    ["LD_PRELOAD", SHIM],
    ["MVGAL_VRAM_LIMIT", "8"],
  ]);
  assertCdi(JSON.parse(JSON.stringify(document)));
  const edits = document.devices[0]?.containerEdits;
  assert.deepEqual(edits?.env, [
    "LD_PRELOAD=/usr/local/lib/mvgal/libmvgal_cuda.so",
    "MVGAL_VRAM_LIMIT=8",
  ]);
  assert.equal(edits?.mounts[0]?.hostPath, SHIM);
  assert.equal(edits?.mounts[0]?.containerPath, "/usr/local/lib/mvgal/libmvgal_cuda.so");
  for (const name of ["", "-a", "a b", "a/b", "a="]) {
    assert.throws(() => cdiSpecification(name, SHIM, []), /is no name of a device/);
  }
});
