/**
 * What the power manager changes GPUs with.
 *
 * @module
 */

import type { GpuId } from "../../gpu/gpu.ts";
import type { CapLimits, Decision, HoldGroup, Loss, Outcome } from "./decision.ts";

/** Changes settings such that they last only while they are renewed. No method throws. */
export interface PowerControl {
  /** Takes back what a manager that died left behind; a line each. */
  recover(): string[];
  /** Whether, and how, a GPU's power cap can be set. Wakes nothing. */
  limits(gpu: GpuId): CapLimits;
  /**
   * Carries out a decision.
   *
   * @param seconds after which it is taken back unless it is renewed.
   */
  carryOut(decision: Decision, seconds: number): Outcome;
  /** Moves the deadline of a hold; what became of it, where it is the manager's no more. */
  renew(gpu: GpuId, group: HoldGroup, seconds: number): Loss | undefined;
  /**
   * Looks whether the GPU, which is awake, still has the cap that is held.
   *
   * @param wasBlind whether the driver may have forgotten it: the GPU was not read for a while.
   */
  verify(gpu: GpuId, wasBlind: boolean): Loss | undefined;
}
