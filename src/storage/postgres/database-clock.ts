import type { Database } from './database.ts';

/** The time at the database, in Unix milliseconds. */
export async function databaseNowMs(db: Pick<Database, 'querySystem'>): Promise<number> {
  const { rows } = await db.querySystem<{ now: Date }>({ name: 'database_now', text: 'select now() as now' });
  const [row] = rows;
  if (row === undefined) throw new Error('the database returned no time');
  return row.now.getTime();
}
