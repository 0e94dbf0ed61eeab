import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { Connection } from 'rabbitmq-client';
import { consumeAll, rabbitmqUrl } from '../../../test/support/broker.ts';
import { closeInReverse } from '../../../test/support/cleanup.ts';
import { waitFor } from '../../../test/support/wait-for.ts';
import { checkPublishing } from './check-broker.ts';

function connect(t: TestContext): Connection {
  closeInReverse(t);
  const connection = new Connection({ url: rabbitmqUrl, acquireTimeout: 10_000 });
  connection.on('error', () => {}); // The refusal below.
  t.after(() => connection.close());
  return connection;
}

test('the right to publish is checked without a message to any consumer', async (t) => {
  const connection = connect(t);
  const exchange = `test.doctor.${randomUUID()}`;
  const delivered = await consumeAll(t, exchange);
  const { status, detail } = await checkPublishing(connection, exchange);
  assert.equal(status, 'ok', detail);
  const publisher = connection.createPublisher({ confirm: true });
  t.after(() => publisher.close());
  await publisher.send({ exchange, routingKey: 'after' }, 'x');
  await waitFor('the message after it', () => delivered.length > 0);
  assert.deepEqual(
    delivered.map(({ routingKey }) => routingKey),
    ['after'],
  );
});

test('an exchange that this login may not publish to is named, with the server’s reason', async (t) => {
  const connection = connect(t);
  const exchange = `test.doctor.${randomUUID()}`;
  // The server refuses to publish to an internal exchange as it does without the right to write.
  await connection.exchangeDeclare({ exchange, type: 'topic', internal: true });
  t.after(() => connection.exchangeDelete({ exchange }));
  const { status, detail, remedy } = await checkPublishing(connection, exchange);
  assert.equal(status, 'failed');
  assert.match(detail, /ACCESS_REFUSED/);
  assert.match(remedy ?? '', new RegExp(exchange));
});
