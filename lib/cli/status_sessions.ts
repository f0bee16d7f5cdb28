/**
 * `mvgal status --sessions`: the programs that run with a shim of mvgal.
 *
 * @module
 */

import type { ServiceClient } from "../client/service_client.ts";
import type { SessionView } from "../daemon/service_api.ts";
import { countedIn } from "../daemon/session_view.ts";
import type { StrategyName } from "../schedule/strategies.ts";
import {
  type RuntimeDirectories,
  runtimeDirectories,
  seesAllProcesses,
} from "../session/directory.ts";
import { type Session, SessionRegistry } from "../session/registry.ts";
import type { CommandContext } from "./command.ts";
import { findHostService } from "./service_host.ts";

/** A program as it is shown. */
export interface ListedSession extends Omit<SessionView, "strategy"> {
  /** Null where nobody has told the program one, and its environment asks for none. */
  strategy: StrategyName | null;
}

/** The programs. */
export interface SessionList {
  sessions: ListedSession[];
  /** Why they are not all, in one line; null where they are. */
  partial: string | null;
}

/** What a program's page says; where it was placed a service has written there, if one did. */
function listed(session: Session): ListedSession {
  const { id, pid, page } = session;
  const { policy, asked } = page;
  const base = {
    id,
    pid,
    command: page.command,
    since: page.began === null ? null : new Date(page.began).toISOString(),
    api: page.api,
    ...countedIn(session),
  };
  if (policy.state !== "set") {
    const placed_because = policy.state === "unset"
      ? "no service has placed it: it goes by its environment"
      : `what it was told is not sound: ${policy.reason}`;
    return { ...base, strategy: asked.strategy, gpus: [], placed_on: null, placed_because };
  }
  const { strategy, gpus } = policy.policy;
  return {
    ...base,
    strategy,
    gpus: gpus.filter(({ enabled }) => enabled).map(({ id }) => id),
    placed_on: gpus.find(({ preferred }) => preferred)?.id ?? null,
    placed_because: "a service has placed it there; why is not in its page",
  };
}

/** The programs by their pages. What programs that were killed left behind is removed. */
export function sessionsByPages(directories: RuntimeDirectories): SessionList {
  using registry = new SessionRegistry({ directories, removes: seesAllProcesses() });
  const { sessions, problems } = registry.look();
  return {
    sessions: sessions.map(listed),
    partial: problems.length === 0
      ? null
      : problems.map(({ path, reason }) => `${path}: ${reason}`).join("; "),
  };
}

async function fromService(client: ServiceClient): Promise<SessionList> {
  return { sessions: await client.get<SessionView[]>("/api/v1/sessions"), partial: null };
}

/** The programs: by the service where one runs, which knows why they are where they are, else by their pages. */
export async function listSessions(
  context: Pick<CommandContext, "env" | "stderr">,
  { direct }: { direct: boolean },
): Promise<SessionList> {
  const found = direct ? undefined : await findHostService(context);
  if (found !== undefined) {
    try {
      return await fromService(found.client);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      context.stderr.write(`mvgal: ${why}; going on without it\n`);
    }
  }
  return sessionsByPages(runtimeDirectories(context.env, Deno.uid()));
}
