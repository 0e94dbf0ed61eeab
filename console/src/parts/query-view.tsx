import type { ComponentChildren } from 'preact';
import type { QueryState } from '../api/use-query.ts';
import { useMessages } from '../i18n/messages.ts';
import { Fault, FaultBoundary } from './fault.tsx';
import { partsMessages } from './messages.ts';

interface QueryViewProps<T> {
  readonly query: QueryState<T>;
  readonly children: (data: T) => ComponentChildren;
  /** An older service does not know this endpoint: said so, instead of an error. */
  readonly mayBeMissing?: boolean;
}

/** Loading, failed and there: three states, never a blank page. Old data stays while it is asked again. */
export function QueryView<T>({ query, children, mayBeMissing = false }: QueryViewProps<T>) {
  const t = useMessages(partsMessages);
  const { data, error } = query;
  if (data === null && error !== null) {
    const isMissing = mayBeMissing && error.status === 404;
    return isMissing ? <p class="empty">{t('notAvailable')}</p> : <Fault error={error} onRetry={query.reload} />;
  }
  if (data === null) {
    return (
      <p class="empty" role="status">
        {t('loading')}
      </p>
    );
  }
  return (
    <>
      {error !== null && <Fault error={error} onRetry={query.reload} />}
      <FaultBoundary>{children(data)}</FaultBoundary>
    </>
  );
}
