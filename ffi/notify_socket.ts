/**
 * Messages to the service manager that started this process, as `sd_notify(3)` has them.
 *
 * ABI: `struct sockaddr_un` of `linux/un.h`: 2 bytes of family, then a path, or a zero byte and a name.
 *
 * @module
 */

import { openLibrary } from "./library.ts";

const SYMBOLS = {
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  sendto: { parameters: ["i32", "buffer", "usize", "i32", "buffer", "u32"], result: "i64" },
  close: { parameters: ["i32"], result: "i32" },
} as const;

const AF_UNIX = 1, SOCK_DGRAM = 2, SOCK_CLOEXEC = 0x80000;
/** No signal where nobody listens, and no waiting for one who does not read. */
const MSG_NOSIGNAL = 0x4000, MSG_DONTWAIT = 0x40;

/** Bytes of `sun_path`. */
const PATH_BYTES = 108;

/**
 * Sends a message.
 *
 * @param path of the socket, as `NOTIFY_SOCKET` gives it: one that begins with `@` is an abstract name.
 * @param message lines such as `READY=1`.
 * @returns whether it was sent.
 */
export function sendNotification(path: string, message: string): boolean {
  const name = new TextEncoder().encode(path);
  if (name.length === 0 || name.length >= PATH_BYTES) return false;
  const opened = openLibrary(["libc.so.6"], SYMBOLS);
  if (opened.state === "absent") return false;
  using library = opened.library;
  const { socket, sendto, close } = library.symbols;
  // A path ends with a zero byte; an abstract name begins with one, and has no end but the length.
  const isAbstract = path.startsWith("@");
  const address = new Uint8Array(2 + name.length + (isAbstract ? 0 : 1));
  new DataView(address.buffer).setUint16(0, AF_UNIX, true);
  address.set(name, 2);
  if (isAbstract) address[2] = 0;
  const fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const bytes = new TextEncoder().encode(message);
  const flags = MSG_NOSIGNAL | MSG_DONTWAIT;
  const sent = sendto(fd, bytes, BigInt(bytes.length), flags, address, address.length);
  close(fd);
  return Number(sent) === bytes.length;
}
