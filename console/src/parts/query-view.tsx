import type { ComponentChildren } from 'preact';
import type { QueryState } from '../api/use-query.ts';
import { useMessages } from '../i18n/messages.ts';
import { Fault, FaultBoundary } from './fault.tsx';
import { partsMessages } from './messages.ts';

interface QueryViewProps<T> {
  readonly query: QueryState<T>;
  readonly children: (data: T) => ComponentChildren;
  /** An older service may lack this endpoint: a message says so, instead of an error. */
  readonly mayBeMissing?: boolean;
}

/**
 * Loading, failed or loaded: never a blank page. Old data stays during a reload; data of another key is marked as old.
 */
export function QueryView<T>({ query, children, mayBeMissing = false }: QueryViewProps<T>) {
  const t = useMessages(partsMessages);
  const { data, error } = query;
  if (data === null && error !== null) {
    const isMissing = mayBeMissing && error.status === 404;
    return isMissing ? (
      <p class="empty">{t('notAvailable')}</p>
    ) : (
      <Fault error={error} onRetry={() => query.reload()} />
    );
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
      {error !== null && <Fault error={error} onRetry={() => query.reload()} />}
      <Answer isOld={query.isOld}>
        <FaultBoundary>{children(data)}</FaultBoundary>
      </Answer>
    </>
  );
}

/** Content of an answer: faint and busy while it belongs to an earlier key. */
export function Answer({ isOld, children }: { isOld: boolean; children: ComponentChildren }) {
  const t = useMessages(partsMessages);
  return (
    <>
      {isOld && (
        <p class="visually-hidden" role="status">
          {t('loading')}
        </p>
      )}
      <div class={isOld ? 'answer old' : 'answer'} aria-busy={isOld}>
        {children}
      </div>
    </>
  );
}
