/**
 * Goes on with the redrives of all tenants, on every replica. A step is one transaction that holds the redrive: it counts
 * what ended, makes one page due and notes the place, so that a crash between two steps neither loses nor repeats an
 * event, and two replicas never take the same page.
 *
 * At most 100 deliveries of a redrive that were not tried yet are due at once: each target takes them at its own pace
 * and in its order, and what comes in meanwhile does not stand behind the whole redrive. Those that failed once, or whose
 * target is paused, no longer count: a bad target holds up nobody else's.
 */
import type { Logger } from '../../logger.ts';
import { startRounds } from '../../rounds.ts';
import type { Database, Queryable } from '../../storage/postgres/database.ts';
import { DatabaseAway } from '../../storage/postgres/database.ts';
import {
  claimRedrive,
  countEndedDeliveries,
  countWaitingDeliveries,
  listUnfinishedRedrivesAcrossTenants,
  noteRedriveStep,
  type RedriveRow,
  setRedriveState,
} from '../../storage/tables/webhooks/bulk-redrives.ts';
import { perTransaction, type RetryEventsDeps, sendPageAgain } from './retry-events.ts';

export interface RunRedrivesDeps extends RetryEventsDeps {
  readonly db: Pick<Database, 'forTenant' | 'querySystem'>;
  readonly logger: Logger;
}

export interface RunningRedrives {
  /** Called when a redrive has begun. */
  wake(): void;
  close(): Promise<void>;
}

const everyMs = 1_000;
const mostUntried = 100;
/** Per round, over all tenants. */
const mostRedrives = 1_000;
/** Per redrive and round, so that the others get their turn. */
const stepsAtOnce = 25;

export function startRunningRedrives(deps: RunRedrivesDeps): RunningRedrives {
  const rounds = startRounds({
    everyMs,
    async round(stopping) {
      const unfinished = await listUnfinishedRedrivesAcrossTenants({ query: deps.db.querySystem }, mostRedrives);
      for (const redrive of unfinished) {
        // The failure of one redrive must not stop the others.
        await runOne(deps, redrive, stopping).catch((error: unknown) => {
          if (error instanceof DatabaseAway) throw error;
          deps.logger.error(
            { err: error, tenant: redrive.management_company_id, redrive_id: redrive.id },
            'could not go on with a redrive',
          );
        });
      }
    },
    onFailure: (error) => deps.logger.debug({ err: error }, 'could not look for redrives'),
  });
  return { wake: rounds.start, close: rounds.close };
}

async function runOne(
  deps: RunRedrivesDeps,
  { id, management_company_id: tenantId }: Pick<RedriveRow, 'id' | 'management_company_id'>,
  stopping: AbortSignal,
): Promise<void> {
  for (let steps = 0; steps < stepsAtOnce && !stopping.aborted; steps++) {
    const { sent, hasMore } = await deps.db.forTenant(tenantId, async (tx) => {
      const redrive = await claimRedrive(tx, tenantId, id);
      return redrive === null ? { sent: 0, hasMore: false } : takeStep(deps, tx, redrive);
    });
    if (sent > 0) deps.onTargetDelivery();
    if (!hasMore) return;
  }
}

async function takeStep(
  deps: RunRedrivesDeps,
  tx: Queryable,
  redrive: RedriveRow,
): Promise<{ readonly sent: number; readonly hasMore: boolean }> {
  const { id, management_company_id: tenantId, state, filter } = redrive;
  const rest = { sent: 0, hasMore: false };
  await countEndedDeliveries(tx, tenantId, id);
  const { waiting, untried } = await countWaitingDeliveries(tx, tenantId, id);
  if (state === 'settling' && waiting === 0) await setRedriveState(tx, tenantId, id, 'done');
  if (state !== 'sending' || untried >= mostUntried) return rest;
  const { seen, sent, deliveryIds, last } = await sendPageAgain(deps, tx, tenantId, filter, placeOf(redrive), {
    to: redrive.send_to,
    requestId: redrive.request_id,
  });
  if (last !== null) {
    await noteRedriveStep(tx, tenantId, id, { sent, skipped: seen - sent, deliveryIds, after: last });
  }
  if (seen === perTransaction) return { sent, hasMore: true };
  await setRedriveState(tx, tenantId, id, waiting + deliveryIds.length === 0 ? 'done' : 'settling');
  return { sent, hasMore: false };
}

function placeOf({ after_received_at: at, after_event_id: id }: RedriveRow) {
  return at === null || id === null ? null : { at: at.toISOString(), id };
}
