/**
 * A straightforward webhook receiver: Fastify, the signature, one INSERT and one awaited publish per request.
 * Arguments: port, database URL, RabbitMQ URL, exchange, secret, form: `plain`, as a first version would be (an
 * unprepared statement, the payload as jsonb), or `tuned` (a prepared statement, the payload's bytes unchanged).
 */
import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto';
import Fastify from 'fastify';
import pg from 'pg';
import { Connection } from 'rabbitmq-client';

const [port = '0', databaseUrl = '', rabbitmqUrl = '', exchange = '', secret = '', form = ''] = process.argv.slice(2);
const isTuned = form === 'tuned';
const pool = new pg.Pool({ connectionString: databaseUrl, max: 10 });
await pool.query(
  `create table if not exists peer_webhooks (
     id uuid primary key, delivery_id text not null unique, payload ${isTuned ? 'bytea' : 'jsonb'} not null,
     received_at timestamptz not null)`,
);
const connection = new Connection(rabbitmqUrl);
const publisher = connection.createPublisher({
  confirm: true,
  exchanges: [{ exchange, type: 'topic', durable: true }],
});

const app = Fastify({ logger: false });
app.removeAllContentTypeParsers();
app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
app.post('/hook', async (request, reply) => {
  const body = request.body as Buffer;
  const given = Buffer.from(String(request.headers['x-webhook-signature']), 'hex');
  const expected = createHmac('sha256', secret).update(body).digest();
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return reply.code(401).send();
  const delivery = JSON.parse(body.toString()) as { id: string };
  const id = randomUUID();
  const inserted = await pool.query({
    ...(isTuned ? { name: 'insert' } : {}),
    text: 'insert into peer_webhooks values ($1, $2, $3, now()) on conflict (delivery_id) do nothing',
    values: [id, delivery.id, isTuned ? body : delivery],
  });
  if (inserted.rowCount === 1) {
    await publisher.send({ exchange, routingKey: 'webhook', durable: true, messageId: id }, { id, payload: delivery });
  }
  return { status: 'accepted', event_id: id };
});
await app.listen({ port: Number(port), host: '127.0.0.1' });
