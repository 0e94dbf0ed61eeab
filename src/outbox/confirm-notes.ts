/** Notes in the tables what the broker has confirmed: raises the mark of the facts, deletes the rows of the others. */
import type { Logger } from '../logger.ts';
import type { FactOutbox } from './fact-outbox.ts';
import type { RowOutbox } from './row-outbox.ts';

export interface ConfirmNotes {
  /** One more event is confirmed. */
  add(): void;
  /** Resolves when the events confirmed so far are noted, or cannot be noted yet. */
  write(): Promise<void>;
}

/**
 * Confirmed events are noted together with those that are confirmed this soon after: a statement and a commit for each
 * cost a single caller more than all the rest of its call. A crash publishes as many again.
 */
const gatherMs = 50;
/** So many at once are noted without waiting for the timer. */
const mostGathered = 2_000;

export function createConfirmNotes(deps: {
  readonly rows: Pick<RowOutbox, 'hasConfirmed' | 'deleteConfirmed'>;
  readonly facts: Pick<FactOutbox, 'isMarkBehind' | 'raiseMark'>;
  readonly logger: Logger;
  onNoted(): void;
}): ConfirmNotes {
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
    deps.onNoted();
  };

  /** One statement at a time; what gathers meanwhile goes in the next. */
  const write = (): Promise<void> => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    writing ??= writeAll()
      .catch((error: unknown) => logger.debug({ err: error }, 'could not note the published events yet'))
      .finally(() => {
        writing = null;
      });
    return writing;
  };

  return {
    add() {
      gathered += 1;
      if (gathered >= mostGathered) void write();
      else timer ??= setTimeout(() => void write(), gatherMs).unref();
    },
    write,
  };
}
