/**
 * Damaged dumps: whatever happens to files, nothing fails and nothing is made up.
 *
 * The oracle knows nothing of how mvgal reads. For each figure of the document it knows by the kernel's
 * documentation which files may hold it, and looks for it in the damaged tree itself. A number in the
 * document for which it has no rule fails the test.
 */

import assert from "node:assert/strict";
import { basename, dirname, join } from "node:path";
import { AMDGPU_IDS } from "../../lib/discovery/amdgpu_ids.generated.ts";
import { type InventoryDocument, inventoryDocument } from "../../lib/discovery/inventory.ts";
import { discover } from "../../lib/discovery/mod.ts";
import { PCI_IDS } from "../../lib/discovery/pci_ids.generated.ts";
import type { Gpu } from "../../lib/gpu/gpu.ts";
import { renderInventory } from "../../lib/render/inventory.ts";
import { styleFor } from "../../lib/render/style.ts";
import { renderTopology } from "../../lib/render/topology.ts";
import { Sysroot } from "../../lib/sysfs/sysroot.ts";
import { DUMPS, Tree } from "../sysfs/tree.ts";

const ROUNDS = 2000;

/** Mulberry32: a small generator with a seed, so that a failure can be repeated. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

class Chance {
  readonly #next: () => number;
  constructor(seed: number) {
    this.#next = generator(seed);
  }
  below(limit: number): number {
    return Math.floor(this.#next() * limit);
  }
  of<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    assert.ok(item !== undefined);
    return item;
  }
  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256));
  }
}

const encode = (text: string) => new TextEncoder().encode(text);

/** What may become of a file; `outside` is a directory that is not the dump's. */
const DAMAGES: readonly ((path: string, chance: Chance, outside: string) => void)[] = [
  (path) => Deno.removeSync(path),
  (path) => Deno.writeFileSync(path, new Uint8Array()),
  (path, chance) => Deno.writeFileSync(path, chance.bytes(1 + chance.below(64))),
  (path, chance) => Deno.writeFileSync(path, chance.bytes(4096)),
  (path, chance) => {
    const padded = new Uint8Array(4096);
    padded.set(Deno.readFileSync(path).subarray(0, 1 + chance.below(4096)));
    Deno.writeFileSync(path, padded);
  },
  (path, chance) =>
    Deno.writeFileSync(
      path,
      encode(
        chance.of([
          "18446744073709551615",
          "9007199254740993",
          "99999999999999999999999999",
          "0xffffffffffffffff",
          "1e308",
          "-1",
          "-9223372036854775808",
          "NaN",
          "Infinity",
          "0",
          "65536",
          "4294967295",
          "1125899906842625",
          "0x0",
          "١٢٣",
          "12 34",
          "12\n34",
          "\x1b[31m12",
          "12\0\0\n34",
          "  7  ",
        ]) + "\n",
      ),
    ),
  (path, chance) => Deno.writeFileSync(path, encode(`${chance.below(10 ** 9)}\n`)),
  (path) => Deno.writeFileSync(path, encode("7".repeat(100_000))),
  (path, chance) => {
    // Cut short, as on a full disk.
    const whole = Deno.readFileSync(path);
    Deno.writeFileSync(path, whole.subarray(0, chance.below(whole.length + 1)));
  },
  (path) => {
    Deno.removeSync(path);
    Deno.symlinkSync(basename(path), path);
  },
  (path) => {
    Deno.removeSync(path);
    Deno.symlinkSync(`loop-${basename(path)}`, path);
    Deno.symlinkSync(basename(path), join(dirname(path), `loop-${basename(path)}`));
  },
  (path, _chance, outside) => {
    Deno.removeSync(path);
    Deno.symlinkSync(`${outside}/number`, path);
  },
  (path, _chance, outside) => {
    Deno.removeSync(path);
    Deno.symlinkSync(`${"../".repeat(24)}${outside.slice(1)}/number`, path);
  },
  (path, chance) => {
    Deno.removeSync(path);
    Deno.symlinkSync(chance.of(["..", ".", "/", "/sys/devices", "../..", "x\n7"]), path);
  },
  (path) => {
    Deno.removeSync(path);
    Deno.mkdirSync(path);
    Deno.writeFileSync(join(path, "4242"), encode("4242"));
  },
  (path, _chance, outside) => {
    // Reading it would block for ever.
    Deno.removeSync(path);
    Deno.linkSync(`${outside}/fifo`, path);
  },
  (path, chance) => Deno.writeFileSync(path, encode(`${"../".repeat(chance.below(9))}sys/bus`)),
];

