/**
 * The queues that fences are submitted to, and the ways between them.
 *
 * @module
 */

import { SEMAPHORE_FD_EXTENSION, semaphoreSharing } from "../../ffi/vulkan/external_semaphore.ts";
import { VulkanError } from "../../ffi/vulkan/loader.ts";
import { type FenceBridge, fenceBridge, HostRelay, needsSubmittedSignals } from "./fence_bridge.ts";
import { FenceLine, type FenceMember, type LinePoint } from "./fence_line.ts";
import { ProbeDevices, probeFenceWay } from "./fence_probe.ts";
import { FenceSubmission, type SubmissionPart, type SubmissionState } from "./fence_submission.ts";
import {
  type FenceEnd,
  type FenceWay,
  type FenceWayOption,
  fenceWayOptions,
} from "./fence_ways.ts";

const PATIENCE_MS = 30_000;

/** How fences are made. */
export interface PoolFencesOptions {
  /** The ways that may be taken; `held_back` always may. All by default. */
  ways?: readonly FenceWay[];
  /** Whether timeline semaphores are used where a device has them: true by default. */
  timelineSemaphores?: boolean;
  /**
   * For how long a queue may make no progress on a fence that it could reach before its device counts as
   * hung, in ms: 30,000 by default. What runs longer at a stretch needs more.
   */
  patienceMs?: number;
}

/** The way in which one member's queue waits for another's. Members by their positions in the pool. */
export interface FencePair {
  from: number;
  to: number;
  way: FenceWay;
  /** Better ways, each with the reason that it is not taken. */
  refused: { way: FenceWay; reason: string }[];
}

/** A pair with what carries its waits. */
interface Connection {
  pair: FencePair;
  bridge: FenceBridge;
}

/** One member's queue. */
interface Lane {
  line: FenceLine;
  /** What the queue waits for, and what it waited for that is lost without anybody's knowledge. */
  before: FenceSubmission[];
  relay: HostRelay | undefined;
}

/** Which way is looked for, and on what devices it is tried. */
interface Choice {
  byHost?: boolean;
  devices?: ProbeDevices;
}

/** What is to be known of a line for the choice of a way. */
function endOf({ name, member: { device, queue }, timeline }: FenceLine): FenceEnd {
  const { uuid, driverUuid, extensions } = device.physical;
  return {
    name,
    queue: queue.handle,
    device: device.handle,
    uuid,
    driverUuid,
    timelines: timeline !== undefined,
    hasFds: extensions.has(SEMAPHORE_FD_EXTENSION),
    exports: (handle, kind) => semaphoreSharing(device, handle, kind).exportable,
    imports: (handle, kind) => semaphoreSharing(device, handle, kind).importable,
  };
}

/** Whether a way is sound without a trial: no driver has a part in it. */
const needsNoTrial = (way: FenceWay) => way === "queue_order" || way === "held_back";

/** Whether the host waits for the whole of a fence. */
const isByHost = (way: FenceWay) => way === "host_relay" || way === "held_back";

/** What all fences of a pool share. */
export class FenceHub {
  readonly members: readonly FenceMember[];
  readonly #lanes = new Map<number, Lane>();
  readonly #allowed: ReadonlySet<FenceWay> | undefined;
  readonly #timelines: boolean;
  readonly #patienceMs: number;
  readonly #connections = new Map<string, Promise<Connection>>();
  readonly #known: Connection[] = [];
  /** What runs on other threads or later, and uses what {@linkcode close} destroys. */
  readonly #running = new Set<Promise<unknown>>();
  /** What the host has begun, and not brought to an end. */
  readonly #ofHost = new Set<FenceSubmission>();
  #closed = false;

