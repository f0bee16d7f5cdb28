/**
 * What one rule has found of one GPU, from sample to sample.
 *
 * @module
 */

import type { HealthEvent, HealthFinding, Severity } from "./report.ts";
import type { HealthRule, Verdict } from "./rule.ts";

/** How many samples in a row change something. */
export interface Patience {
  readonly raise: number;
  readonly clear: number;
}

/** How often in a row a severity, or a worse one, was seen, and since when. */
interface Streak {
  count: number;
  since: number;
}

type Edge = Pick<HealthEvent, "finding" | "edge">;
type Bad = Extract<Verdict, { state: "bad" }>;

const RANK: Readonly<Record<Severity, number>> = { warning: 1, critical: 2 };

const rank = (severity: Severity | null): number => severity === null ? 0 : RANK[severity];

/** Raises and clears the finding of one rule. */
export class RuleTrack {
  readonly #rule: HealthRule;
  readonly #patience: Patience;
  /** Numbers that the rule keeps. */
  readonly memory: Record<string, number> = {};
  /** What is found now. */
  finding: HealthFinding | null = null;
  readonly #streaks: Record<Severity, Streak> = {
    warning: { count: 0, since: 0 },
    critical: { count: 0, since: 0 },
  };
  /** What was said last with each severity. */
  readonly #last: Partial<Record<Severity, Bad>> = {};
  /** Samples in a row that were better than the finding. */
  #better = 0;

  /** Starts with nothing found. */
  constructor(rule: HealthRule, patience: Patience) {
    this.#rule = rule;
    this.#patience = patience;
  }

  /** The severity of the finding. */
  get held(): Severity | null {
    return this.finding?.severity ?? null;
  }

  /**
   * Takes what the rule says of the next sample.
   *
   * @returns what has changed: nothing, or one edge.
   */
  see(verdict: Verdict, at: number): Edge[] {
    switch (verdict.state) {
      case "unknown":
      case "hold":
        this.#count(0, at);
        this.#better = 0;
        return [];
      case "good":
        this.#count(0, at);
        return this.#seeBetter(null);
      case "bad":
        this.#count(rank(verdict.severity), at);
        return this.#seeBad(verdict);
    }
  }

  #count(seen: number, at: number): void {
    for (const severity of ["warning", "critical"] as const) {
      const streak = this.#streaks[severity];
      if (seen < RANK[severity]) streak.count = 0;
      else if (streak.count++ === 0) streak.since = at;
    }
  }

  #seeBad(bad: Bad): Edge[] {
    const held = this.held;
    this.#last[bad.severity] = bad;
    if (held === bad.severity) this.#show(bad);
    const reached = (["critical", "warning"] as const)
      .find((severity) => this.#streaks[severity].count >= this.#patience.raise);
    if (reached !== undefined && rank(reached) > rank(held)) {
      this.#better = 0;
      // While a worse severity is not yet certain, the finding shows the last value that was not as bad.
      return [this.#raise(this.#last[reached] ?? bad, reached)];
    }
    if (rank(bad.severity) < rank(held)) return this.#seeBetter(bad);
    this.#better = 0;
    return [];
  }

  /** A sample that is good, or not as bad as the finding. */
  #seeBetter(bad: Bad | null): Edge[] {
    if (this.finding === null || ++this.#better < this.#patience.clear) return [];
    this.#better = 0;
    if (bad !== null) return [this.#raise(bad, bad.severity)];
    const { finding } = this;
    this.finding = null;
    return [{ finding, edge: "cleared" }];
  }

  #raise(bad: Bad, severity: Severity): Edge {
    this.finding = {
      id: this.#rule.id,
      severity,
      metric: this.#rule.metric,
      value: bad.value,
      limit: bad.limit,
      since: this.#streaks[severity].since,
      text: bad.text,
    };
    return { finding: { ...this.finding }, edge: "raised" };
  }

  #show({ value, limit, text }: Bad): void {
    if (this.finding !== null) this.finding = { ...this.finding, value, limit, text };
  }
}
