/** What a keyed change saves before it is sent, so that a retry can find out its outcome. */
import { createHash, randomInt, randomUUID } from 'node:crypto';

/** The progress as the edge provides it; `saved` is what an earlier run of the same request saved. */
export interface Progress {
  readonly saved: unknown;
  /** False without a key: then there is no other run of the same request. */
  readonly isKeyed: boolean;
  /** Resolves when it is durable; throws if another run has taken over. Does nothing without a key. */
  save(progress: unknown): Promise<void>;
}

/** The note that a change leaves beside its cells. Google accepts each id once per spreadsheet. */
export interface Marker {
  readonly version: 2;
  readonly id: number;
  /** Distinguishes it from a note that has the same id by chance. */
  readonly token: string;
}

export function newMarker(): Marker {
  return { version: 2, id: randomInt(1, 2_147_483_647), token: randomUUID().replaceAll('-', '').slice(0, 12) };
}

/**
 * The note that reserves a place for new rows: of two writers at one place, Google accepts only the first. Two replicas
 * may hold one lock while its store is away, and without the note the second would overwrite acknowledged rows.
 */
export function markerOfPlace(sheetId: number, row: number, column: number): Marker {
  const hash = createHash('sha256').update(`${sheetId} ${row} ${column}`).digest();
  return { ...newMarker(), id: hash.readUInt32BE(0) >>> 1 || 1 };
}

/** null if nothing was saved, or another version saved it. */
export function parseMarker(saved: unknown): Marker | null {
  if (typeof saved !== 'object' || saved === null || !('version' in saved)) return null;
  return saved.version === 2 ? (saved as Marker) : null;
}

interface Noted {
  readonly item: { readonly progress: Progress };
  reject(error: unknown): void;
}

/** Saves each keyed caller's note before the request is sent. A caller that another run has taken over is left out. */
export async function saveNotes<Entry extends Noted>(
  entries: readonly Entry[],
  noteOf: (entry: Entry) => unknown,
): Promise<readonly Entry[]> {
  const saved = await Promise.allSettled(entries.map((entry) => entry.item.progress.save(noteOf(entry))));
  return entries.filter((entry, index) => {
    const outcome = saved[index] as PromiseSettledResult<void>;
    if (outcome.status === 'rejected') entry.reject(outcome.reason);
    return outcome.status === 'fulfilled';
  });
}