  constructor(members: readonly FenceMember[], options: PoolFencesOptions) {
    const { ways, timelineSemaphores = true, patienceMs = PATIENCE_MS } = options;
    this.members = members;
    this.#allowed = ways && new Set<FenceWay>([...ways, "held_back"]);
    this.#timelines = timelineSemaphores;
    this.#patienceMs = patienceMs;
    using undo = new DisposableStack();
    for (const member of members) {
      const { index } = member;
      if (this.#lanes.has(index)) throw new RangeError(`two members of a pool have index ${index}`);
      const line = undo.adopt(new FenceLine(member, timelineSemaphores), (each) => each.dispose());
      this.#lanes.set(index, { line, before: [], relay: undefined });
    }
    undo.move();
  }

  /** @throws {Error} once the pool is closed. */
  open(): void {
    if (this.#closed) throw new Error("the pool's fences are disposed: create them anew");
  }

  #lane(index: number): Lane {
    const lane = this.#lanes.get(index);
    if (lane !== undefined) return lane;
    throw new RangeError(`fences: the pool has no member ${index}`);
  }

  /** Marks a point on the queue of each member. */
  submit(indices: readonly number[]): FenceSubmission {
    this.open();
    const lanes = indices.map((index) => this.#lane(index));
    const parts: SubmissionPart[] = [];
    for (const { line, before } of lanes) {
      const point = this.#mark(line);
      if (point === undefined) {
        return FenceSubmission.lost(`${line.name} is lost: ${line.lost}`);
      }
      parts.push({ line, point, after: before.filter(matters) });
    }
    for (const lane of lanes) lane.before = lane.before.filter(matters);
    return new FenceSubmission(parts, this.#patienceMs);
  }

  /** Begins what the host brings to an end. */
  begin(): FenceSubmission {
    this.open();
    const submission = FenceSubmission.byHost();
    this.#ofHost.add(submission);
    submission.settled(Infinity).then(() => this.#ofHost.delete(submission));
    return submission;
  }

  /** A point; undefined where the device is lost. */
  #mark(line: FenceLine): LinePoint | undefined {
    if (line.lost !== undefined) return undefined;
    try {
      return line.mark();
    } catch (error) {
      if (!isLoss(error)) throw error;
      line.lose(error.message);
      return undefined;
    }
  }

  /** Waits for a submission, such that the pool is not closed meanwhile. */
  settled(submission: FenceSubmission, limitMs: number): Promise<SubmissionState> {
    return this.#run(submission.settled(limitMs));
  }

  async #run<T>(work: Promise<T>): Promise<T> {
    this.#running.add(work);
    try {
      return await work;
    } finally {
      this.#running.delete(work);
    }
  }

  /** Lets a queue wait for a submission; gives the ways, none where nothing is waited for. */
  waitOn(submission: FenceSubmission, index: number): Promise<FenceWay[]> {
    this.open();
    return this.#run(this.#waitOn(submission, this.#lane(index)));
  }

  async #waitOn(submission: FenceSubmission, to: Lane): Promise<FenceWay[]> {
    const ways: FenceWay[] = [];
    if (submission.isOfHost) {
      // What the host has still to do for it may be for this very queue, which would wait for itself.
      await submission.settled(Infinity);
      ways.push("held_back");
    }
    // As it may be settled, and its parts gone, before a way is found.
    const { parts } = submission;
    const found = await Promise.all(
      parts.map(({ line }) => this.#connection(line.member.index, to.line.member.index)),
    );
    to.before = [...to.before, submission].filter(matters);
    let byHost = false;
    for (const [i, { point }] of parts.entries()) {
      const connection = await this.#usable(found[i]);
      if (connection === undefined) continue;
      const { way } = connection.pair;
      // The host waits for the whole: once is enough, and not at all where it is over.
      if (isByHost(way) && (byHost || !isPending(submission))) continue;
      byHost ||= isByHost(way);
      await this.#insert(connection, point, submission);
      if (!ways.includes(way)) ways.push(way);
    }
    return ways;
  }

  /** The connection itself, or the host's where this one cannot be used now. */
  async #usable(connection: Connection | undefined): Promise<Connection | undefined> {
    if (connection === undefined || !needsSubmittedSignals(connection.pair.way)) return connection;
    const isOpen = [...this.#lanes.values()].some(({ relay }) => relay?.isOpen);
    if (!isOpen) return connection;
    return await this.#connection(connection.pair.from, connection.pair.to, { byHost: true });
  }

  async #insert(connection: Connection, point: LinePoint, submission: FenceSubmission) {
    const { from, to } = connection.pair;
    try {
      await connection.bridge.insert(point, submission);
    } catch (error) {
      if (!isLoss(error)) throw error;
      // Which of them, each says itself when it is asked next.
      for (const index of [from, to]) this.#mark(this.#lane(index).line);
    }
  }

  /** What carries the waits of a pair; `byHost`: in the ways of the host alone. */
  #connection(from: number, to: number, choice: Choice = {}): Promise<Connection> {
    const key = `${from} ${to} ${choice.byHost ? "by host" : ""}`;
    let found = this.#connections.get(key);
    if (found === undefined) {
      found = this.#find(from, to, choice);
      this.#connections.set(key, found);
    }
    return found;
  }

