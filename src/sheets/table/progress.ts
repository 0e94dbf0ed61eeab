/** What a keyed change remembers before it is sent, so that its caller's retry can learn what became of it. */
import { createHash, randomInt, randomUUID } from 'node:crypto';

/** As the edge hands it in: `saved` is what a run before this one, of the same request, had kept. */
export interface Progress {
  readonly saved: unknown;
  /** False without a key: then no other run of it can come. */
  readonly isKeyed: boolean;
  /** Resolves when it is durable; throws where another run has taken over. Does nothing without a key. */
  save(progress: unknown): Promise<void>;
}

/** The note that a change leaves beside what it changed. Google takes each id once in a spreadsheet. */
export interface Marker {
  readonly version: 2;
  readonly id: number;
  /** Tells it from a note that has the same id by chance. */
  readonly token: string;
}

export function newMarker(): Marker {
  return { version: 2, id: randomInt(1, 2_147_483_647), token: randomUUID().replaceAll('-', '').slice(0, 12) };
}

/**
 * The note of a writer of new rows here: of two writers at one place Google takes the first alone. A lock may be held
 * twice when its store is away, and the other would write over rows that were acknowledged.
 */
export function markerOfPlace(sheetId: number, row: number, column: number): Marker {
  const hash = createHash('sha256').update(`${sheetId} ${row} ${column}`).digest();
  return { ...newMarker(), id: hash.readUInt32BE(0) >>> 1 || 1 };
}

/** null where there is none, or where another version wrote it. */
export function parseMarker(saved: unknown): Marker | null {
  if (typeof saved !== 'object' || saved === null || !('version' in saved)) return null;
  return saved.version === 2 ? (saved as Marker) : null;
}
