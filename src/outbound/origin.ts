/** One origin's pool of connections. */
import type { Pool } from 'undici';

export interface Origin {
  readonly pool: Pool;
  /** Requests that the pool still holds, also those whose caller has left while they stand in its queue. */
  pending: number;
}

/** Counts a request as pending until the returned function is called; calling it again changes nothing. */
export function countPending(origin: Origin): () => void {
  origin.pending += 1;
  let isReleased = false;
  return () => {
    if (!isReleased) origin.pending -= 1;
    isReleased = true;
  };
}
