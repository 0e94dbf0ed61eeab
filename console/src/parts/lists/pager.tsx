import type { ComponentChildren } from 'preact';
import { setQuery } from '../../app/location.tsx';
import { useMessages } from '../../i18n/messages.ts';
import { partsMessages } from '../messages.ts';

interface PagerProps {
  readonly cursor: string | null;
  readonly next: string | null;
  /** Other members of the address that change with the page. */
  readonly changes?: Readonly<Record<string, string | null>>;
  readonly children?: ComponentChildren;
}

/** The footer of a list from newest to oldest. Another page opens at its top. */
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
