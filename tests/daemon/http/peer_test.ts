import assert from "node:assert/strict";
import fc from "fast-check";
import { peerOf } from "../../../lib/daemon/http/peer.ts";

Deno.test("peerOf() gives an IPv4 address, in IPv6's clothes too", () => {
  for (const address of ["192.0.2.7", "::ffff:192.0.2.7", "::ffff:c000:207"]) {
    assert.equal(peerOf(address), "192.0.2.7");
  }
});

Deno.test("peerOf() gives the /64 of an IPv6 address, however it is written", () => {
  assert.equal(peerOf("2001:db8:0:7::1"), "2001:db8:0:7::/64");
  assert.equal(peerOf("2001:0DB8::7:ffff:0:0:2"), "2001:db8:0:7::/64");
  assert.equal(peerOf("fe80::1%eth0"), "fe80:0:0:0::/64");
  assert.equal(peerOf("::1"), "0:0:0:0::/64");
});

Deno.test("peerOf() is one for those of a /64, and no other's", () => {
  const group = fc.integer({ min: 0, max: 0xffff });
  const half = fc.array(fc.oneof(group, fc.constant(0)), { minLength: 4, maxLength: 4 });
  fc.assert(fc.property(half, half, half, (network, one, other) => {
    fc.pre(network.some((each) => each !== 0));
    const write = (host: number[]) =>
      [...network, ...host].map((each) => each.toString(16)).join(":");
    const peer = `${network.map((each) => each.toString(16)).join(":")}::/64`;
    assert.equal(peerOf(write(one)), peer);
    // The shortest way of writing it too.
    assert.equal(peerOf(new URL(`http://[${write(other)}]`).hostname.slice(1, -1)), peer);
  }));
});

Deno.test("peerOf() leaves what is no address", () => {
  assert.equal(peerOf("nobody"), "nobody");
});
