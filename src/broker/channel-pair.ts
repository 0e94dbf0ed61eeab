/**
 * The broker's two channels, one for confirmed and one for unconfirmed messages. Both belong to one connection: if one
 * is lost, both are closed and reopened half a second later, until `close`.
 */
import type { Channel, Connection } from 'rabbitmq-client';
import type { Logger } from '../logger.ts';
import { BrokerAway } from './broker-away.ts';

export interface ChannelPair {
  readonly confirmed: Channel;
  readonly unconfirmed: Channel;
}

const setUpPauseMs = 500;
/** The server's own; the library has others for what it never said. */
const refusalCodes = new Set<unknown>(['ACCESS_REFUSED', 'NOT_FOUND', 'PRECONDITION_FAILED', 'RESOURCE_LOCKED']);

/** Creates the pair; `setUp` opens it. */
export function createChannelPair(deps: {
  readonly connection: Connection;
  readonly declaration: Parameters<Channel['exchangeDeclare']>[0];
  readonly logger: Logger;
  onOpen(): void;
}) {
  const { connection, declaration, logger } = deps;
  let pair: ChannelPair | null = null;
  let settingUp = false;
  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  let lastReason: string | null = null;
  let refusal: string | null = null;

  /** Each set-up fails for the same reason until something is done: it is logged once. */
  const complain = (cause: unknown, message: string): void => {
    if (refusalCodes.has((cause as { code?: unknown }).code)) refusal = (cause as Error).message;
    const reason = cause instanceof Error ? cause.message : String(cause);
    if (closed || reason === lastReason) return;
    lastReason = reason;
    logger.warn({ err: cause }, message);
  };

  const setUp = async (): Promise<void> => {
    if (settingUp || closed || pair !== null) return;
    settingUp = true;
    try {
      const confirmed = await connection.acquire({ emitErrorsFromChannel: true });
      watch(confirmed);
      await confirmed.exchangeDeclare(declaration);
      await confirmed.confirmSelect();
      const unconfirmed = await connection.acquire({ emitErrorsFromChannel: true });
      watch(unconfirmed);
      if (!confirmed.active || !unconfirmed.active) throw new BrokerAway('a channel was lost during its setup');
      pair = { confirmed, unconfirmed };
      lastReason = null;
      refusal = null;
      deps.onOpen();
    } catch (cause) {
      complain(cause, 'could not open the RabbitMQ channels; will retry');
      setUpLater();
    } finally {
      settingUp = false;
    }
  };

  const setUpLater = (): void => {
    clearTimeout(timer);
    if (!closed) timer = setTimeout(setUp, setUpPauseMs).unref();
  };

  const watch = (channel: Channel): void => {
    channel.on('error', (cause: unknown) => complain(cause, 'RabbitMQ closed a channel'));
    channel.on('close', () => {
      if (pair === null || (pair.confirmed !== channel && pair.unconfirmed !== channel)) return;
      const lost = pair;
      pair = null;
      void lost.confirmed.close();
      void lost.unconfirmed.close();
      setUpLater();
    });
  };

  return {
    setUp: (): void => void setUp(),
    /** The open channels; null if they are not open. */
    open: (): ChannelPair | null => pair,
    /** Why the server refused to open them, in its words; null if they are open, or if it was not reached. */
    refusal: (): string | null => refusal,
    async close(): Promise<void> {
      closed = true;
      clearTimeout(timer);
      const last = pair;
      pair = null;
      await Promise.all([last?.confirmed.close(), last?.unconfirmed.close()]);
    },
  };
}