/** One dump that is damaged and mended again, over and over. */
class Patient {
  readonly #files = new Map<string, Uint8Array>();
  readonly directory: string;

  constructor(dump: string, directory: string) {
    this.directory = directory;
    const copy = (from: string, to: string) => {
      Deno.mkdirSync(to, { recursive: true });
      for (const entry of Deno.readDirSync(from)) {
        const [source, target] = [join(from, entry.name), join(to, entry.name)];
        if (entry.isDirectory) {
          copy(source, target);
        } else {
          this.#files.set(target, Deno.readFileSync(source));
          Deno.writeFileSync(target, this.#files.get(target) ?? new Uint8Array());
        }
      }
    };
    copy(dump, directory);
  }

  /** Damages some files, or a whole directory, and returns how to mend them. */
  damage(chance: Chance, outside: string): () => void {
    const paths = [...this.#files.keys()];
    if (chance.below(12) === 0) {
      const lost = dirname(chance.of(paths));
      Deno.renameSync(lost, `${this.directory}.lost`);
      return () => Deno.renameSync(`${this.directory}.lost`, lost);
    }
    // Half of the time a file that mvgal is sure to read: most of a dump's are not.
    const read = paths.filter((path) => READ.test(path));
    const hurt = new Set<string>();
    for (let i = 1 + chance.below(4); i > 0; i--) {
      hurt.add(chance.of(chance.below(2) === 0 ? read : paths));
    }
    for (const path of hurt) chance.of(DAMAGES)(path, chance, outside);
    return () => {
      for (const path of hurt) {
        for (const left of [path, join(dirname(path), `loop-${basename(path)}`)]) {
          try {
            Deno.removeSync(left, { recursive: true });
          } catch {
            // It was removed, or has no loop beside it.
          }
        }
        Deno.writeFileSync(path, this.#files.get(path) ?? new Uint8Array());
      }
    };
  }
}

const READ =
  /\/(vendor|device|class|revision|subsystem_\w+|driver|uevent|numa_node|local_cpulist|resource|\w+_link_\w+|mem_info_\w+|gpu_busy_percent|pp_dpm_pcie|runtime_status|temp\d+_\w+|name|dev|card\d+|hwmon\d+|\d{4}:\w\w:\w\w\.\d)$/;

/** A file of the tree: its path and its bytes, or the target of a link. */
interface Exhibit {
  path: string;
  text: string;
}

/** All files and links below a directory; links are not followed. */
function exhibits(directory: string, below = ""): Exhibit[] {
  const found: Exhibit[] = [];
  for (const entry of Deno.readDirSync(directory)) {
    const full = join(directory, entry.name);
    const path = `${below}/${entry.name}`;
    if (entry.isSymlink) found.push({ path, text: Deno.readLinkSync(full) });
    else if (entry.isDirectory) found.push({ path, text: "" }, ...exhibits(full, path));
    else if (entry.isFile) {
      found.push({ path, text: new TextDecoder("latin1").decode(Deno.readFileSync(full)) });
    } else found.push({ path, text: "" });
  }
  return found;
}

/** Text up to the NULs that fill the rest of it. */
function stripped(text: string): string {
  let end = text.length;
  while (end > 0 && text[end - 1] === "\0") end--;
  return text.slice(0, end).trim();
}

/** The figures that a file of such a name can hold, by the kernel's documentation. */
const HOLDERS: Record<string, { file: RegExp; figures: (text: string) => number[] }> = {};

const whole = (text: string) => {
  const value = stripped(text);
  return /^(\d+|0x[0-9a-f]+)$/i.test(value) ? [Number(value)] : [];
};
const generations = (text: string) =>
  [...text.matchAll(/\b(\d{1,3}(?:\.\d)?) ?GT\/s/g)].flatMap(([, speed]) => {
    const generation = ["2.5", "5", "8", "16", "32", "64", "128"]
      .findIndex((known) => Number(known) === Number(speed));
    return generation < 0 ? [] : [generation + 1];
  });
const lanes = (text: string) => [
  ...whole(text),
  ...[...text.matchAll(/, x(\d{1,3})/g)].map(([, width]) => Number(width)),
];
const regions = (text: string) =>
  text.split("\n").flatMap((line) => {
    const [start, end] = line.split(" ").map((word) =>
      /^0x[0-9a-f]+$/i.test(word) ? BigInt(word) : 0n
    );
    return start && end ? [Number(end - start + 1n)] : [];
  });

const LINK = /(current|max)_link_(speed|width)$|pp_dpm_pcie$/;
Object.assign(HOLDERS, {
  vram_total_bytes: { file: /mem_info_vram_total$/, figures: whole },
  vram_used_bytes: { file: /mem_info_vram_used$/, figures: whole },
  vram_visible_bytes: {
    file: /mem_info_(vis_)?vram_total$|resource$/,
    figures: (text: string) => [...whole(text), ...regions(text)],
  },
  temperature_c: {
    file: /hwmon\d+\/temp\d+_input$/,
    figures: (text: string) =>
      whole(text.replace(/^-/, "")).map((milli) => (text.startsWith("-") ? -milli : milli) / 1000),
  },
  utilization_pct: { file: /gpu_busy_percent$/, figures: whole },
  numa_node: { file: /numa_node$/, figures: whole },
  pcie_link_gen: { file: LINK, figures: generations },
  pcie_link_gen_max: { file: LINK, figures: generations },
  pcie_link_width: { file: LINK, figures: lanes },
  pcie_link_width_max: { file: LINK, figures: lanes },
});

/** Facts that are text, and the files of which they must be the content. */
const CONTENTS: Partial<Record<keyof Gpu, RegExp>> = {
  vendor_id: /\/vendor$/,
  device_id: /\/device$/,
  subsystem_vendor_id: /subsystem_vendor$/,
  subsystem_device_id: /subsystem_device$/,
  revision: /revision$/,
  class_code: /class$/,
  local_cpus: /local_cpulist$/,
  power_state: /runtime_status$/,
};

/** Facts that name a file or a link. */
const NAMES: (keyof Gpu)[] = ["pci_slot", "drm_node", "render_node", "hwmon", "pcie_link_at"];

function checkGpu(gpu: Gpu, found: readonly Exhibit[], where: string): void {
  for (const [fact, value] of Object.entries(gpu)) {
    if (typeof value !== "number") continue;
    if (fact === "index") continue;
    const holder = HOLDERS[fact];
    assert.ok(holder, `${where}: no rule for the figure ${fact}`);
    const held = found.some(({ path, text }) =>
      holder.file.test(path) && holder.figures(text).includes(value)
    );
    const note = `${where}: ${fact} is ${value}, which no file holds (${
      gpu.sources[fact as "name"]
    })`;
    assert.ok(held, note);
  }
  for (const [fact, file] of Object.entries(CONTENTS)) {
    const value = gpu[fact as keyof Gpu];
    if (value === null) continue;
    const held = found.some(({ path, text }) => {
      const content = stripped(text);
      return file.test(path) && (content === value || Number(content) === Number(value));
    });
    assert.ok(held, `${where}: ${fact} is ${value}, which no file holds`);
  }
  for (const fact of NAMES) {
    const value = gpu[fact];
    if (typeof value !== "string") continue;
    const named = found.some(({ path }) => basename(path) === basename(value));
    assert.ok(named, `${where}: ${fact} is ${value}, which no file is called`);
  }
  if (gpu.driver !== null) {
    const linked = found.some(({ path, text }) =>
      path.endsWith("/driver") && basename(stripped(text)) === gpu.driver
    );
    assert.ok(linked, `${where}: driver is ${gpu.driver}`);
  }
  if (gpu.name !== null) {
    const model = gpu.name.split(" ").slice(1).join(" ");
    const listed = `${PCI_IDS}${AMDGPU_IDS}`.includes(model) ||
      found.some(({ text }) => text.includes(gpu.name ?? ""));
    assert.ok(listed, `${where}: name is ${gpu.name}`);
  }
  assert.equal(gpu.sriov?.total_vfs ?? null, null, where);
  assert.equal(gpu.iommu_group, null, where);
  assert.deepEqual(gpu.apis, {}, where);
  for (const [fact, value] of Object.entries(gpu)) {
    if (value === null) assert.ok(gpu.absent[fact as "name"], `${where}: no reason for ${fact}`);
  }
}

function checkDocument(
  document: InventoryDocument,
  found: readonly Exhibit[],
  where: string,
): void {
  const { gpus, other_devices: others, logical_device: logical, topology, sources } = document;
  const devices = [...gpus, ...others];
  devices.forEach((gpu, index) => {
    assert.equal(gpu.index, index, where);
    checkGpu(gpu, found, where);
  });
  // No more devices than the dump has directories that could be one.
  const places = new Set(
    found.map(({ path }) => basename(path)).filter((name) => /^(card\d+|.*:.*\.\d)$/.test(name)),
  );
  assert.ok(devices.length <= places.size, `${where}: ${devices.length} devices`);
  assert.equal(document.gpu_count, gpus.length, where);
  assert.equal(logical.gpu_count, gpus.length, where);
  const known = gpus.map((gpu) => gpu.vram_total_bytes).filter((bytes) => bytes !== null);
  const sum = known.length === 0 ? null : known.reduce((total, bytes) => total + bytes, 0);
  assert.equal(logical.vram_total_bytes, sum, where);
  for (const source of sources) assert.ok(source.devices <= places.size, where);
  assert.ok(
    sources.every(({ state }) => state !== "failed"),
    `${where}: ${JSON.stringify(sources)}`,
  );
  // Nothing else of the document is a number.
  const rest = { ...document, gpus: [], other_devices: [], sources: [], logical_device: null };
  assert.doesNotMatch(
    JSON.stringify({ ...rest, gpu_count: null, topology: topology.pairs }),
    /:\s*-?\d/,
    where,
  );
}

function checkText(document: InventoryDocument, where: string): void {
  const how = { style: styleFor(false), columns: 80 };
  const gpus = [...document.gpus, ...document.other_devices];
  const text = renderInventory(document, { ...how, apis: true }) +
    renderTopology(document.topology, gpus, how);
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(text, /[\x00-\x09\x0b-\x1f\x7f-\x9f]/, where);
}

Deno.test(`discover() makes nothing up of ${ROUNDS} damaged dumps, and fails for none`, () => {
  using outside = new Tree({ number: "123454321" });
  const made = new Deno.Command("mkfifo", { args: [`${outside.directory}/fifo`] }).outputSync();
  assert.ok(made.success);
  using work = new Tree();
  const patients = [...Deno.readDirSync(DUMPS)].filter((entry) => entry.isDirectory)
    .map(({ name }) => ({ name, patient: new Patient(DUMPS + name, join(work.directory, name)) }));
  let altered = 0;
  for (let seed = 1; seed <= ROUNDS; seed++) {
    const { name, patient } = patients[seed % patients.length] ?? assert.fail();
    const where = `seed ${seed}, ${name}`;
    const mend = patient.damage(new Chance(seed), outside.directory);
    try {
      const document = inventoryDocument(discover({ sysroot: new Sysroot(patient.directory) }));
      const found = exhibits(patient.directory);
      checkDocument(JSON.parse(JSON.stringify(document)), found, where);
      checkText(document, where);
      if (document.gpu_count !== 1 || Object.keys(document.gpus[0]?.absent ?? {}).length > 12) {
        altered++;
      }
    } finally {
      mend();
    }
  }
  // The damage has to matter: with files that nobody reads, nothing would be tested.
  assert.ok(altered > ROUNDS / 10, `${altered} rounds changed the inventory`);
});
