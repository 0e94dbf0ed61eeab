/**
 * The broker did not confirm the message in time, or is known to be away. The message may have been published all the
 * same.
 */
export class BrokerAway extends Error {
  constructor(reason: string, cause?: unknown) {
    super(`the message bus is away: ${reason}`, cause === undefined ? undefined : { cause });
    this.name = 'BrokerAway';
  }
}
