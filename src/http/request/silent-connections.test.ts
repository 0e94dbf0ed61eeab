import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { test } from 'node:test';
import Fastify from 'fastify';
import { closeSilentConnections } from './silent-connections.ts';

test('a connection on which nothing was ever sent does not hold up the end', async () => {
  const app = Fastify({ forceCloseConnections: 'idle' });
  closeSilentConnections(app);
  await app.listen({ port: 0, host: '127.0.0.1' });
  const accepted = once(app.server, 'connection');
  const silent = connect((app.server.address() as AddressInfo).port, '127.0.0.1');
  const closed = once(silent, 'close');
  await accepted;
  await app.close();
  await closed;
});

test('a request that comes while the app closes is still served', async () => {
  const app = Fastify({ forceCloseConnections: 'idle', return503OnClosing: false });
  closeSilentConnections(app);
  app.get('/', async () => 'served');
  await app.listen({ port: 0, host: '127.0.0.1' });
  const accepted = once(app.server, 'connection');
  const client = connect((app.server.address() as AddressInfo).port, '127.0.0.1');
  await accepted;
  const closing = app.close();
  client.write('GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n');
  let reply = '';
  for await (const chunk of client) reply += chunk;
  assert.match(reply, /200 OK[\s\S]*served/);
  await closing;
});
