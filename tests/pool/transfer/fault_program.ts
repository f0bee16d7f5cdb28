/**
 * Copies of a pool in which llvmpipe fails after a number of submissions; for each number, one line of JSON that
 * says what came of it. The fault layer is set up by the environment.
 *
 *     fault_program.ts NUMBER...
 */

import { HostMemory } from "../../../ffi/libc.ts";
import { Device } from "../../../ffi/vulkan/device.ts";
import { openTransfers } from "../../../lib/pool/transfer/open.ts";
import type { TransferMember } from "../../../lib/pool/transfer/types.ts";
import { openSoftwareInstance, softwareEnvironment } from "../../vulkan_devices.ts";
import { known, whole } from "./devices.ts";

/** What a course of copies came to. */
export interface FaultOutcome {
  after: number;
  /** Copies whose bytes were right, and wrong. */
  right: number;
  wrong: number;
  /** Errors of copies, each once. */
  errors: string[];
  /** Whether the other member's copies went on being right. */
  otherIsWell: boolean;
}

const SIZE = 700_000;
const STAGING = { limitBytes: 1 << 20, chunkBytes: 128 * 1024 };

async function run(members: readonly TransferMember[], outcome: FaultOutcome): Promise<void> {
  const [failing, sound] = members;
  if (failing === undefined || sound === undefined) throw new Error("a driver is missing");
  using transfers = await openTransfers(members, { staging: STAGING, limitMs: 300 });
  using memory = HostMemory.allocate(1 << 20);
  using host = transfers.importHost(memory);
  const errors = new Set<string>();
  const tried = async <T>(copy: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await copy();
    } catch (error) {
      errors.add(String(error));
      return undefined;
    }
  };
  const read = async (member: TransferMember, buffer: Parameters<typeof transfers.download>[1]) => {
    const received = new Uint8Array(SIZE);
    await transfers.download(member, buffer, received, whole(SIZE));
    return received;
  };
  const isSame = (a: Uint8Array, b: Uint8Array) => a.every((byte, i) => byte === b[i]);
  const allocate = (member: TransferMember) =>
    Promise.resolve().then(() => transfers.allocateBuffer(member, SIZE));
  const course = async () => {
    using source = await allocate(failing);
    using destination = await allocate(sound);
    using back = await allocate(failing);
    await transfers.upload(failing, known(SIZE, 1), source, whole(SIZE));
    const there = { from: failing, source, to: sound, destination, ranges: whole(SIZE) };
    await transfers.copy(there);
    if (isSame(await read(sound, destination), known(SIZE, 1))) outcome.right++;
    else outcome.wrong++;
    const home = { ...there, from: sound, source: destination, to: failing, destination: back };
    // Both at once: one that fails must not spoil what the other needs.
    const both = await Promise.allSettled([transfers.copy(there), transfers.copy(home)]);
    for (const each of both) if (each.status === "rejected") throw each.reason;
    if (isSame(await read(failing, back), known(SIZE, 1))) outcome.right++;
    else outcome.wrong++;
    host.bytes.fill(9);
    await transfers.download(failing, back, host, whole(SIZE));
    if (isSame(host.bytes.subarray(0, SIZE), known(SIZE, 1))) outcome.right++;
    else outcome.wrong++;
  };
  await tried(course);
  await tried(course);
  await transfers.idle();
  using own = transfers.allocateBuffer(sound, SIZE);
  await transfers.upload(sound, known(SIZE, 2), own, whole(SIZE));
  outcome.otherIsWell = isSame(await read(sound, own), known(SIZE, 2));
  outcome.errors = [...errors];
  if (host.isHeld) {
    // The test's end is the process's.
    memory[Symbol.dispose] = () => {};
  }
}

async function main(): Promise<void> {
  // The first course lets the tries in other processes find devices that are well.
  for (const after of [10_000, ...Deno.args.map(Number)]) {
    Deno.env.set("MVGAL_FAULT_AFTER", String(after));
    const outcome: FaultOutcome = { after, right: 0, wrong: 0, errors: [], otherIsWell: false };
    using instance = openSoftwareInstance(softwareEnvironment());
    using opened = new DisposableStack();
    const members = ["llvmpipe", "SwiftShader"].map((name, index): TransferMember => {
      const physical = instance.physicalDevices().find((each) => each.name.includes(name));
      if (physical === undefined) throw new Error(`no ${name}`);
      const device = opened.use(new Device(instance, physical));
      const [queue] = device.queues;
      if (queue === undefined) throw new Error(`${name} has no queue`);
      return { index, id: `vulkan:${index}`, name, device, queue };
    });
    await run(members, outcome);
    // deno-lint-ignore no-console -- what the test reads
    console.log(JSON.stringify(outcome));
  }
}

if (import.meta.main) await main();
