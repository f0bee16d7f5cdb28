/**
 * The GPUs that oneAPI Level Zero shows.
 *
 * @module
 */

import { type LevelZero, openLevelZero, type ZeDevice } from "../../ffi/level_zero.ts";
import { formatPciAddress } from "../gpu/pci_address.ts";
import { formatUuid } from "../gpu/uuid.ts";
import {
  attempt,
  FactGatherer,
  hidingNote,
  joinNotes,
  refusal,
  reportLibrary,
} from "./library_report.ts";
import type { Sighting, Source } from "./source.ts";

/** Options of {@linkcode levelZeroSource}. */
export interface LevelZeroSourceOptions {
  /** Names or paths of the library, best first. */
  sonames?: readonly string[];
  environment?: (name: string) => string | undefined;
}

/** What a driver says of itself. */
interface Driver {
  index: number;
  apiVersion: string | null;
  text: string | null;
}

/** The source `level_zero`. */
export function levelZeroSource(options: LevelZeroSourceOptions = {}): Source {
  const { environment, ...library } = options;
  return {
    name: "level_zero",
    reads: "library",
    vendors: ["intel"],
    discover({ capture }) {
      const hidden = hidingNote(["ZE_AFFINITY_MASK"], environment);
      return reportLibrary(() => {
        const opened = openLevelZero(library);
        if (opened.state === "absent") {
          const advice = opened.present ? "" : "; the loader is Debian libze1, Fedora " +
            "oneapi-level-zero, Arch level-zero-loader, and Intel's driver intel-level-zero-gpu";
          return { state: "absent", reason: opened.reason + advice };
        }
        using ze = opened.ze;
        const notes = [hidden];
        const sightings: Sighting[] = [];
        ze.drivers.forEach((handle, index) => {
          try {
            const version = attempt(() => ze.driverVersion(handle));
            const driver: Driver = {
              index,
              apiVersion: attempt(() => ze.apiVersion(handle)) ?? null,
              text: version === undefined ? null : `Level Zero driver ${version}`,
            };
            ze.devices(handle).forEach((device, at) => {
              const sighting = sight(ze, device, at, driver);
              if (sighting !== undefined) sightings.push(sighting);
            });
          } catch (error) {
            notes.push(`driver ${index}: ${refusal(error)}`);
          }
        });
        const note = joinNotes(...notes);
        return { state: "ok", sightings, ...(note === undefined ? {} : { note }) };
      }, capture);
    },
  };
}

/** The source `level_zero` as it is on a host. */
export const levelZero: Source = levelZeroSource();

function sight(ze: LevelZero, device: ZeDevice, at: number, driver: Driver): Sighting | undefined {
  const properties = ze.properties(device);
  if (properties.type !== "gpu") return undefined;
  const gather = new FactGatherer("level_zero");
  const { facts } = gather;
  const call = "zeDeviceGetProperties";
  gather.set("name", properties.name, call);
  gather.set("kind", properties.integrated ? "integrated" : "discrete", call);
  gather.askFor(["pci_slot"], () => ze.pciAddress(device), (pci) => {
    const slot = formatPciAddress(pci.domain, pci.bus, pci.device, pci.function);
    gather.set("pci_slot", slot, "zeDevicePciGetPropertiesExt");
  });
  const uuid = formatUuid(properties.uuid);
  const sizes = attempt(() => ze.memorySizes(device)) ?? [];
  const memory = Number(sizes.reduce((sum, size) => sum + size, 0n));
  const index = `${driver.index}:${at}`;
  return {
    match: {
      ...(facts.pci_slot ? { pci: facts.pci_slot } : {}),
      ...(uuid === undefined ? {} : { uuid }),
      name: properties.name,
    },
    fallback_id: `level_zero:${index}`,
    vendor_id: properties.vendorId,
    facts,
    sources: gather.sources,
    absent: gather.absent,
    api: {
      name: "level_zero",
      device: {
        index,
        name: properties.name,
        api_version: driver.apiVersion,
        driver: driver.text,
        uuid: uuid ?? null,
        capabilities: [],
        memory_total_bytes: properties.integrated || memory === 0 ? null : memory,
      },
    },
  };
}
