import assert from 'node:assert/strict';
import { test } from 'node:test';
import Fastify from 'fastify';
import { sendTogether } from './send-together.ts';

test('answers of one turn are sent at its end, and one that cannot be sent stops no other', async (t) => {
  const app = Fastify();
  t.after(() => app.close());
  const order: string[] = [];
  app.addHook('onSend', (request, _reply, _payload, done) => {
    order.push(`sent ${request.url}`);
    done();
  });
  app.get('/:name', (request, reply) => {
    order.push(`answered ${request.url}`);
    if (request.url === '/bad') reply.header('x-bad', 'a\nb');
    sendTogether(reply, Buffer.from('ok'));
  });
  await app.ready();
  const get = async (url: string) => (await app.inject({ url })).statusCode;
  assert.deepEqual(await Promise.all(['/a', '/bad', '/b'].map(get)), [200, 500, 200]);
  const steps = (what: string) => order.filter((step) => step.startsWith(what)).map((step) => step.split(' ')[1]);
  assert.deepEqual(steps('sent').slice(0, 2), ['/a', '/bad']);
  assert.ok(order.indexOf('sent /a') > order.indexOf('answered /b'), order.join());
  assert.equal(await get('/c'), 200);
});
