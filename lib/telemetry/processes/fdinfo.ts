/**
 * The text of `/proc/PID/fdinfo/FD` of a GPU's device file. Pure and total: what is no such text, or no such
 * value, is left out.
 *
 * Format: the kernel's Documentation/gpu/drm-usage-stats.rst. amdgpu of Linux 5.14 to 5.18 wrote keys of its
 * own (`drivers/gpu/drm/amd/amdgpu/amdgpu_fdinfo.c` of those versions).
 *
 * @module
 */

/** What a client's use of one engine is told by. Counters run from when the client opened the device. */
export interface EngineCounters {
  /** Time in which the engine worked for the client, in ns. */
  ns?: number;
  /** The same in ticks of a clock of the GPU's. */
  cycles?: number;
  /** All ticks of that clock. */
  total_cycles?: number;
  /** How many engines of this name there are; they count together. 1 where the driver is silent. */
  capacity: number;
  /** The engine's highest clock rate. */
  max_hz?: number;
}

/** A client's buffers in one region of memory, in bytes. */
export interface RegionBytes {
  /** Allocated, whether or not there is memory behind. */
  total?: number;
  /** Of the total, what others can reach too. */
  shared?: number;
  /** What occupies memory in this region. */
  resident?: number;
  /** Of the total, what the GPU is working with. */
  active?: number;
  /** Of the resident, what can be dropped. */
  purgeable?: number;
}

/** What is told of one open device file. */
export interface Fdinfo {
  /** The driver, e.g. `amdgpu`; null only while the text is read. */
  driver: string | null;
  /** PCI address as the kernel writes it, `0000:03:00.0`; null for devices that are not on PCI. */
  pdev: string | null;
  /** What tells this client from others of the same device, `id 17`; null where the driver does not say. */
  client: string | null;
  /** By the driver's names of engines: `gfx`, `rcs`. */
  engines: Map<string, EngineCounters>;
  /** Shares of 100 of the driver's own reckoning, by engine: of amdgpu of Linux 5.14 to 5.18. */
  shares: Map<string, number>;
  /** By the driver's names of regions: `vram`, `system0`. */
  memory: Map<string, RegionBytes>;
}

const BYTES: Readonly<Record<string, number>> = {
  "": 1,
  kB: 2 ** 10,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
};

const HERTZ: Readonly<Record<string, number>> = { "": 1, Hz: 1, KHz: 1e3, kHz: 1e3, MHz: 1e6 };

const TIME: Readonly<Record<string, number>> = { "": 1, ns: 1 };

const COUNT: Readonly<Record<string, number>> = { "": 1 };

/** Names of engines and regions. A dump may hold anything, and names are shown. */
const NAME = /^[\w.-]{1,32}$/;

/** Counters are 64 bits wide. */
const MAX = 2 ** 64;

/** An unsigned integer with one of some units, times the unit; undefined for anything else. */
function quantity(value: string, units: Readonly<Record<string, number>>): number | undefined {
  const parts = /^(\d{1,20})(?:[ \t]*([A-Za-z]+))?$/.exec(value);
  if (parts === null) return undefined;
  const unit = parts[2] ?? "";
  const factor = Object.hasOwn(units, unit) ? units[unit] : undefined;
  const number = factor === undefined ? NaN : Number(parts[1]) * factor;
  return number <= MAX ? number : undefined;
}

/**
 * Keys of the form PREFIX-NAME, by prefix. A longer prefix stands before one that it begins with:
 * `drm-total-cycles-rcs` is no region `cycles-rcs`.
 */
const ENGINE_KEYS: readonly {
  prefix: string;
  field: keyof EngineCounters;
  units: Readonly<Record<string, number>>;
}[] = [
  { prefix: "drm-engine-capacity-", field: "capacity", units: COUNT },
  { prefix: "drm-engine-", field: "ns", units: TIME },
  { prefix: "drm-total-cycles-", field: "total_cycles", units: COUNT },
  { prefix: "drm-cycles-", field: "cycles", units: COUNT },
  { prefix: "drm-maxfreq-", field: "max_hz", units: HERTZ },
];

const REGION_KEYS: readonly { prefix: string; field: keyof RegionBytes }[] = [
  { prefix: "drm-total-", field: "total" },
  { prefix: "drm-shared-", field: "shared" },
  { prefix: "drm-resident-", field: "resident" },
  // The same figure under its older name. Both stand in one file, and are never added up.
  { prefix: "drm-memory-", field: "resident" },
  { prefix: "drm-active-", field: "active" },
  { prefix: "drm-purgeable-", field: "purgeable" },
];

