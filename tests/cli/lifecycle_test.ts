import assert from "node:assert/strict";
import { FakeService } from "../daemon/fake_service.ts";
import { SocketPlace } from "./served.ts";

Deno.test("mvgal start tells of the parts of the service that do not work", async () => {
  using place = new SocketPlace();
  await using _served = await place.serve(new FakeService());
  const { status, stdout, stderr } = await place.mvgal(["start", "--socket", place.socket]);
  assert.equal(status, 0);
  assert.match(stdout, /^the service runs already \(pid \d+\)\n$/);
  assert.equal(stderr, "mvgal: history does not work: the disk is full\n");
});
