/**
 * `set` and `reset`: plan, show, ask, make, ask again.
 *
 * @module
 */

import { describeChange, describeStep } from "../control/plan.ts";
import type { ControlContext } from "../control/surface.ts";
import { parkReport } from "../control/awake.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { printable } from "../render/text.ts";
import { type CommandContext, type CommandInput, flag, UsageError } from "./command.ts";
import type { ControlHost } from "./control_host.ts";
import { changesToReset, changesToSet, secondsOf } from "./control_request.ts";
import type { ControlRow } from "./control_table.ts";
import type { MadeChange, SettingsDesk, ShownPlan } from "./settings_desk.ts";

/** Seconds in which a risky change has to be confirmed. */
const CONFIRM_SECONDS = 15;

/** Seconds for which such a change outlives the question, so that the answer comes first. */
const CONFIRM_SLACK_SECONDS = 3;

/** All that a change goes by. */
export interface ChangeRequest {
  row: ControlRow;
  action: string;
  gpus: readonly Gpu[];
  /** Who makes it. */
  desk: SettingsDesk;
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

  plans(plans: readonly ShownPlan[]): void {
    for (const plan of plans) {
      this.say(plan.gpu);
      for (const change of plan.changes) this.say(`  ${describeChange(change)}`);
      if (plan.steps.length === 0) this.say("  nothing to do: it has these values");
      plan.steps.flatMap(describeStep).forEach((line) => this.say(`    ${line}`));
      for (const obstacle of plan.obstacles) this.say(`  cannot be made: ${obstacle}`);
    }
  }

  document(plans: readonly ShownPlan[], made: readonly MadeChange[], state: string): void {
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
        until: made.find(({ gpu }) => gpu === plan.gpu)?.until ?? null,
      })),
    };
    this.#request.context.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
  }
}

function makePlans({ row, action, gpus, desk, input }: ChangeRequest): Promise<ShownPlan[]> {
  return Promise.all(
    gpus.map((gpu) =>
      desk.plan(
        gpu,
        row.group,
        (surface) =>
          action === "set" ? changesToSet(row, input) : changesToReset(row, input, surface),
      )
    ),
  );
}

/** Takes back what was made; false where some of it could not be. */
async function takeBack(desk: SettingsDesk, report: Report): Promise<boolean> {
  const taken = await desk.takeBack();
  for (const { message } of taken) report.say(message);
  return taken.every(({ settled }) => settled);
}

/** `set` and `reset`. Returns the exit status. */
export async function changeSettings(request: ChangeRequest): Promise<number> {
  const { row, gpus, desk, input, context, host, control } = request;
  const report = new Report(request);
  const seconds = secondsOf(input);
  const yes = flag(input, "yes");
  const ask = (question: string, within?: number) =>
    host.ask(question, (text) => context.stderr.write(text), within);
  if (flag(input, "dryRun")) {
    const plans = await makePlans(request);
    report.plans(plans);
    report.document(plans, [], "planned");
    return 0;
  }
  for (const message of await desk.takeBackEarlier(gpus.map(({ id }) => id), row.group)) {
    report.say(`the earlier change is taken back first: ${message}`);
  }
  const plans = (await makePlans(request)).filter(({ steps }) => steps.length > 0);
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
  const made = await desk.apply(plans, limit);
  if (confirm) {
    const kept = await ask(
      `Keep it? It is taken back in ${CONFIRM_SECONDS} s. [y/N]`,
      CONFIRM_SECONDS,
    );
    if (kept !== true || !await desk.keep()) {
      const settled = await takeBack(desk, report);
      report.say(settled ? "taken back" : "NOT all taken back: see above");
      report.document(plans, [], "taken back");
      return 1;
    }
  }
  const until = seconds === undefined ? "" : `, until ${made[0]?.until}`;
  report.say(`done, and read back${until}`);
  if (row.group === "park" && request.action === "set") {
    for (const gpu of gpus) {
      for (const why of parkReport(gpu, control).kept_awake_by) {
        report.say(`${gpu.id} stays awake: ${why}`);
      }
    }
  }
  report.document(plans, made, "applied");
  return 0;
}
