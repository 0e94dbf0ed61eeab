/** A consumer like that of a target service: a durable quorum queue of all events, which are read and dropped. */
import { randomUUID } from 'node:crypto';
import { Connection } from 'rabbitmq-client';
import type { Cleanup } from '../test/support/cleanup.ts';

export async function consumeAndForget(t: Cleanup, url: string): Promise<void> {
  const connection = new Connection({ url });
  const channel = await connection.acquire();
  const queue = `bench.events.${randomUUID()}`;
  t.after(async () => {
    await channel.queueDelete({ queue });
    await channel.close();
    await connection.close();
  });
  const exchange = 'integration.events';
  await channel.exchangeDeclare({ exchange, type: 'topic', durable: true });
  await channel.queueDeclare({ queue, durable: true, arguments: { 'x-queue-type': 'quorum' } });
  await channel.queueBind({ queue, exchange, routingKey: '#' });
  await channel.basicConsume({ queue, noAck: true }, () => {});
}
