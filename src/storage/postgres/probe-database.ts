import pg from 'pg';
import { DatabaseAway } from './database-away.ts';

/**
 * One round trip on a fresh connection. Rejects without an answer within `deadlineMs`, or if the login is refused; with
 * `mustWrite`, also if the server takes no writes, as a standby does.
 */
export async function probeDatabase(
  config: pg.ClientConfig,
  deadlineMs: number,
  { mustWrite = false }: { mustWrite?: boolean } = {},
): Promise<void> {
  const client = new pg.Client({ ...config, connectionTimeoutMillis: deadlineMs, query_timeout: deadlineMs });
  client.on('error', () => {}); // Reported by the rejection as well.
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new DatabaseAway(`no answer in ${deadlineMs} ms`)), deadlineMs);
  });
  const answer = async (): Promise<void> => {
    await client.connect();
    const { rows } = await client.query(`select current_setting('transaction_read_only') = 'on' as is_read_only`);
    if (mustWrite && rows[0].is_read_only) throw new DatabaseAway('it is read-only');
  };
  try {
    await Promise.race([answer(), late]);
  } finally {
    clearTimeout(timer);
    // Do not wait for the connection to close: the server may never answer.
    client.end().catch(() => {});
    client.connection.stream.destroy();
  }
}
