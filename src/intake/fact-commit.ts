/** Numbers the facts of one commit, and collects the events that the relay publishes after it. */
import type { Handover, OutboxMessage } from '../outbox/envelope.ts';
import { messagesOfCall, numbersOfCall } from '../outbox/facts.ts';
import type { RelayForIntake } from '../outbox/relay.ts';
import type { Database } from '../storage/postgres/database.ts';
import { reclaimCalls, reclaimDeliveries } from '../storage/tables/facts.ts';
import type { PreparedRecord } from './prepare.ts';

/** The numbered facts of one commit. */
export interface FactCommit {
  /** Releases the numbers after a failed commit. */
  abandon(): void;
  /** Releases the numbers of a duplicate, of which nothing was written. */
  releaseDuplicate(record: PreparedRecord): void;
  /** Returns the events of the written rows, with their numbers. */
  handOver(
    records: readonly PreparedRecord[],
    rowEvents: (record: PreparedRecord) => readonly OutboxMessage[],
  ): Handover;
}

const noFacts: FactCommit = {
  abandon: () => undefined,
  releaseDuplicate: () => undefined,
  handOver: (records, rowEvents) => ({ messages: records.flatMap(rowEvents), blocks: [] }),
};

/** Numbers those rows of `records` that have events, before their commit begins. */
export async function beginFactCommit(relay: RelayForIntake, records: readonly PreparedRecord[]): Promise<FactCommit> {
  const count = records.reduce((sum, record) => sum + numbersOf(record), 0);
  if (count === 0) return noFacts;
  const sinceMs = oldestMsOf(records);
  if (!relay.isReadyForFacts(sinceMs)) await relay.getReadyForFacts(sinceMs);
  const block = relay.takeNumbers(count);
  let last = block.first - 1;
  for (const { webhook, logs } of records) {
    if (webhook?.is_announced) webhook.origin_number = last += 1;
    for (const log of logs) if (log.is_announced) log.origin_number = last += numbersOfCall;
  }
  return {
    abandon() {
      for (let number = block.first; number < block.first + count; number++) relay.settleNumber(number);
      block.close();
    },
    releaseDuplicate({ webhook, logs }) {
      if (webhook?.origin_number) relay.settleNumber(webhook.origin_number);
      for (const { origin_number: number } of logs) {
        for (let back = 0; number && back < numbersOfCall; back++) relay.settleNumber(number - back);
      }
    },
    handOver(written, rowEvents) {
      const messages = written.flatMap((record) => [...factsOf(relay, record), ...rowEvents(record)]);
      return { messages, blocks: [block] };
    },
  };
}

/** The time of the oldest fact. */
function oldestMsOf(records: readonly PreparedRecord[]): number {
  let oldest = '9';
  for (const { webhook, logs } of records) {
    if (webhook !== null && webhook.received_at < oldest) oldest = webhook.received_at;
    for (const { started_at } of logs) if (started_at < oldest) oldest = started_at;
  }
  return Date.parse(oldest);
}

function numbersOf({ webhook, logs }: PreparedRecord): number {
  let count = webhook?.is_announced ? 1 : 0;
  for (const log of logs) if (log.is_announced) count += numbersOfCall;
  return count;
}

function factsOf(relay: RelayForIntake, { webhook, logs, received }: PreparedRecord): OutboxMessage[] {
  const messages: OutboxMessage[] = [];
  if (webhook?.origin_number) {
    const number = webhook.origin_number;
    messages.push(received ? { ...received, factNumber: number } : relay.messageOfDelivery(webhook, number));
  }
  for (const log of logs) if (log.origin_number) messages.push(...messagesOfCall(log, log.origin_number));
  return messages;
}

/**
 * Gives rows that an earlier try of this commit wrote the numbers of this try. Rows written by this try stay as they
 * are.
 */
export async function reclaimEarlierTries(
  db: Database,
  origin: string,
  records: readonly PreparedRecord[],
): Promise<void> {
  const calls = records.flatMap(({ logs }) =>
    logs.flatMap(({ id, started_at: at, origin_number: number }) => (number ? { id, at, number } : [])),
  );
  const deliveries = records.flatMap(({ webhook }) =>
    webhook?.origin_number ? { id: webhook.id, at: webhook.received_at, number: webhook.origin_number } : [],
  );
  if (calls.length > 0) await reclaimCalls(db, origin, calls);
  if (deliveries.length > 0) await reclaimDeliveries(db, origin, deliveries);
}
