import type { ComponentChildren } from 'preact';
import { setQuery } from '../app/location.tsx';
import { useMessages } from '../i18n/messages.ts';
import { partsMessages } from './messages.ts';

interface PagerProps {
  readonly cursor: string | null;
  readonly next: string | null;
  /** What else of the address changes with the page. */
  readonly changes?: Readonly<Record<string, string | null>>;
  readonly children?: ComponentChildren;
}

/** The foot of a list that runs from the newest to the oldest. Another page is read from its top. */
export function Pager({ cursor, next, changes = {}, children }: PagerProps) {
  const t = useMessages(partsMessages);
  const turn = (event: Event, to: string | null): void => {
    setQuery({ ...changes, cursor: to });
    (event.currentTarget as Element).closest('section')?.scrollIntoView();
  };
  return (
    <div class="table-foot">
      {children}
      {cursor !== null && (
        <button type="button" class="button small" onClick={(event) => turn(event, null)}>
          {t('newest')}
        </button>
      )}
      {next !== null && (
        <button type="button" class="button small" onClick={(event) => turn(event, next)}>
          {t('older')}
        </button>
      )}
    </div>
  );
}