  /** Takes the first way that works. */
  async #find(from: number, to: number, { byHost, devices }: Choice): Promise<Connection> {
    using own = new ProbeDevices();
    const lanes = { from: this.#lane(from), to: this.#lane(to) };
    const refused: FencePair["refused"] = [];
    for (const option of fenceWayOptions(endOf(lanes.from.line), endOf(lanes.to.line))) {
      const { way } = option;
      const reason = byHost && !isByHost(way)
        ? "a queue waits for the host"
        : await this.#refusal(option, lanes, devices ?? own);
      if (reason !== null) {
        refused.push({ way, reason });
        continue;
      }
      try {
        const { line } = lanes.to;
        const relay = () => lanes.to.relay ??= new HostRelay(line);
        const bridge = fenceBridge(way, lanes.from.line, line, relay);
        const connection = { pair: { from, to, way, refused }, bridge };
        this.#known.push(connection);
        return connection;
      } catch (error) {
        refused.push({ way, reason: error instanceof Error ? error.message : String(error) });
      }
    }
    throw new Error(`no way for member ${to} to wait for member ${from}`);
  }

  async #refusal(
    { way, refused }: FenceWayOption,
    { from, to }: { from: Lane; to: Lane },
    devices: ProbeDevices,
  ): Promise<string | null> {
    if (refused !== null) return refused;
    if (this.#allowed?.has(way) === false) return "left out";
    if (needsNoTrial(way)) return null;
    // What the host waits for is the same whoever it is.
    const source = way === "host_relay" ? to : from;
    const members = { from: source.line.member, to: to.line.member };
    return await probeFenceWay(way, members, this.#timelines, devices);
  }

  ways(): FencePair[] {
    // The host's ways that step in for a while are not the pair's.
    const pairs = new Map<string, FencePair>();
    for (const { pair } of this.#known) {
      const key = `${pair.from} ${pair.to}`;
      if (!pairs.has(key)) pairs.set(key, pair);
    }
    return [...pairs.values()].sort((a, b) => a.from - b.from || a.to - b.to);
  }

  async prepare(): Promise<FencePair[]> {
    this.open();
    await this.#run(this.#prepare());
    return this.ways();
  }

  async #prepare(): Promise<void> {
    using devices = new ProbeDevices();
    const indices = [...this.#lanes.keys()];
    for (const from of indices) {
      for (const to of indices) await this.#connection(from, to, { devices });
    }
  }

  /** Destroys all, once the queues are done or lost. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    // Else who waits for it would wait for ever.
    for (const submission of this.#ofHost) submission.end("the pool's fences are disposed");
    await Promise.allSettled(this.#running);
    const lanes = [...this.#lanes.values()];
    await Promise.all(lanes.map(({ relay }) => relay?.idle()));
    await Promise.all(lanes.map(({ line }) => this.#idle(line)));
    for (const { bridge } of this.#known.splice(0)) bridge.close();
    for (const { relay, line } of lanes) {
      relay?.close();
      line.dispose();
    }
  }

  /** Waits until a queue is done with all that fences gave it. */
  async #idle(line: FenceLine): Promise<void> {
    const point = this.#mark(line);
    if (point === undefined) return;
    await new FenceSubmission([{ line, point, after: [] }], this.#patienceMs).settled(Infinity);
  }
}

/** Whether what comes after a submission on a queue is to look at it still. */
function matters(submission: FenceSubmission): boolean {
  const { state } = submission.state();
  return state === "pending" || (state === "lost" && !submission.isAcknowledged);
}

const isPending = (submission: FenceSubmission) => submission.state().state === "pending";

/** Whether an error is the loss of a device. */
function isLoss(error: unknown): error is VulkanError {
  return error instanceof VulkanError && error.isDeviceLost;
}
