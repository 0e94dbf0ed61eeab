/**
 * The broker did not confirm the message in time, or is not available. The message may have been published all the
 * same.
 */
export class BrokerAway extends Error {
  constructor(reason: string, cause?: unknown) {
    super(`the message broker is not available: ${reason}`, cause === undefined ? undefined : { cause });
    this.name = 'BrokerAway';
  }
}
