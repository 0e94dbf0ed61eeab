/** RabbitMQ: may we connect, and is the exchange as we declare it? Nothing is published: consumers are real. */
import { setTimeout as delay } from 'node:timers/promises';
import { Connection } from 'rabbitmq-client';
import { type Finding, failed, ok, reasonOf } from './finding.ts';

const connectDeadlineMs = 5_000;
const closeDeadlineMs = 1_000;
const exchange = 'integration.events';

export async function checkBroker(urls: readonly string[]): Promise<readonly Finding[]> {
  const [first = ''] = urls;
  const connection = new Connection({
    url: first,
    acquireTimeout: connectDeadlineMs,
    connectionTimeout: connectDeadlineMs,
    ...(urls.length === 1 ? {} : { hosts: urls.map((url) => new URL(url).host) }),
  });
  let lastError: unknown;
  connection.on('error', (error: unknown) => {
    lastError = error;
  });
  try {
    const channel = await connection.acquire();
    await channel.close();
    return [ok('rabbitmq', 'connected'), await checkExchange(connection)];
  } catch (error) {
    // A refused login has no code, and the library writes that down.
    const reason = reasonOf(lastError ?? error).replace(/^undefined: /, '');
    return [failed('rabbitmq', reason, 'check RABBITMQ_URL, its user, and its virtual host')];
  } finally {
    // A connection that was never made would wait for its own time-out.
    await Promise.race([connection.close().catch(() => {}), delay(closeDeadlineMs, undefined, { ref: false })]);
    connection.unsafeDestroy();
  }
}

/** A declaration with other properties is refused by the server; an exchange that is missing is made, as the service would. */
async function checkExchange(connection: Connection): Promise<Finding> {
  const channel = await connection.acquire();
  try {
    await channel.exchangeDeclare({ exchange, type: 'topic', durable: true });
    await channel.confirmSelect();
    return ok('rabbitmq exchange', `${exchange} is a durable topic exchange`);
  } catch (error) {
    const remedy = `let the user configure and write ${exchange}; an exchange of another kind must be deleted first`;
    return failed('rabbitmq exchange', reasonOf(error), remedy);
  } finally {
    await channel.close().catch(() => {});
  }
}
