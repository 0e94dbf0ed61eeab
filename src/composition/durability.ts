/** Builds the durable parts: records are stored, published, and removed after their retention. */

import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { startAuditChain } from '../audit/chain/link-batches.ts';
import { createMasker } from '../audit/mask.ts';
import { startRetention } from '../audit/retention.ts';
import { createIntake } from '../intake/group-commit.ts';
import { openSpool } from '../intake/spool.ts';
import { startOutboxRelay } from '../outbox/relay.ts';
import { createTelemetryPublisher } from '../outbox/telemetry.ts';
import { createLeases } from '../storage/tables/leases.ts';
import { receivedMessage } from '../webhooks/receiving/received-event.ts';
import type { CoreParts } from './core-parts.ts';
import type { Stores } from './stores.ts';

export type Durability = Awaited<ReturnType<typeof openDurability>>;

export async function openDurability(
  { config, logger, clock, metrics, keyring, own }: CoreParts,
  { db, broker }: Stores,
) {
  const base = { db, clock, logger };
  const relay = own(
    await startOutboxRelay({
      ...base,
      broker,
      origin: randomUUID(),
      messageOfDelivery: (row, number) => receivedMessage(row, number, config.http.publicBaseUrl),
      onPublished: metrics.eventPublished,
    }),
  );
  metrics.setOutboxSource(() => {
    const { backlogCount, oldestAgeSeconds } = relay.stats();
    return { backlog: backlogCount, oldestAgeSeconds };
  });
  const telemetry = own(createTelemetryPublisher({ broker, clock, onDropped: metrics.telemetryDropped }));
  const spool = own(await openSpool({ path: join(config.dataDir, 'spool'), keyring, logger }));
  const intake = own(createIntake({ ...base, relay, masker: createMasker(config.maskedFields), spool }));

  own(startAuditChain({ ...base, keyring }));

  const leases = createLeases(db, relay.origin);
  own(startRetention({ ...base, retentionDays: config.logRetentionDays, tryHold: leases.tryHold }));
  return { relay, telemetry, intake, leases, spool };
}
