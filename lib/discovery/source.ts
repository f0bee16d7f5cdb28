/**
 * The interface of a discovery source.
 *
 * @module
 */

import type { ApiDevice, ApiName, FactName, GpuFacts } from "../gpu/gpu.ts";
import type { PciAddress } from "../gpu/pci_address.ts";
import type { Vendor } from "../gpu/vendor.ts";
import type { Sysroot } from "../sysfs/sysroot.ts";

/** One device as one source sees it. `merge` joins sightings of the same device. */
export interface Sighting {
  /** By what the device is recognised, best first: PCI address, UUID, the DRM render node, the name. */
  match: {
    pci?: PciAddress;
    uuid?: string;
    /** Minor numbers of DRM nodes (`VK_EXT_physical_device_drm`, `/sys/class/drm`). */
    drm_minors?: readonly number[];
    name?: string;
    /** Set for a software device: it never joins a device of another kind. */
    software?: boolean;
  };
  /** A name for the device where it has no PCI address and no UUID, e.g. `drm:card1`. */
  fallback_id: string;
  /** Vendor id in numbers, where the source knows it. */
  vendor_id?: number;
  /** What the source knows. Leave out what it does not know. */
  facts: Partial<GpuFacts>;
  /** Where each of the facts was read, e.g. `sysfs:numa_node`. A fact without a row gets the source's name. */
  sources?: Partial<Record<FactName, string>>;
  /** Why facts that this source could have had are missing. */
  absent?: Partial<Record<FactName, string>>;
  /** The device in the API that this source asks. */
  api?: { name: ApiName; device: ApiDevice };
}

/** What a source says. */
export type SourceReport =
  | { state: "ok"; sightings: Sighting[]; note?: string }
  /** What it asks is not on this host: a library, a directory. */
  | { state: "absent"; reason: string }
  /** It was not asked: it would wake a sleeping GPU, or `--sysroot` forbids it. */
  | { state: "skipped"; reason: string }
  /** It is there and did not work. */
  | { state: "failed"; reason: string };

/** What sources are given. */
export interface DiscoveryContext {
  /** Files of the host, or of the dump that `--sysroot` names. */
  readonly sysroot: Sysroot;
  /** Whether files may be read that wake a sleeping GPU (`--wake`). Not, where it is left out. */
  readonly wake?: boolean;
  /**
   * Whether to lead what libraries print into the report; so where it is left out. That redirects the
   * whole process, and is not for one in which other threads print.
   */
  readonly capture?: boolean;
}

/** A source of devices: one file, and one line in the table in `mod.ts`. */
export interface Source {
  /** The source's name, as in `seen_by` of a GPU. */
  readonly name: string;
  /**
   * `files` reads sysfs, procfs and /dev alone. `library` loads a vendor's library: not done under
   * `--sysroot`, nor while a GPU of one of `vendors` sleeps, since opening a device wakes it.
   */
  readonly reads: "files" | "library";
  /** Vendors whose GPUs the library opens; `"any"` for the vendor-neutral APIs. */
  readonly vendors: "any" | readonly Vendor[];
  /** Looks. Never throws for what a host may hold: a surprise is a `failed` report. */
  discover(context: DiscoveryContext): SourceReport;
}
