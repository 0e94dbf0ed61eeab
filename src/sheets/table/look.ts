/**
 * Reads a spreadsheet around a change: one request per look, repeated after limits and failures while there is time.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../clock.ts';
import type { ServiceError } from '../../errors.ts';
import type { Caller } from '../../gateway/caller.ts';
import type { SheetsLooked, SheetsLookInput } from '../../providers/google_sheets/operations.ts';
import type { Accounts } from '../ask-accounts.ts';
import type { SheetsCapabilities } from '../capabilities.ts';

export interface LookDeps {
  readonly accounts: Accounts;
  readonly capabilities: Pick<SheetsCapabilities, 'look' | 'probe'>;
  readonly clock: Clock;
  readonly requestTimeoutMs: number;
}

export interface Looker {
  readonly caller: Caller;
  readonly spreadsheetId: string;
  /** Unix milliseconds. */
  readonly deadlineAtMs: number;
}

/** Why a look failed. `untilMs`: only limits stood in its way, until then. */
export class LookRefused extends Error {
  readonly error: ServiceError;
  readonly untilMs: number | null;

  constructor(error: ServiceError, untilMs: number | null) {
    super('a spreadsheet could not be looked at', { cause: error });
    this.error = error;
    this.untilMs = untilMs;
  }
}

type LookOf<Kind extends SheetsLookInput['kind']> = Extract<SheetsLookInput, { kind: Kind }>;
type LookedOf<Kind extends SheetsLookInput['kind']> = Kind extends 'sheets'
  ? Extract<SheetsLooked, { kind: 'sheets' | 'too_large' }>
  : Extract<SheetsLooked, { kind: Kind }>;

/** Throws `LookRefused`. A limit is reported at once: the caller knows better how long to wait. */
export async function look<Kind extends SheetsLookInput['kind']>(
  deps: LookDeps,
  looker: Looker,
  input: Omit<LookOf<Kind>, 'spreadsheetId'>,
): Promise<LookedOf<Kind>> {
  return (await ask<Kind>(deps, looker, input)).looked;
}

interface Told<Kind extends SheetsLookInput['kind']> {
  readonly looked: LookedOf<Kind>;
  /** The account that made the look. */
  readonly provider: string;
}

async function ask<Kind extends SheetsLookInput['kind']>(
  deps: LookDeps,
  { caller, spreadsheetId, deadlineAtMs }: Looker,
  input: Omit<LookOf<Kind>, 'spreadsheetId'>,
): Promise<Told<Kind>> {
  const { look: reads, probe } = deps.capabilities;
  const asked = await deps.accounts.ask({
    capability: input.kind === 'end' ? probe : reads,
    input: { ...input, spreadsheetId } as LookOf<Kind>,
    spreadsheetId,
    caller,
    deadlineAtMs: Math.max(deadlineAtMs, deps.clock.now() + deps.requestTimeoutMs),
    signal: new AbortController().signal,
    isOwn: true,
  });
  if (asked.kind === 'answered') {
    return { looked: asked.answer.value as LookedOf<Kind>, provider: asked.answer.service.serviceName };
  }
  throw new LookRefused(asked.error, asked.kind === 'limited' ? asked.untilMs : null);
}

/** Doubles with each failed look. */
const againAfterMs = 300;
const maxLooks = 6;

/** Like `look`, but repeats until the deadline, because its answer decides the outcome of a change. null: no answer. */
export async function lookUntil<Kind extends SheetsLookInput['kind']>(
  deps: LookDeps,
  looker: Looker,
  input: Omit<LookOf<Kind>, 'spreadsheetId'>,
): Promise<Told<Kind> | null> {
  for (let looks = 1; ; looks++) {
    try {
      return await ask<Kind>(deps, looker, input);
    } catch (error) {
      if (!(error instanceof LookRefused)) throw error;
      const nextAtMs = Math.max(error.untilMs ?? 0, deps.clock.now() + againAfterMs * 2 ** (looks - 1));
      if (nextAtMs >= looker.deadlineAtMs || looks === maxLooks) return null;
      await sleep(nextAtMs - deps.clock.now());
    }
  }
}
