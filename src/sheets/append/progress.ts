/** What a keyed append remembers before it is sent, so that its caller's retry can learn what became of it. */
import type { MajorDimension } from '../../providers/google_sheets/operations.ts';
import type { Area } from '../area.ts';

/** As the edge hands it in: `saved` is what a run before this one, of the same request, had kept. */
export interface Progress {
  readonly saved: unknown;
  /** Resolves when it is durable; throws where another run has taken over. Does nothing without a key. */
  save(progress: unknown): Promise<void>;
}

/** A batch that went to Google, as far as it must be known again. Rows and columns count from 0. */
export interface SentBatch {
  readonly version: 1;
  /** The sheet, where it is known; null is the first one. */
  readonly title: string | null;
  readonly anchorRow: number;
  readonly anchorColumn: number;
  /** Where the table ended before: what stood above cannot be this batch. */
  readonly baselineRow: number;
  readonly width: number;
  readonly prints: readonly string[];
  readonly uncertainColumns: readonly number[];
  readonly canRecognise: boolean;
  /** Of this caller's rows within the batch. */
  readonly offset: number;
  /** Unix milliseconds before which Google may still be at work on it. */
  readonly settledFromMs: number;
}

/** null where there is none, or where another version wrote it. */
export function parseSentBatch(saved: unknown): SentBatch | null {
  if (typeof saved !== 'object' || saved === null || !('version' in saved)) return null;
  return (saved as SentBatch).version === 1 ? (saved as SentBatch) : null;
}

/** The cells in which the batch is looked for, from `fromRow` down. */
export function searchArea(batch: Pick<SentBatch, 'anchorColumn' | 'width'>, fromRow: number): Area {
  const { anchorColumn, width } = batch;
  return { startRow: fromRow, endRow: null, startColumn: anchorColumn, endColumn: anchorColumn + width };
}

export interface ReadBackOptions {
  readonly valueRenderOption: 'UNFORMATTED_VALUE';
  readonly dateTimeRenderOption: 'SERIAL_NUMBER';
  readonly majorDimension: MajorDimension;
}

export const readBackOptions: ReadBackOptions = {
  valueRenderOption: 'UNFORMATTED_VALUE',
  dateTimeRenderOption: 'SERIAL_NUMBER',
  majorDimension: 'ROWS',
};
