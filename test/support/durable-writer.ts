/**
 * A process to be killed: records deliveries and calls without end, and prints what was acknowledged, one JSON line
 * each.
 * Arguments: database URL, RabbitMQ URL, exchange, spool folder.
 */
import { createMasker } from '../../src/audit/mask.ts';
import { openRabbitmqBroker } from '../../src/broker/rabbitmq-broker.ts';
import { systemClock } from '../../src/clock.ts';
import { newId } from '../../src/ids.ts';
import { createIntake } from '../../src/intake/group-commit.ts';
import { openSpool } from '../../src/intake/spool.ts';
import { startOutboxRelay } from '../../src/outbox/relay.ts';
import { createKeyring } from '../../src/secrets/keyring.ts';
import { openDatabase } from '../../src/storage/postgres/database.ts';
import { receivedMessage } from '../../src/webhooks/receiving/received-event.ts';
import { silentLogger } from './database.ts';
import { sampleCall, sampleDelivery } from './intake-samples.ts';

const [databaseUrl = '', rabbitmqUrl = '', exchange = '', spoolPath = ''] = process.argv.slice(2);
const writersAtOnce = 16;

const db = openDatabase({
  url: databaseUrl,
  applicationName: 'durable writer',
  logger: silentLogger,
  connectTimeoutMs: 300,
  statementTimeoutMs: 1_000,
});
const broker = await openRabbitmqBroker({ urls: [rabbitmqUrl], logger: silentLogger, exchange });
const origin = newId();
const relay = await startOutboxRelay({
  db,
  broker,
  clock: systemClock,
  logger: silentLogger,
  origin,
  messageOfDelivery: (row, number) => receivedMessage(row, number, 'http://localhost:8006'),
  leaseTtlMs: 1_000,
  pollIntervalMs: 100,
});
const keyring = createKeyring([{ id: 'test', key: Buffer.alloc(32, 5) }]);
const intake = createIntake({
  db,
  relay,
  masker: createMasker(),
  clock: systemClock,
  logger: silentLogger,
  spool: await openSpool({ path: spoolPath, keyring, logger: silentLogger }),
});

async function writeForever(writer: number): Promise<never> {
  for (let number = 0; ; number++) {
    const correlationId = `${origin}-${writer}-${number}`;
    const isDelivery = number % 2 === 0;
    const { storedIn } = await intake.record(
      isDelivery ? sampleDelivery(correlationId) : { logs: [sampleCall({ requestId: correlationId })] },
    );
    process.stdout.write(`${JSON.stringify({ correlationId, isDelivery, storedIn })}\n`);
  }
}

await Promise.all(Array.from({ length: writersAtOnce }, (_, writer) => writeForever(writer)));
