/**
 * Reads a spreadsheet around a change: one request each time, repeated after limits and failures while there is time.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../clock.ts';
import type { ServiceError } from '../../errors.ts';
import type { Caller } from '../../gateway/caller.ts';
import type { SheetsInspected, SheetsInspectInput } from '../../providers/google_sheets/operations.ts';
import type { Accounts } from '../ask-accounts.ts';
import type { SheetsCapabilities } from '../capabilities.ts';

export interface InspectDeps {
  readonly accounts: Accounts;
  readonly capabilities: Pick<SheetsCapabilities, 'inspect' | 'probe'>;
  readonly clock: Clock;
  readonly requestTimeoutMs: number;
}

export interface SpreadsheetAccess {
  readonly caller: Caller;
  readonly spreadsheetId: string;
  /** Unix milliseconds. */
  readonly deadlineAtMs: number;
}

/** Why a spreadsheet could not be inspected. `untilMs`: only limits stood in its way, until then. */
export class InspectionFailed extends Error {
  readonly error: ServiceError;
  readonly untilMs: number | null;

  constructor(error: ServiceError, untilMs: number | null) {
    super('a spreadsheet could not be inspected', { cause: error });
    this.error = error;
    this.untilMs = untilMs;
  }
}

type InputFor<Kind extends SheetsInspectInput['kind']> = Extract<SheetsInspectInput, { kind: Kind }>;
type OutputFor<Kind extends SheetsInspectInput['kind']> = Kind extends 'sheets'
  ? Extract<SheetsInspected, { kind: 'sheets' | 'too_large' }>
  : Extract<SheetsInspected, { kind: Kind }>;

/** Throws `InspectionFailed`. A limit is reported at once: the caller knows better how long to wait. */
export async function inspectSpreadsheet<Kind extends SheetsInspectInput['kind']>(
  deps: InspectDeps,
  access: SpreadsheetAccess,
  input: Omit<InputFor<Kind>, 'spreadsheetId'>,
): Promise<OutputFor<Kind>> {
  return (await ask<Kind>(deps, access, input)).inspected;
}

interface Inspection<Kind extends SheetsInspectInput['kind']> {
  readonly inspected: OutputFor<Kind>;
  /** The account that was asked. */
  readonly provider: string;
}

async function ask<Kind extends SheetsInspectInput['kind']>(
  deps: InspectDeps,
  { caller, spreadsheetId, deadlineAtMs }: SpreadsheetAccess,
  input: Omit<InputFor<Kind>, 'spreadsheetId'>,
): Promise<Inspection<Kind>> {
  const { inspect, probe } = deps.capabilities;
  const asked = await deps.accounts.ask({
    capability: input.kind === 'end' ? probe : inspect,
    input: { ...input, spreadsheetId } as InputFor<Kind>,
    spreadsheetId,
    caller,
    deadlineAtMs: Math.max(deadlineAtMs, deps.clock.now() + deps.requestTimeoutMs),
    signal: new AbortController().signal,
    isOwn: true,
  });
  if (asked.kind === 'answered') {
    return { inspected: asked.answer.value as OutputFor<Kind>, provider: asked.answer.service.serviceName };
  }
  throw new InspectionFailed(asked.error, asked.kind === 'limited' ? asked.untilMs : null);
}

/** Doubles with each failed try. */
const againAfterMs = 300;
const maxTries = 6;

/** Like `inspectSpreadsheet`, but repeats until the deadline, because its answer decides the outcome of a change. null: no answer. */
export async function inspectUntilDeadline<Kind extends SheetsInspectInput['kind']>(
  deps: InspectDeps,
  access: SpreadsheetAccess,
  input: Omit<InputFor<Kind>, 'spreadsheetId'>,
): Promise<Inspection<Kind> | null> {
  for (let tries = 1; ; tries++) {
    try {
      return await ask<Kind>(deps, access, input);
    } catch (error) {
      if (!(error instanceof InspectionFailed)) throw error;
      const nextAtMs = Math.max(error.untilMs ?? 0, deps.clock.now() + againAfterMs * 2 ** (tries - 1));
      if (nextAtMs >= access.deadlineAtMs || tries === maxTries) return null;
      await sleep(nextAtMs - deps.clock.now());
    }
  }
}
