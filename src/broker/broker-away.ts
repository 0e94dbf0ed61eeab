/** The message bus did not take the message in time, or is known to be away. The message may still have got through. */
export class BrokerAway extends Error {
  constructor(reason: string, cause?: unknown) {
    super(`the message bus is away: ${reason}`, cause === undefined ? undefined : { cause });
    this.name = 'BrokerAway';
  }
}
