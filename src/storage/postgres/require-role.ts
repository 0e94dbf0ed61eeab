import pg from 'pg';
import { connectionConfig } from './connection-pool.ts';
import { systemRole } from './roles.ts';

const deadlineMs = 5_000;

/**
 * Rejects where a connection does not get the role that it asks for as it starts: a pooler that ignores
 * start-up parameters takes away the role, and what planner settings stand beside it, without a word. The roles must
 * exist: after `migrate`.
 */
export async function requireRole(url: string): Promise<void> {
  const limits = { connectTimeoutMs: deadlineMs, statementTimeoutMs: deadlineMs };
  const settings = { url, applicationName: 'integration-service', role: systemRole, maxConnections: 1, ...limits };
  const client = new pg.Client(connectionConfig(settings));
  client.on('error', () => {}); // Reported by the query that it fails.
  try {
    await client.connect();
    const { rows } = await client.query<{ role: string }>('select current_user as role');
    if (rows[0]?.role === systemRole) return;
  } finally {
    await client.end().catch(() => {});
  }
  throw new Error('the start-up parameters of a connection are dropped on the way: connect to PostgreSQL itself');
}
