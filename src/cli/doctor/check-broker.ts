/**
 * Checks RabbitMQ: the login, the exchange's properties, and whether it may be published to and queues be bound to it.
 * No consumer gets anything, because consumers are real.
 */
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
    const found = [ok('rabbitmq', 'connected'), await checkExchange(connection)];
    if (found.some(({ status }) => status === 'failed')) return found;
    return [...found, await checkPublishing(connection, exchange), await checkQueues(connection)];
  } catch (error) {
    // A refused login has no code, and the library prints "undefined".
    const reason = reasonOf(lastError ?? error).replace(/^undefined: /, '');
    return [failed('rabbitmq', reason, 'check RABBITMQ_URL, its user, and its virtual host')];
  } finally {
    // A connection that never opened would wait for its own time-out.
    await Promise.race([connection.close().catch(() => {}), delay(closeDeadlineMs, undefined, { ref: false })]);
    connection.unsafeDestroy();
  }
}

/** The server refuses a declaration with other properties; a missing exchange is created, as the service would do. */
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

/** In a transaction that is rolled back: the server judges the right to publish at once, and delivers at the commit. */
export async function checkPublishing(connection: Connection, target: string): Promise<Finding> {
  const channel = await connection.acquire({ emitErrorsFromChannel: true });
  let refusal: unknown; // The calls themselves only say that the channel was closed.
  channel.on('error', (error: unknown) => {
    refusal = error;
  });
  try {
    await channel.txSelect();
    await channel.basicPublish({ exchange: target, routingKey: 'doctor' }, '');
    await channel.txRollback();
    return ok('rabbitmq publishing', `this login may publish to ${target}`);
  } catch (error) {
    return failed(
      'rabbitmq publishing',
      reasonOf(refusal ?? error),
      `let the user write ${target}: rabbitmqctl set_permissions`,
    );
  } finally {
    await channel.close().catch(() => {});
  }
}

/**
 * A queue of this connection only, bound under a key that no event has, and deleted with the connection. The service
 * itself needs no queue, so a login that may create none is not a fault.
 */
async function checkQueues(connection: Connection): Promise<Finding> {
  const channel = await connection.acquire();
  try {
    const { queue } = await channel.queueDeclare({ exclusive: true });
    await channel.queueBind({ queue, exchange, routingKey: 'doctor' });
    await channel.queueDelete({ queue });
    return ok('rabbitmq queues', `queues can be made and bound to ${exchange}`);
  } catch (error) {
    return ok('rabbitmq queues', `this login makes none, consumers need one of their own (${reasonOf(error)})`);
  } finally {
    await channel.close().catch(() => {});
  }
}
