/**
 * `set` and `reset`: plan, show, ask, make, ask again.
 *
 * @module
 */

import { applyPlan, type ApplyWith, confirmEntry } from "../control/apply.ts";
import { openControl } from "../control/drivers.ts";
import type { JournalEntry } from "../control/entry.ts";
import { describeChange, describeStep, makePlan, type Plan } from "../control/plan.ts";
import { revertEntry, revertPending } from "../control/revert.ts";
import type { ControlContext } from "../control/surface.ts";
import { parkReport } from "../control/awake.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { printable } from "../render/text.ts";
import { type CommandContext, type CommandInput, flag, UsageError } from "./command.ts";
import type { ControlHost } from "./control_host.ts";
import { changesToReset, changesToSet, secondsOf } from "./control_request.ts";
import type { ControlRow } from "./control_table.ts";

/** Seconds in which a risky change has to be confirmed. */
const CONFIRM_SECONDS = 15;

/** Seconds for which such a change outlives the question, so that the answer comes first. */
const CONFIRM_SLACK_SECONDS = 3;

/** All that a change goes by. */
export interface ChangeRequest {
  row: ControlRow;
  action: string;
  gpus: readonly Gpu[];
  on: ApplyWith;
  control: ControlContext;
  input: CommandInput;
  context: CommandContext;
  host: ControlHost;
}

/** What was done, for people or as JSON. */
class Report {
  readonly #request: ChangeRequest;
  readonly json: boolean;

  constructor(request: ChangeRequest) {
    this.#request = request;
    this.json = flag(request.input, "json");
  }

  /** A line for people; standard output is the document's with `--json`. */
  say(line: string): void {
    const { stdout, stderr } = this.#request.context;
    (this.json ? stderr : stdout).write(`${printable(line)}\n`);
  }

  plans(plans: readonly Plan[]): void {
    for (const plan of plans) {
      this.say(plan.gpu);
      for (const change of plan.changes) this.say(`  ${describeChange(change)}`);
      if (plan.steps.length === 0) this.say("  nothing to do: it has these values");
      plan.steps.flatMap(describeStep).forEach((line) => this.say(`    ${line}`));
      for (const obstacle of plan.obstacles) this.say(`  cannot be made: ${obstacle}`);
    }
  }

  document(plans: readonly Plan[], entries: readonly JournalEntry[], state: string): void {
    if (!this.json) return;
    const document = {
      schema: "mvgal.settings-change/1",
      group: this.#request.row.group,
      state,
      gpus: plans.map((plan) => ({
        id: plan.gpu,
        changes: plan.changes,
        steps: plan.steps,
        obstacles: plan.obstacles,
        until: entries.find(({ gpu }) => gpu === plan.gpu)?.deadline?.wall ?? null,
      })),
    };
    this.#request.context.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
  }
}

function makePlans({ row, action, gpus, control, input }: ChangeRequest): Plan[] {
  return gpus.map((gpu) => {
    const surface = openControl(gpu, control);
    const changes = action === "set"
      ? changesToSet(row, input)
      : changesToReset(row, input, surface);
    return makePlan(gpu.id, row.group, surface, changes);
  });
}

/** Makes all plans; where one fails, those before it are taken back too. */
function applyAll(
  plans: readonly Plan[],
  seconds: number | undefined,
  on: ApplyWith,
): JournalEntry[] {
  const entries: JournalEntry[] = [];
  return on.journal.locked(() => {
    for (const plan of plans) {
      try {
        entries.push(applyPlan(plan, seconds, on));
      } catch (error) {
        const told = entries.toReversed().map((entry) => revertEntry(entry, on).message);
        const why = error instanceof Error ? error.message : String(error);
        throw new Error([why, ...told].join("; "));
      }
    }
    return entries;
  });
}

/** Takes back changes; false where one could not be. */
function takeBack(entries: readonly JournalEntry[], on: ApplyWith, report: Report): boolean {
  return on.journal.locked(() => {
    // The process that waits may have been faster.
    const left = on.journal.entries();
    return entries.filter((entry) =>
      left.some((each) => each.gpu === entry.gpu && each.group === entry.group && !each.confirmed)
    ).map((entry) => {
      const { message, settled } = revertEntry(entry, on);
      report.say(message);
      return settled;
    }).every(Boolean);
  });
}

/**
 * Keeps changes where they still are: the process that waits may have taken them back.
 *
 * @returns whether all of them are kept.
 */
function keep(entries: readonly JournalEntry[], on: ApplyWith): boolean {
  return on.journal.locked(() =>
    entries.map((entry) => {
      const still = on.journal.entries().some((each) =>
        each.gpu === entry.gpu && each.group === entry.group &&
        each.writer.pid === entry.writer.pid && !each.confirmed
      );
      if (still) confirmEntry(entry, on.journal);
      return still;
    }).every(Boolean)
  );
}

/** `set` and `reset`. Returns the exit status. */
export async function changeSettings(request: ChangeRequest): Promise<number> {
  const { row, gpus, on, input, context, host, control } = request;
  const report = new Report(request);
  const seconds = secondsOf(input);
  const yes = flag(input, "yes");
  const ask = (question: string, within?: number) =>
    host.ask(question, (text) => context.stderr.write(text), within);
  if (flag(input, "dryRun")) {
    const plans = makePlans(request);
    report.plans(plans);
    report.document(plans, [], "planned");
    return 0;
  }
  for (const { message } of revertPending(gpus.map(({ id }) => id), row.group, on)) {
    report.say(`the earlier change is taken back first: ${message}`);
  }
  const plans = makePlans(request).filter(({ steps }) => steps.length > 0);
  if (plans.length === 0) {
    report.say("nothing to do: it has these values");
    report.document([], [], "unchanged");
    return 0;
  }
  const [obstacle] = plans.flatMap((plan) => plan.obstacles.map((why) => `${plan.gpu}: ${why}`));
  if (obstacle !== undefined) throw new Error(obstacle);
  report.plans(plans);
  if (!yes) {
    const answer = await ask("Make this change? [y/N]");
    if (answer === null) {
      throw new UsageError("nobody can be asked here: add --yes, or --dry-run to look at it alone");
    }
    if (!answer) {
      report.say("nothing was changed");
      report.document(plans, [], "declined");
      return 1;
    }
  }
  const confirm = !yes && seconds === undefined && plans.some(({ risky }) => risky);
  const limit = confirm ? CONFIRM_SECONDS + CONFIRM_SLACK_SECONDS : seconds;
  const entries = applyAll(plans, limit, on);
  if (limit !== undefined) host.startWatcher();
  if (confirm) {
    const kept = await ask(
      `Keep it? It is taken back in ${CONFIRM_SECONDS} s. [y/N]`,
      CONFIRM_SECONDS,
    );
    if (kept !== true || !keep(entries, on)) {
      const settled = takeBack(entries, on, report);
      report.say(settled ? "taken back" : "NOT all taken back: see above");
      report.document(plans, [], "taken back");
      return 1;
    }
  }
  const until = seconds === undefined ? "" : `, until ${entries[0]?.deadline?.wall}`;
  report.say(`done, and read back${until}`);
  if (row.group === "park" && request.action === "set") {
    for (const gpu of gpus) {
      for (const why of parkReport(gpu, control).kept_awake_by) {
        report.say(`${gpu.id} stays awake: ${why}`);
      }
    }
  }
  report.document(plans, entries, "applied");
  return 0;
}
