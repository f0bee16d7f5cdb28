import assert from "node:assert/strict";
import { sendNotification } from "../../ffi/notify_socket.ts";

/** A socket that takes messages, read by Python, as Deno's datagram sockets are not stable. */
const LISTENER = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
name = sys.argv[1]
s.bind("\\0" + name[1:] if name.startswith("@") else name)
print("bound", flush=True)
s.settimeout(10)
print(s.recv(4096).decode(), flush=True)
`;

function hasPython(): boolean {
  try {
    return new Deno.Command("python3", { args: ["--version"], stdout: "null", stderr: "null" })
      .outputSync().success;
  } catch {
    return false;
  }
}

const python = hasPython();

Deno.test({
  name: `sendNotification() reaches paths and abstract names${
    python ? "" : " (skipped: no python3)"
  }`,
  ignore: !python,
  async fn() {
    const directory = Deno.makeTempDirSync();
    for (const path of [`${directory}/notify`, `@mvgal-test-${Deno.pid}`]) {
      const child = new Deno.Command("python3", {
        args: ["-c", LISTENER, path],
        stdin: "null",
        stdout: "piped",
      }).spawn();
      let sent: boolean | undefined, said = "";
      for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
        said += text;
        if (sent === undefined && said.includes("bound\n")) {
          sent = sendNotification(path, "READY=1\nSTATUS=8 GPUs");
        }
      }
      await child.status;
      assert.equal(sent, true);
      assert.equal(said, "bound\nREADY=1\nSTATUS=8 GPUs\n");
    }
    Deno.removeSync(directory, { recursive: true });
  },
});

Deno.test("sendNotification() says that nobody took a message", () => {
  assert.equal(sendNotification("/nonexistent/notify", "READY=1"), false);
  assert.equal(sendNotification("", "READY=1"), false);
  assert.equal(sendNotification(`/${"x".repeat(200)}`, "READY=1"), false);
});
