/** Batches look-ups by hash: all look-ups of one turn of the event loop share a query, and equal ones are read once. */

export interface BatchedLookUp<Found> {
  /** Throws the error of `refuse` if too many are waiting. */
  find(hashHex: string): Promise<Found | null>;
  /** Whether the queue is full: in a flood of unknown hashes, or when the database hardly answers. */
  isFull(): boolean;
}

export interface BatchedLookUpOptions<Found> {
  readonly maxWaiting: number;
  refuse(): Error;
  /** One result per hash, in order; a rejection affects only its hash. Never throws. */
  read(hashesHex: readonly string[]): Promise<readonly PromiseSettledResult<Found | null>[]>;
}

const maxHashesPerQuery = 500;

export function createBatchedLookUp<Found>({
  maxWaiting,
  refuse,
  read,
}: BatchedLookUpOptions<Found>): BatchedLookUp<Found> {
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
