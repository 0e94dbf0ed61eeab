import assert from 'node:assert/strict';
import { connect, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { startTestDatabase } from '../../../test/support/database.ts';
import { requireRole } from './require-role.ts';

const headBytes = 8;

/** Passes on what a client asks for as it starts without its `options`, as a pooler does that ignores them. */
function withoutOptions(startup: Buffer): Buffer {
  const words = startup.subarray(headBytes).toString('latin1').split('\0');
  const at = words.indexOf('options');
  assert.notEqual(at, -1, 'the client asks for its role by `options`');
  words.splice(at, 2);
  const rest = Buffer.from(words.join('\0'), 'latin1');
  const head = Buffer.from(startup.subarray(0, headBytes));
  head.writeInt32BE(headBytes + rest.length);
  return Buffer.concat([head, rest]);
}

async function startPooler(t: TestContext, databaseUrl: string): Promise<string> {
  const { hostname, port } = new URL(databaseUrl);
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on('error', () => {}); // The other side is closed by it as well.
    }
    client.once('data', (startup: Buffer) => {
      upstream.write(withoutOptions(startup));
      client.pipe(upstream);
    });
    upstream.pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  const url = new URL(databaseUrl);
  url.port = String((server.address() as { port: number }).port);
  return url.href;
}

test('a pooler that drops the role of connections is refused, and one that keeps it is not', async (t) => {
  const { url } = await startTestDatabase(t);
  await requireRole(url);
  await assert.rejects(requireRole(await startPooler(t, url)), /connect to PostgreSQL itself/);
});
