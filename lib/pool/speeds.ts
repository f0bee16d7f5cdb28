/**
 * How fast members are against each other.
 *
 * @module
 */

import type { Member } from "./member.ts";

/** How fast kinds of devices are before anything was measured, by a rough guess. */
const PRIOR_SPEED: Readonly<Record<string, number>> = {
  discrete: 1000,
  virtual: 500,
  integrated: 50,
  other: 50,
  cpu: 1,
};

/** How fast a member is before anything was measured, in no unit: only quotients of these mean something. */
export function priorSpeed({ physical }: Member): number {
  return PRIOR_SPEED[physical.type] ?? 1;
}

/** Members whose results are the same bit by bit. */
export function sameModel(one: Member, other: Member): boolean {
  const a = one.physical, b = other.physical;
  return a.name === b.name && a.vendorId === b.vendorId && a.deviceId === b.deviceId &&
    a.driverName === b.driverName && a.driverInfo === b.driverInfo;
}

/** Speeds of devices of one model that differ by no more than this are the same, but for noise. */
const SAME_SPEED = 1.25;

/** Speeds with the mean for devices of one model, where they are close. */
export function alike(speeds: ReadonlyMap<Member, number>): Map<Member, number> {
  return new Map(Array.from(speeds, ([member, speed]) => {
    const same = [...speeds].filter(([other, its]) =>
      sameModel(member, other) && Math.max(its, speed) <= SAME_SPEED * Math.min(its, speed)
    );
    const all = [...speeds].filter(([other]) => sameModel(member, other));
    const mean = same.reduce((sum, [, its]) => sum + its, 0) / same.length;
    return [member, same.length === all.length ? mean : speed];
  }));
}

/** A member's speed; 0 for one that cannot run the kernel. */
export function speedOf(speeds: ReadonlyMap<Member, number>, member: Member): number {
  return speeds.get(member) ?? 0;
}
