import pg from 'pg';
import { connectionConfig } from './connection-pool.ts';
import { systemRole } from './roles.ts';

const deadlineMs = 5_000;

/**
 * Rejects if a connection does not get the role in its start-up parameters. A pooler that ignores start-up parameters
 * silently drops the role and the planner settings. Call it after `migrate`, which creates the roles.
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
  throw new Error('a pooler or proxy dropped start-up parameters of the connection: connect to PostgreSQL itself');
}
