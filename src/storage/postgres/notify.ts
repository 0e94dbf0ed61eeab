import type { Database } from './database.ts';

/**
 * Notifies all replicas that listen on `channel`, this one too. At most 8,000 bytes; rejects if the statement fails.
 */
export async function notify(db: Pick<Database, 'querySystem'>, channel: string, payload: string): Promise<void> {
  await db.querySystem({ text: 'select pg_notify($1, $2)', values: [channel, payload] });
}
