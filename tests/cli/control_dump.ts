/** A host that is a copy of a dump, for the commands that change settings. */

import { join } from "node:path";
import { whyNotWritable } from "../../ffi/access.ts";
import { type CommandContext } from "../../lib/cli/command.ts";
import { controlCommand, controlRow } from "../../lib/cli/control.ts";
import type { ControlHost } from "../../lib/cli/control_host.ts";
import type { SettingsDesk } from "../../lib/cli/settings_desk.ts";
import { HostDevice } from "../../lib/control/device.ts";
import { FileJournal } from "../../lib/control/journal.ts";
import type { SettingGroup } from "../../lib/control/setting.ts";
import type { Gpu } from "../../lib/gpu/gpu.ts";
import { TestClock } from "../control/clock.ts";
import { CopiedDump } from "../control/emulated_gpu.ts";

/** A host that is a copy of a dump. */
export class Host extends CopiedDump {
  readonly clock = new TestClock();
  readonly journal = new FileJournal(join(this.directory, "journal"));
  readonly questions: string[] = [];
  answers: (boolean | null)[] = [];
  watchers = 0;
  stdout = "";
  stderr = "";

  /** What happens while a question stands. */
  asks: () => Promise<void> = () => Promise.resolve();

  /** The service, where a test has one. */
  serviceDesk(_context: CommandContext, _gpus: readonly Gpu[]): Promise<SettingsDesk | undefined> {
    return Promise.resolve(undefined);
  }

  get #host(): ControlHost {
    return {
      open: () => ({
        device: new HostDevice(this.context.sysroot),
        journal: this.journal,
        clock: this.clock,
        [Symbol.dispose]: () => {},
      }),
      whyNotWritable: () => (path) => whyNotWritable(join(this.directory, path)),
      mayChange: () => true,
      ask: async (question) => {
        this.questions.push(question);
        const answer = this.answers.shift() ?? null;
        await this.asks();
        return answer;
      },
      startWatcher: () => {
        this.watchers++;
      },
      settleOverdue: () => [],
      openServiceDesk: (context, _sysroot, gpus) => this.serviceDesk(context, gpus),
    };
  }

  /** Runs a command as typed: an action, a value, options by name. */
  async run(group: SettingGroup, args: string[], options: Record<string, unknown> = {}) {
    this.stdout = this.stderr = "";
    const output = (add: (text: string) => void) => ({
      isTerminal: true,
      color: false,
      columns: 80,
      write: (data: string | Uint8Array) => add(String(data)),
    });
    const context: CommandContext = {
      stdout: output((text) => this.stdout += text),
      stderr: output((text) => this.stderr += text),
      env: () => undefined,
    };
    const command = controlCommand(controlRow(group), this.#host);
    return await command.run({ args, options: { sysroot: this.directory, ...options } }, context);
  }

  get cap(): string {
    return this.read("sys/devices/pci0000:00/0000:0b:00.0/hwmon/hwmon4/power1_cap").trim();
  }

  get pwmMode(): string {
    return this.read("sys/devices/pci0000:00/0000:0b:00.0/hwmon/hwmon4/pwm1_enable").trim();
  }
}
