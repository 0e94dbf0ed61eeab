/** Whether everything recorded has been published, and its confirm recorded. */
import type { Database } from '../../src/storage/postgres/database.ts';

/** Waiting events: rows of the outbox, and facts above the mark of their process. */
export async function countUnpublished(db: Pick<Database, 'querySystem'>): Promise<number> {
  const { rows } = await db.querySystem<{ waiting: number }>({
    text: `
      select (select count(*) from outbox_events)
           + (select count(*) from integration_logs f
               where origin is not null and not exists (
                 select from relay_marks m where m.origin = f.origin and m.published_up_to >= f.origin_number)
                 and exists (select from relay_marks m where m.origin = f.origin))
           + (select count(*) from webhook_events f
               where origin is not null and not exists (
                 select from relay_marks m where m.origin = f.origin and m.published_up_to >= f.origin_number)
                 and exists (select from relay_marks m where m.origin = f.origin)) as waiting`,
  });
  return Number(rows[0]?.waiting);
}
