/**
 * The power manager: looks at GPUs, decides, carries out, and takes everything back at its end.
 *
 * @module
 */

import type { GpuId } from "../../gpu/gpu.ts";
import type { LogLevel } from "../service_api.ts";
import type { PowerControl } from "./control.ts";
import type { Decision, PowerEvent, PowerLook, PowerView } from "./decision.ts";
import { groupOf, PowerMachine } from "./machine.ts";
import { type PowerPolicy, powerPolicyProblems } from "./policy.ts";

/** Takes the lines of the log: all that was done or refused. */
export type PowerLog = (level: LogLevel, text: string, gpu: GpuId | null) => void;

/** Options of {@linkcode openPowerManager}. */
export interface PowerManagerOptions {
  policy: PowerPolicy;
  control: PowerControl;
  log: PowerLog;
  /** How often looks are taken, in ms; a second where it is not given. */
  interval_ms?: number;
}

/** Keeps a policy. Dispose it (`await using`) to take back everything that it holds. */
export interface PowerManager extends AsyncDisposable {
  /**
   * Takes a look at all GPUs, and does what is to be done. Never throws.
   *
   * @returns what people should be told of at once.
   */
  look(look: PowerLook): PowerEvent[];
  /**
   * Replaces the policy; one that is off takes everything back at once.
   *
   * @throws {RangeError} in one line, where it makes no sense; then the policy stays.
   */
  policy(next: PowerPolicy): void;
  /** What the manager does. */
  state(): PowerView;
}

/** A hold that is not renewed ends after so many s, or after so many looks that did not come. */
const HOLD_S = 60, HOLD_LOOKS = 4;

/** Opens a manager. Takes back what one that died left behind, and changes nothing else yet. */
export function openPowerManager(options: PowerManagerOptions): PowerManager {
  refuseNonsense(options.policy);
  return new Manager(options);
}

function refuseNonsense(policy: PowerPolicy): void {
  const problems = powerPolicyProblems(policy);
  if (problems.length > 0) throw new RangeError(problems.join("; "));
}

class Manager implements PowerManager {
  readonly #machine: PowerMachine;
  readonly #control: PowerControl;
  readonly #log: PowerLog;
  readonly #holdSeconds: number;
  #renewedAt = -Infinity;
  #isClosed = false;
  /** What was refused last, by GPU and group: told once, not at each attempt. */
  readonly #told = new Map<string, string>();

  constructor({ policy, control, log, interval_ms = 1000 }: PowerManagerOptions) {
    this.#machine = new PowerMachine(policy);
    this.#control = control;
    this.#log = log;
    this.#holdSeconds = Math.max(HOLD_S, HOLD_LOOKS * interval_ms / 1000);
    for (const line of control.recover()) log("warning", `left by one that died: ${line}`, null);
  }

  look(look: PowerLook): PowerEvent[] {
    if (this.#isClosed) return [];
    try {
      this.#look(look);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#log("error", `the power manager could not work with a look: ${why}`, null);
    }
    const events = this.#machine.takeEvents();
    for (const { gpu, edge, text } of events) {
      this.#log(edge === "raised" ? "error" : "info", text, gpu);
    }
    return events;
  }

  #look(look: PowerLook): void {
    const machine = this.#machine;
    machine.see(look);
    this.#keepHolds(look.at);
    for (const gpu of machine.wants()) {
      const limits = this.#control.limits(gpu);
      machine.learn(gpu, limits);
      if (limits.state === "refused") this.#tellRefused(gpu, "power", limits.by, limits.reason);
    }
    for (const decision of machine.decide()) this.#carryOut(decision);
  }

  /** Renews what is held, and finds out what is the manager's no more. */
  #keepHolds(at: number): void {
    const machine = this.#machine;
    for (const { gpu, wasBlind } of machine.suspects()) {
      // First whether the journal has somebody else's change: that says more than the value does.
      const loss = this.#control.renew(gpu, "power", this.#holdSeconds) ??
        this.#control.verify(gpu, wasBlind);
      if (loss === undefined) machine.absolve(gpu);
      else {
        machine.lose(gpu, "power", loss);
        this.#log("warning", `the power cap is no longer held: ${loss.reason}`, gpu);
      }
    }
    if (at - this.#renewedAt < this.#holdSeconds * 1000 / 3) return;
    this.#renewedAt = at;
    for (const { gpu, group } of machine.holds()) {
      const loss = this.#control.renew(gpu, group, this.#holdSeconds);
      if (loss === undefined) continue;
      machine.lose(gpu, group, loss);
      const what = group === "power" ? "the power cap" : "parking";
      this.#log("warning", `${what} is no longer held: ${loss.reason}`, gpu);
    }
  }

  #carryOut(decision: Decision): boolean {
    const { gpu, reason } = decision;
    const group = groupOf(decision);
    const outcome = this.#control.carryOut(decision, this.#holdSeconds);
    this.#machine.settle(decision, outcome);
    if (outcome.state === "refused") {
      this.#tellRefused(gpu, group, outcome.by, outcome.reason, `${decision.kind}: ${reason}: `);
      return false;
    }
    if (outcome.state === "done") {
      this.#told.delete(`${gpu} ${group}`);
      this.#log("info", `${decision.kind}: ${reason}: ${outcome.detail}`, gpu);
    }
    return true;
  }

  #tellRefused(gpu: GpuId, group: string, by: string, reason: string, wanted = ""): void {
    const key = `${gpu} ${group}`;
    if (this.#told.get(key) === reason) return;
    this.#told.set(key, reason);
    this.#log(by === "person" ? "info" : "warning", `${wanted}refused: ${reason}`, gpu);
  }

  policy(next: PowerPolicy): void {
    refuseNonsense(next);
    this.#machine.policy = next;
    this.#told.clear();
    if (!next.enabled && !this.#isClosed) this.#release("the power manager is off");
  }

  state(): PowerView {
    return this.#machine.view();
  }

  #release(reason: string): void {
    for (const decision of this.#machine.releases(reason)) {
      if (this.#carryOut(decision)) continue;
      this.#log("error", "NOT put back: the next start of mvgal tries again", decision.gpu);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true;
      this.#release("the power manager ends");
    }
    return Promise.resolve();
  }
}
