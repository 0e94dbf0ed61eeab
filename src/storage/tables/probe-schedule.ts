/** SQL of `external_services.probe_due_at`: which services the prober checks next. */
import type { ServiceId } from '../../ids.ts';
import type { Database } from '../postgres/database.ts';
import { rowsOf } from '../postgres/statement.ts';

export interface DueProbeRow {
  readonly id: ServiceId;
  readonly status: string;
  readonly checked_at: Date | null;
  /** The last call or the creation of the service, whichever is later. */
  readonly used_at: Date;
  readonly failures_in_row: number;
  readonly successes_in_row: number;
  readonly last_error: string | null;
}

/** Due services of every tenant, longest overdue first. A webhook sender without an address is never probed. */
export const listDueProbesAcrossTenants = rowsOf<DueProbeRow>(
  'probe_schedule_due',
  `with due as (
     select id, probe_due_at, created_at
       from external_services
      where is_active and (service_type <> 'webhook' or base_url is not null) and probe_due_at <= $1
      order by probe_due_at
      limit $2)
   select due.id, coalesce(h.status, 'unknown') as status, h.checked_at, greatest(h.used_at, due.created_at) as used_at,
          coalesce(h.failures_in_row, 0) as failures_in_row, coalesce(h.successes_in_row, 0) as successes_in_row,
          h.last_error
     from due left join service_health h on h.service_id = due.id
    order by due.probe_due_at`,
).acrossTenants((nowMs: number, limit: number) => [new Date(nowMs), limit]);

export interface ScheduledProbe {
  readonly id: ServiceId;
  /** Unix milliseconds of the next probe. */
  readonly dueAtMs: number;
  /** Unix milliseconds of a success that changed nothing; null: recorded elsewhere, or not probed. */
  readonly checkedAtMs: number | null;
}

/**
 * A service that changed after `scheduledAtMs` stays due. Locks services before their health, as every transaction that
 * locks both.
 */
export async function scheduleProbesAcrossTenants(
  db: Pick<Database, 'acrossTenants'>,
  scheduled: readonly ScheduledProbe[],
  scheduledAtMs: number,
): Promise<void> {
  const rows = JSON.stringify(
    scheduled.map(({ id, dueAtMs, checkedAtMs }) => ({
      id,
      due_at: new Date(dueAtMs),
      checked_at: checkedAtMs === null ? null : new Date(checkedAtMs),
    })),
  );
  await db.acrossTenants('probe schedule', async (tx) => {
    await tx.query({
      name: 'probe_schedule_save',
      text: `update external_services s
                set probe_due_at = case when s.probe_due_at <= $2 then l.due_at else s.probe_due_at end,
                    last_health_check = greatest(s.last_health_check, l.checked_at)
               from json_to_recordset($1::json) as l (id uuid, due_at timestamptz, checked_at timestamptz)
              where s.id = l.id`,
      values: [rows, new Date(scheduledAtMs)],
    });
    await tx.query({
      name: 'probe_schedule_save_checks',
      text: `update service_health h set checked_at = greatest(h.checked_at, l.checked_at)
               from json_to_recordset($1::json) as l (id uuid, checked_at timestamptz)
              where h.service_id = l.id and l.checked_at is not null`,
      values: [rows],
    });
  });
}
