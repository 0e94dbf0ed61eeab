/**
 * Look-ups by a hash, read together for all that ask within a turn of the event loop; one that is asked twice is read
 * once.
 */

export interface TurnLookUp<Found> {
  /** Throws what `refuse` gives where too many wait already. */
  find(hashHex: string): Promise<Found | null>;
  /** As many wait as may: a flood of unknown hashes, or a database that hardly answers. */
  isFull(): boolean;
}

export interface TurnLookUpOptions<Found> {
  readonly maxWaiting: number;
  refuse(): Error;
  /** One for each hash, in their order; a rejection is for that hash alone. Never throws. */
  read(hashesHex: readonly string[]): Promise<readonly PromiseSettledResult<Found | null>[]>;
}

const maxHashesPerQuery = 500;

export function createTurnLookUp<Found>({ maxWaiting, refuse, read }: TurnLookUpOptions<Found>): TurnLookUp<Found> {
  const waiting = new Map<string, PromiseWithResolvers<Found | null>>();
  let isReading = false;

  const readWaiting = async (): Promise<void> => {
    while (waiting.size > 0) {
      const batch = [...waiting].slice(0, maxHashesPerQuery);
      for (const [hashHex] of batch) waiting.delete(hashHex);
      const results = await read(batch.map(([hashHex]) => hashHex));
      for (const [index, [, waiter]] of batch.entries()) {
        const result = results[index];
        if (result?.status === 'rejected') waiter.reject(result.reason);
        else waiter.resolve(result?.value ?? null);
      }
    }
    isReading = false;
  };

  return {
    isFull: () => waiting.size >= maxWaiting,
    find(hashHex) {
      const already = waiting.get(hashHex);
      if (already !== undefined) return already.promise;
      if (waiting.size >= maxWaiting) throw refuse();
      const waiter = Promise.withResolvers<Found | null>();
      waiting.set(hashHex, waiter);
      if (!isReading) {
        isReading = true;
        setImmediate(() => void readWaiting());
      }
      return waiter.promise;
    },
  };
}
