/**
 * Certificates for TLS that nobody vouches for, made by openssl(1).
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import type { Certificate } from "../../../lib/daemon/http/tls.ts";

/** Why there can be no certificates; undefined where there can. */
export function whyNoCertificate(): string | undefined {
  try {
    if (new Deno.Command("openssl", { args: ["version"] }).outputSync().success) return undefined;
  } catch {
    // There is none.
  }
  return "needs openssl";
}

/** Makes a certificate of localhost, and its key; in files too: `cert.pem`, `key.pem`. */
export function makeCertificate(directory: string): Certificate {
  const [key, cert] = [join(directory, "key.pem"), join(directory, "cert.pem")];
  const { success } = new Deno.Command("openssl", {
    args: [
      ..."req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2".split(" "),
      ...["-keyout", key, "-out", cert, "-subj", "/CN=localhost"],
      ...["-addext", "subjectAltName=DNS:localhost"],
      ...["-addext", "basicConstraints=critical,CA:FALSE"],
    ],
    stderr: "null",
  }).outputSync();
  assert.ok(success);
  return { cert: Deno.readTextFileSync(cert), key: Deno.readTextFileSync(key) };
}
