/**
 * The file of a group: limits that several programs share, and what each of them uses.
 *
 * A program takes a slot and writes to that alone. Who is about to allocate takes the lock of the file
 * (flock(2)), sums up what living programs use, and allocates where the limit allows it; the slots of
 * programs that ended count no more, and the next program takes them. Nobody maps the file: see
 * docs/sessions.md.
 *
 * @module
 */

import type { GpuId } from "../gpu/gpu.ts";
import { field, RecordView } from "./fixed_layout.ts";
import { GPU_ROWS, GROUP, GROUP_MAGIC, GROUP_SLOTS, LAYOUT_VERSION, NO_LIMIT } from "./layout.ts";

/** Size of a group's file, in bytes. */
export const GROUP_BYTES: number = GROUP.size;

/** A limit of one GPU. */
export interface GroupLimit {
  gpu: GpuId;
  /** Of all programs together, in bytes; null for no limit. */
  memory_limit_bytes: bigint | null;
  /** Share of the time of all programs together, 1 to 100. */
  compute_pct: number;
}

/** What one program of a group uses. */
export interface GroupMember {
  /** Which slot it has. */
  slot: number;
  pid: number;
  /** Field 22 of `/proc/PID/stat`: clock ticks since boot. */
  start_time: string;
  /** Bytes allocated now, by GPU, in the order of the limits; null where the file holds an impossible one. */
  used_bytes: (number | null)[];
}

/** A group. */
export interface Group {
  limits: GroupLimit[];
  members: GroupMember[];
}

/** What bytes are. */
export type GroupReading = { state: "group"; group: Group } | { state: "none"; reason: string };

/** Which names groups may have: they are those of files. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

/**
 * Checks the name of a group.
 *
 * @throws {RangeError} for one that could be another file's; one line.
 */
export function parseGroupName(text: string): string {
  if (NAME.test(text)) return text;
  throw new RangeError(
    `'${text}' is no name of a group: write 1 to 64 letters, digits, '_', '-' and '.', a letter or digit first`,
  );
}

/**
 * The file of a new group, without programs.
 *
 * @throws {RangeError} for more GPUs than there are rows, an id that does not fit, or a value out of range.
 */
export function encodeGroup(limits: readonly GroupLimit[]): Uint8Array<ArrayBuffer> {
  if (limits.length > GPU_ROWS) {
    throw new RangeError(`a group has ${limits.length} GPUs: there is room for ${GPU_ROWS}`);
  }
  const view = new RecordView(GROUP, new Uint8Array(GROUP_BYTES));
  view.setU64("magic", GROUP_MAGIC);
  view.setU32("layout_version", LAYOUT_VERSION);
  view.setU32("file_bytes", GROUP_BYTES);
  view.setU32("gpu_count", limits.length);
  limits.forEach((limit, i) => {
    const row = view.at("gpus", i);
    const wrong = wrongLimit(limit);
    if (wrong !== undefined) throw new RangeError(wrong);
    row.setText("id", limit.gpu);
    row.setU64("memory_limit_bytes", limit.memory_limit_bytes ?? NO_LIMIT);
    row.setU32("compute_pct", limit.compute_pct);
  });
  return view.bytes;
}

function wrongLimit(
  { gpu, memory_limit_bytes: bytes, compute_pct }: GroupLimit,
): string | undefined {
  if (gpu === "") return "a limit has no GPU";
  if (bytes !== null && (bytes < 0n || bytes >= NO_LIMIT)) {
    return `memory limit ${bytes} of ${gpu} is no number of bytes`;
  }
  return Number.isInteger(compute_pct) && compute_pct >= 1 && compute_pct <= 100
    ? undefined
    : `share of time ${compute_pct} of ${gpu} is not 1 to 100`;
}

