/** Separate Redis servers, for settings that the shared one must not have. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Redis } from 'ioredis';
import { findFreePort } from '../../src/storage/embedded/free-port.ts';
import { type Cleanup, closeInReverse } from './cleanup.ts';
import { createDataDir } from './data-dir.ts';
import { waitFor } from './wait-for.ts';

type Settings = Readonly<Record<string, string | number>>;

/** `settings` as in redis.conf. Stopped after `t`. Returns its port; it may not listen yet. */
export async function spawnRedisServer(t: Cleanup, settings: Settings): Promise<number> {
  closeInReverse(t);
  const port = await findFreePort();
  const own = { port, bind: '127.0.0.1', save: '', dir: await createDataDir(t) };
  const args = Object.entries({ ...own, ...settings }).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const server = spawn('redis-server', args, { stdio: 'ignore' });
  t.after(async () => {
    if (server.exitCode !== null) return;
    const ended = once(server, 'exit');
    server.kill('SIGKILL');
    await ended;
  });
  return port;
}

/** The same, once it answers. Returns its URL. */
export async function startRedisServer(t: Cleanup, settings: Settings): Promise<string> {
  const port = await spawnRedisServer(t, settings);
  const client = new Redis(port, '127.0.0.1', { retryStrategy: () => 50, maxRetriesPerRequest: null });
  client.on('error', () => {}); // Not up yet: the client tries again.
  try {
    await waitFor('Redis answers', async () => client.status === 'ready');
  } finally {
    client.disconnect();
  }
  return `redis://127.0.0.1:${port}`;
}
