/** A service at a socket of its own, and mvgal that finds it by its configuration. */

import { join } from "node:path";
import { openServer } from "../../lib/daemon/http/server.ts";
import type { Service } from "../../lib/daemon/service_api.ts";
import { capture, type Captured } from "./capture.ts";

/** A socket, and a configuration that names it. */
export class SocketPlace implements Disposable {
  readonly directory = Deno.makeTempDirSync({ prefix: "mvgal-served-" });
  readonly socket = join(this.directory, "mvgal.sock");
  readonly config = join(this.directory, "mvgal.conf");

  /** Writes the configuration. */
  constructor() {
    Deno.writeTextFileSync(this.config, `[http]\nlisten =\n[daemon]\nsocket = ${this.socket}\n`);
  }

  /** Runs mvgal in this process. */
  mvgal(args: string[], env: Record<string, string> = {}): Promise<Captured> {
    return capture(args, { env: { MVGAL_CONFIG: this.config, ...env } });
  }

  /** Serves the API of a service until it is disposed. */
  serve(service: Service): Promise<AsyncDisposable> {
    return openServer({
      service,
      unix: { path: this.socket, mode: 0o600, group: null },
      processMetrics: false,
      bodyLimit: 1 << 20,
      log: () => {},
    });
  }

  /** Answers everything with one thing until it is disposed. */
  answer(body: string, status = 200): AsyncDisposable {
    return Deno.serve({ path: this.socket, onListen() {} }, () => new Response(body, { status }));
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.directory, { recursive: true });
  }
}