/** Parses the bytes of a group's file. Total: whatever stands there. */
export function parseGroup(bytes: Uint8Array<ArrayBuffer>): GroupReading {
  const none = (reason: string): GroupReading => ({ state: "none", reason });
  if (bytes.length !== GROUP_BYTES) {
    return none(`it has ${bytes.length} bytes, not ${GROUP_BYTES}`);
  }
  const view = new RecordView(GROUP, bytes);
  if (view.u64("magic") !== GROUP_MAGIC) return none("it does not begin as a group does");
  if (view.u32("layout_version") !== LAYOUT_VERSION) {
    return none(
      `its layout is ${view.u32("layout_version")}, and this mvgal knows ${LAYOUT_VERSION}`,
    );
  }
  const count = view.u32("gpu_count");
  if (count > GPU_ROWS) return none(`it has ${count} GPUs: there are ${GPU_ROWS} rows`);
  const limits: GroupLimit[] = [];
  for (let i = 0; i < count; i++) {
    const row = view.at("gpus", i);
    const bytes = row.u64("memory_limit_bytes");
    const limit = {
      gpu: row.text("id") ?? "",
      memory_limit_bytes: bytes === NO_LIMIT ? null : bytes,
      compute_pct: row.u32("compute_pct"),
    };
    const wrong = wrongLimit(limit);
    if (wrong !== undefined) return none(wrong);
    if (limits.some(({ gpu }) => gpu === limit.gpu)) return none(`it names ${limit.gpu} twice`);
    limits.push(limit);
  }
  return { state: "group", group: { limits, members: membersOf(view, count) } };
}

function membersOf(view: RecordView, gpuCount: number): GroupMember[] {
  const members: GroupMember[] = [];
  for (let slot = 0; slot < GROUP_SLOTS; slot++) {
    const row = view.at("slots", slot);
    const pid = row.u32("pid");
    if (pid === 0 || pid > 0x7fff_ffff) continue;
    const used_bytes = Array.from({ length: gpuCount }, (_, gpu) => {
      const used = row.u64("used_bytes", gpu);
      return used <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(used) : null;
    });
    members.push({ slot, pid, start_time: String(row.u64("start_time")), used_bytes });
  }
  return members;
}

/** What a group uses of a GPU. */
export interface GroupUse {
  /** By programs that live, in bytes; null where one of them says something impossible. */
  used_bytes: number | null;
  /** What is left below the limit, in bytes; null where there is no limit, or the use is unknown. */
  free_bytes: bigint | null;
}

/**
 * What the living programs of a group use, by GPU, in the order of the limits.
 *
 * @param startTime when a process started; undefined where there is none.
 */
export function groupUse(
  { limits, members }: Group,
  startTime: (pid: number) => string | undefined,
): GroupUse[] {
  const living = members.filter(({ pid, start_time }) => startTime(pid) === start_time);
  return limits.map(({ memory_limit_bytes: limit }, gpu) => {
    const used = living.reduce<number | null>(
      (sum, { used_bytes }) => {
        const its = used_bytes[gpu] ?? null;
        return sum === null || its === null ? null : sum + its;
      },
      0,
    );
    if (limit === null || used === null) return { used_bytes: used, free_bytes: null };
    const free = limit - BigInt(used);
    return { used_bytes: used, free_bytes: free > 0n ? free : 0n };
  });
}

/** A number to be written at a place of the file: in one call, so that who reads sees all of it. */
export interface GroupWrite {
  at: number;
  bytes: Uint8Array<ArrayBuffer>;
}

/**
 * The writes that change the limits of a group whose GPUs stay: each is of one number that lies at a
 * multiple of its size.
 *
 * @throws {RangeError} where the GPUs are others, or a value is out of range.
 */
export function limitWrites(
  before: readonly GroupLimit[],
  after: readonly GroupLimit[],
): GroupWrite[] {
  if (before.length !== after.length || before.some(({ gpu }, i) => gpu !== after[i]?.gpu)) {
    throw new RangeError("a group keeps its GPUs: make another group for others");
  }
  const file = encodeGroup(after);
  const old = encodeGroup(before);
  const rows = field(GROUP, "gpus");
  if (typeof rows.type !== "object") return [];
  const { fields, size } = rows.type;
  return after.flatMap((_, i) =>
    fields.filter(({ type }) => type === "u32" || type === "u64").flatMap((each) => {
      const at = rows.offset + i * size + each.offset;
      const bytes = file.slice(at, at + each.size);
      const isSame = bytes.every((byte, k) => byte === old[at + k]);
      return isSame ? [] : [{ at, bytes }];
    })
  );
}
