/**
 * Records in the tables which events the broker has confirmed: raises the mark of the facts, and deletes rows of
 * `outbox_events`.
 */
import type { Logger } from '../logger.ts';
import type { FactOutbox } from './fact-outbox.ts';
import type { RowOutbox } from './row-outbox.ts';

export interface ConfirmRecorder {
  /** Counts one confirmed event; it is recorded soon after. */
  add(): void;
  /** Resolves when all confirmed events are recorded, or recording failed for now. */
  write(): Promise<void>;
}

/**
 * Events confirmed within this time are recorded together: a statement and a commit for each would cost a single caller
 * more than the rest of its call. After a crash, the events of this time are published again.
 */
const gatherMs = 50;
/** This many confirmed events are recorded without waiting for the timer. */
const maxGathered = 2_000;

/** Creates the recorder; `onRecorded` is called after each recording. */
export function createConfirmRecorder(deps: {
  readonly rows: Pick<RowOutbox, 'hasConfirmed' | 'deleteConfirmed'>;
  readonly facts: Pick<FactOutbox, 'isMarkBehind' | 'raiseMark'>;
  readonly logger: Logger;
  onRecorded(): void;
}): ConfirmRecorder {
  const { rows, facts, logger } = deps;
  let gathered = 0;
  let timer: NodeJS.Timeout | null = null;
  let writing: Promise<void> | null = null;

  const writeAll = async (): Promise<void> => {
    while (rows.hasConfirmed() || facts.isMarkBehind()) {
      gathered = 0;
      await facts.raiseMark();
      await rows.deleteConfirmed();
    }
    deps.onRecorded();
  };

  /** Runs one statement at a time; events confirmed meanwhile go into the next one. */
  const write = (): Promise<void> => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    writing ??= writeAll()
      .catch((error: unknown) => logger.debug({ err: error }, 'could not record confirmed events; will retry'))
      .finally(() => {
        writing = null;
      });
    return writing;
  };

  return {
    add() {
      gathered += 1;
      if (gathered >= maxGathered) void write();
      else timer ??= setTimeout(() => void write(), gatherMs).unref();
    },
    write,
  };
}
