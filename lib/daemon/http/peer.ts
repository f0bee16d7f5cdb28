/**
 * Whom a connection is from, as limits count it.
 *
 * @module
 */

import { isIPv6 } from "node:net";

/** The eight groups of an IPv6 address; RFC 4291, section 2.2. */
function groupsOf(address: string): number[] {
  // The URL parser writes an IPv4 tail as two groups.
  const text = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [head = "", tail] = text.split("::");
  const groups = (part: string) =>
    part === "" ? [] : part.split(":").map((each) => parseInt(each, 16));
  if (tail === undefined) return groups(head);
  const [first, last] = [groups(head), groups(tail)];
  return [...first, ...Array<number>(8 - first.length - last.length).fill(0), ...last];
}

/**
 * The peer of an address: an IPv4 address itself, and of an IPv6 address the /64, as whoever has one address
 * of it has all of them (RFC 6177). `::ffff:a.b.c.d` is `a.b.c.d`; what is no address is its own peer.
 */
export function peerOf(address: string): string {
  const [plain = ""] = address.split("%");
  if (!isIPv6(plain)) return address;
  const groups = groupsOf(plain);
  const [, , , , , mark, high = 0, low = 0] = groups;
  if (mark === 0xffff && groups.slice(0, 5).every((each) => each === 0)) {
    return [high >> 8, high & 0xff, low >> 8, low & 0xff].join(".");
  }
  return `${groups.slice(0, 4).map((each) => each.toString(16)).join(":")}::/64`;
}
