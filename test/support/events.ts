/** The service's events for another program: a separate queue behind the exchange. */
import { type AsyncMessage, Connection } from 'rabbitmq-client';
import { rabbitmqUrl } from './broker.ts';
import { type Cleanup, closeInReverse } from './cleanup.ts';

export interface ConsumedEvent {
  readonly event_id: string;
  readonly event_type: string;
  readonly management_company_id: string;
  readonly correlation_id: string;
  /** Only for `integration.webhook.received`. */
  readonly webhook_event_id?: string;
  /** Only for the three events of a call. */
  readonly request_id?: string;
  /** Unix milliseconds of this process's clock. */
  readonly arrivedAtMs: number;
}

/** In the order of arrival, with redeliveries. The exchange is shared, so only the tenant's events are kept. */
export async function consumeEventsOf(t: Cleanup, tenant: string): Promise<{ readonly all: readonly ConsumedEvent[] }> {
  closeInReverse(t);
  const exchange = 'integration.events';
  const connection = new Connection({ url: rabbitmqUrl, acquireTimeout: 10_000 });
  const channel = await connection.acquire();
  t.after(async () => {
    await channel.close();
    await connection.close();
  });
  await channel.exchangeDeclare({ exchange, type: 'topic', durable: true });
  const { queue } = await channel.queueDeclare({ queue: '', exclusive: true, autoDelete: true });
  await channel.queueBind({ queue, exchange, routingKey: '#' });
  const all: ConsumedEvent[] = [];
  await channel.basicConsume({ queue, noAck: true }, ({ body }: AsyncMessage) => {
    const event = (Buffer.isBuffer(body) ? JSON.parse(body.toString()) : body) as ConsumedEvent;
    if (event.management_company_id === tenant) all.push({ ...event, arrivedAtMs: Date.now() });
  });
  return { all };
}
