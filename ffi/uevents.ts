/**
 * The kernel's events of devices that come and go, by netlink.
 *
 * ABI: `struct sockaddr_nl` and `NETLINK_KOBJECT_UEVENT` of `linux/netlink.h`; POSIX.1-2017 for the rest. An
 * event is `ACTION@DEVPATH` and lines `KEY=value`, each ended by a zero byte (`lib/kobject_uevent.c`).
 *
 * @module
 */

import { openLibrary, type Symbols } from "./library.ts";
import { encode, structure } from "./struct.ts";

const SYMBOLS = {
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  recvfrom: {
    parameters: ["i32", "buffer", "usize", "i32", "buffer", "buffer"],
    result: "i64",
  },
  pipe2: { parameters: ["buffer", "i32"], result: "i32" },
  write: { parameters: ["i32", "buffer", "usize"], result: "i64" },
  close: { parameters: ["i32"], result: "i32" },
  poll: { parameters: ["buffer", "u64", "i32"], result: "i32", nonblocking: true },
  __errno_location: { parameters: [], result: "pointer" },
} as const;

const AF_NETLINK = 16, SOCK_DGRAM = 2, SOCK_CLOEXEC = 0x80000, NETLINK_KOBJECT_UEVENT = 15;
const O_CLOEXEC = 0x80000, MSG_DONTWAIT = 0x40, POLLIN = 1;

/** The multicast group of the kernel's own events; udev sends its own to group 2. */
const KERNEL_GROUP = 1;

/** More than the kernel puts into one event (`UEVENT_BUFFER_SIZE` is 2048). */
const EVENT_BYTES = 8192;

/** `ENOBUFS`: events were lost, as too many came at once. */
const ENOBUFS = 105;

/** `EINTR`: a signal came first. */
const EINTR = 4;

const AddressLayout = structure("sockaddr_nl", [
  { name: "nl_family", type: "u16" },
  { name: "nl_pad", type: "u16" },
  { name: "nl_pid", type: "u32" },
  { name: "nl_groups", type: "u32" },
]);

/** An event of a device. */
export interface Uevent {
  /** `add`, `remove`, `change`, `bind`, `unbind`, `move`, `online`, `offline`. */
  action: string;
  /** Below `/sys`. */
  path: string;
  /** `SUBSYSTEM`, `DEVNAME`, `PCI_CLASS`, … */
  values: ReadonlyMap<string, string>;
}

/** An event of the kernel; undefined for bytes that are none. */
export function parseUevent(bytes: Uint8Array): Uevent | undefined {
  const [heading = "", ...lines] = new TextDecoder().decode(bytes).split("\0");
  const at = heading.indexOf("@");
  if (at <= 0) return undefined;
  const pairs = lines.flatMap((line): [string, string][] => {
    const equals = line.indexOf("=");
    return equals <= 0 ? [] : [[line.slice(0, equals), line.slice(equals + 1)]];
  });
  return { action: heading.slice(0, at), path: heading.slice(at + 1), values: new Map(pairs) };
}

/** What is heard: an event, or that some were lost. */
export type HeardUevent = Uevent | "lost";

/** A socket that hears events. Iterating ends when it is disposed. */
export interface UeventSocket extends Disposable {
  [Symbol.asyncIterator](): AsyncIterator<HeardUevent>;
}

/** What came of {@linkcode openUevents}. */
export type UeventOutcome =
  | { state: "ok"; socket: UeventSocket }
  | { state: "absent"; reason: string };

/** Opens the socket. Needs no rights; in a network namespace of its own nothing is heard. */
export function openUevents(): UeventOutcome {
  const opened = openLibrary(["libc.so.6"], SYMBOLS, { resident: true });
  if (opened.state === "absent") return opened;
  const libc = opened.library.symbols;
  const errno = () => {
    const location = libc.__errno_location();
    return location === null ? 0 : new Deno.UnsafePointerView(location).getInt32();
  };
  const fd = libc.socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
  if (fd < 0) return { state: "absent", reason: `no netlink socket (errno ${errno()})` };
  const { bytes } = encode(AddressLayout, { nl_family: AF_NETLINK, nl_groups: KERNEL_GROUP });
  const ends = new Int32Array(2);
  if (libc.bind(fd, bytes, bytes.length) !== 0 || libc.pipe2(ends, O_CLOEXEC) !== 0) {
    const reason = `the kernel's events cannot be heard (errno ${errno()})`;
    libc.close(fd);
    return { state: "absent", reason };
  }
  return { state: "ok", socket: new Socket(libc, errno, fd, ends) };
}

class Socket implements UeventSocket {
  readonly #libc: Symbols<typeof SYMBOLS>;
  readonly #errno: () => number;
  readonly #fd: number;
  /** A pipe: what is written to it ends a wait. */
  readonly #ends: Int32Array<ArrayBuffer>;
  #isOpen = true;
  /** Whether a wait on another thread uses the descriptors. */
  #isWaiting = false;

  constructor(
    libc: Symbols<typeof SYMBOLS>,
    errno: () => number,
    fd: number,
    ends: Int32Array<ArrayBuffer>,
  ) {
    this.#libc = libc;
    this.#errno = errno;
    this.#fd = fd;
    this.#ends = ends;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<HeardUevent> {
    const waited = new Int32Array([this.#fd, POLLIN, this.#ends[0] ?? -1, POLLIN]);
    while (this.#isOpen) {
      this.#isWaiting = true;
      await this.#libc.poll(waited, 2n, -1);
      this.#isWaiting = false;
      if (!this.#isOpen) break;
      yield* this.#received();
    }
    this.#close();
  }

  *#received(): Generator<HeardUevent> {
    const bytes = new Uint8Array(EVENT_BYTES);
    const sender = encode(AddressLayout).bytes;
    for (;;) {
      const length = Uint32Array.of(sender.length);
      const size = Number(
        this.#libc.recvfrom(this.#fd, bytes, BigInt(bytes.length), MSG_DONTWAIT, sender, length),
      );
      if (size < 0) {
        const errno = this.#errno();
        if (errno === EINTR) continue;
        if (errno === ENOBUFS) {
          yield "lost";
          continue;
        }
        return;
      }
      // Only the kernel's own port is 0.
      const isKernel = new DataView(sender.buffer, sender.byteOffset).getUint32(4, true) === 0;
      const event = isKernel ? parseUevent(bytes.subarray(0, size)) : undefined;
      if (event !== undefined) yield event;
    }
  }

  #close(): void {
    for (const fd of [this.#fd, ...this.#ends]) this.#libc.close(fd);
  }

  [Symbol.dispose](): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    if (this.#isWaiting) this.#libc.write(this.#ends[1] ?? -1, Uint8Array.of(0), 1n);
    else this.#close();
  }
}
