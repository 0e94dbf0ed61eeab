/** A real RabbitMQ with an exchange for one test, and the messages that arrive at a queue behind it. */
import { randomUUID } from 'node:crypto';
import { type AsyncMessage, Connection } from 'rabbitmq-client';
import type { Broker } from '../../src/broker/broker.ts';
import { openRabbitmqBroker } from '../../src/broker/rabbitmq-broker.ts';
import { type Cleanup, closeInReverse } from './cleanup.ts';
import { silentLogger } from './database.ts';

export const rabbitmqUrl = process.env.TEST_RABBITMQ_URL ?? 'amqp://guest:guest@127.0.0.1:5672';

export interface TestBroker {
  readonly url: string;
  readonly exchange: string;
  readonly broker: Broker;
  /** All messages of the exchange since the start, in order, as an outside consumer gets them. */
  readonly delivered: readonly AsyncMessage[];
}

export interface TestBrokerOptions {
  /** The broker's URL, for example through a proxy; the consumer always connects directly. */
  readonly url?: string;
  readonly confirmDeadlineMs?: number;
}

/** Closed, and the exchange deleted, after `t`. */
export async function startTestBroker(t: Cleanup, options: TestBrokerOptions = {}): Promise<TestBroker> {
  closeInReverse(t);
  const exchange = `test.events.${randomUUID()}`;
  const url = options.url ?? rabbitmqUrl;
  const { url: _, ...rest } = options;
  const delivered = await consumeAll(t, exchange);
  const broker = await openRabbitmqBroker({ urls: [url], logger: silentLogger, exchange, ...rest });
  t.after(() => broker.close());
  return { url, exchange, broker, delivered };
}

/** Declares `exchange` and collects all its messages. */
export async function consumeAll(t: Cleanup, exchange: string): Promise<readonly AsyncMessage[]> {
  closeInReverse(t);
  const connection = new Connection({ url: rabbitmqUrl, acquireTimeout: 10_000 });
  const channel = await connection.acquire();
  t.after(async () => {
    await channel.exchangeDelete({ exchange });
    await channel.close();
    await connection.close();
  });
  await channel.exchangeDeclare({ exchange, type: 'topic', durable: true });
  const { queue } = await channel.queueDeclare({ queue: '', exclusive: true, autoDelete: true });
  await channel.queueBind({ queue, exchange, routingKey: '#' });
  const delivered: AsyncMessage[] = [];
  await channel.basicConsume({ queue, noAck: true }, (message: AsyncMessage) => delivered.push(message));
  return delivered;
}