/** `vram mem: 1234 kB` of the older amdgpu. */
const OLD_MEMORY = /^(vram|gtt|cpu) mem$/;

/** `gfx0: 12.5%` of the older amdgpu: an engine's name, the number of a ring, and a share. */
const OLD_SHARE_KEY = /^(gfx|compute|dma|dec|enc|enc_1|jpeg)(\d{1,2})$/;
const OLD_SHARE = /^(\d{1,9})\.(\d{1,2})%$/;

/**
 * Reads what the kernel tells of an open file.
 *
 * @returns undefined for a file that no GPU driver tells of: another kind of file, or a driver that is
 * silent.
 */
export function parseFdinfo(text: string): Fdinfo | undefined {
  const info: Fdinfo = {
    driver: null,
    pdev: null,
    client: null,
    engines: new Map(),
    shares: new Map(),
    memory: new Map(),
  };
  for (let start = 0; start < text.length;) {
    const newline = text.indexOf("\n", start);
    const end = newline < 0 ? text.length : newline;
    const colon = text.indexOf(":", start);
    if (colon > start && colon < end) {
      note(info, text.slice(start, colon), text.slice(colon + 1, end).trim());
    }
    start = end + 1;
  }
  // The keys without a prefix are amdgpu's alone, which did not write its name then.
  if (info.pdev !== null && info.client !== null) info.driver ??= "amdgpu";
  return info.driver === null ? undefined : info;
}

function note(info: Fdinfo, key: string, value: string): void {
  if (key.startsWith("drm-")) noteStandard(info, key, value);
  else noteOld(info, key, value);
}

function noteStandard(info: Fdinfo, key: string, value: string): void {
  switch (key) {
    case "drm-driver":
      if (value !== "") info.driver = value;
      return;
    case "drm-pdev":
      if (value !== "") info.pdev = value.toLowerCase();
      return;
    case "drm-client-id":
      if (/^\d{1,20}$/.test(value)) info.client = `id ${value}`;
      return;
  }
  for (const { prefix, field, units } of ENGINE_KEYS) {
    if (!key.startsWith(prefix)) continue;
    const number = quantity(value, units);
    if (number !== undefined) noteEngine(info, key.slice(prefix.length), field, number);
    return;
  }
  for (const { prefix, field } of REGION_KEYS) {
    if (!key.startsWith(prefix)) continue;
    const bytes = quantity(value, BYTES);
    if (bytes !== undefined) noteRegion(info, key.slice(prefix.length), field, bytes);
    return;
  }
}

function noteEngine(
  info: Fdinfo,
  name: string,
  field: keyof EngineCounters,
  value: number,
): void {
  // A capacity of 0 is not allowed; "the absence of this tag" is a capacity of one.
  if (!NAME.test(name) || (field === "capacity" && value === 0)) return;
  const engine = info.engines.get(name) ?? { capacity: 1 };
  engine[field] = value;
  info.engines.set(name, engine);
}

function noteRegion(
  info: Fdinfo,
  name: string,
  field: keyof RegionBytes,
  bytes: number,
): void {
  if (!NAME.test(name)) return;
  const region = info.memory.get(name) ?? {};
  region[field] = Math.max(region[field] ?? 0, bytes);
  info.memory.set(name, region);
}

function noteOld(info: Fdinfo, key: string, value: string): void {
  if (key === "pdev") {
    if (value !== "") info.pdev ??= value.toLowerCase();
    return;
  }
  if (key === "pasid") {
    // Newer kernels print it too, beside the client's number.
    if (/^\d{1,10}$/.test(value)) info.client ??= `pasid ${value}`;
    return;
  }
  const region = OLD_MEMORY.exec(key)?.[1];
  if (region !== undefined) {
    const bytes = quantity(value, BYTES);
    if (bytes !== undefined) noteRegion(info, region, "resident", bytes);
    return;
  }
  const engine = OLD_SHARE_KEY.exec(key)?.[1];
  const share = engine === undefined ? null : OLD_SHARE.exec(value);
  if (engine === undefined || share === null) return;
  // The kernel writes hundredths without a leading zero: 12.5% is 12.05.
  const percent = Number(share[1]) + Number(share[2]) / 100;
  // Rings of one engine work side by side: the busiest stands for it.
  info.shares.set(engine, Math.max(info.shares.get(engine) ?? 0, percent));
}
