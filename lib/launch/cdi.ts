/**
 * A specification of the Container Device Interface (CNCF, version 0.6.0): a device that is no device, but the
 * shim and its variables. Pure.
 *
 * Container engines read it from `/etc/cdi` and `/var/run/cdi`, and take such devices beside others:
 * `--device nvidia.com/gpu=0 --device mvgal/cuda=small`.
 *
 * @module
 */

import type { Variables } from "./environment.ts";

/** The version of the specification whose features are used. */
const CDI_VERSION = "0.6.0";

/** Vendor and class. */
export const CDI_KIND = "mvgal/cuda";

/** Where the shim is in a container. */
export const CONTAINER_SHIM = "/usr/local/lib/mvgal/libmvgal_cuda.so";

/** The document. Its property names are those of the specification. */
export interface CdiSpecification {
  cdiVersion: string;
  kind: string;
  devices: {
    name: string;
    containerEdits: {
      /** `NAME=VALUE`. */
      env: string[];
      mounts: { hostPath: string; containerPath: string; options: string[] }[];
    };
  }[];
}

/** What names of devices may be (SPEC.md, "CDI JSON Specification"). */
const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9_.:-]*[A-Za-z0-9])?$/;

/**
 * The specification of one device.
 *
 * @param name of the device.
 * @param shim path of the shim on the host, which has to stay there.
 * @param variables for the container; `LD_PRELOAD` is added.
 * @throws {RangeError} for a name that no device can have; one line.
 */
export function cdiSpecification(
  name: string,
  shim: string,
  variables: Variables,
): CdiSpecification {
  if (!NAME.test(name)) {
    throw new RangeError(
      `'${name}' is no name of a device: write letters, digits, '_', '-', '.' and ':', ` +
        "a letter or digit first and last",
    );
  }
  const env = [
    ["LD_PRELOAD", CONTAINER_SHIM],
    ...variables.filter(([key]) => key !== "LD_PRELOAD"),
  ];
  return {
    cdiVersion: CDI_VERSION,
    kind: CDI_KIND,
    devices: [{
      name,
      containerEdits: {
        env: env.map(([key, value]) => `${key}=${value}`),
        mounts: [{
          hostPath: shim,
          containerPath: CONTAINER_SHIM,
          options: ["ro", "nosuid", "nodev", "bind"],
        }],
      },
    }],
  };
}
