import { useState } from 'preact/hooks';
import { hrefOf } from '../../app/location.tsx';
import { useMessages } from '../../i18n/messages.ts';
import { listMessages } from './list-messages.ts';

export interface Compared {
  /** At most two calls: a third replaces the first. */
  readonly ids: readonly string[];
  toggle(id: string): void;
  clear(): void;
}

export function useCompared(): Compared {
  const [ids, setIds] = useState<readonly string[]>([]);
  return {
    ids,
    toggle: (id) => setIds(ids.includes(id) ? ids.filter((one) => one !== id) : [...ids, id].slice(-2)),
    clear: () => setIds([]),
  };
}

/** Links to the comparison once two calls are chosen. */
export function CompareBar({ compared: { ids, clear } }: { compared: Compared }) {
  const t = useMessages(listMessages);
  const [first, second] = ids;
  if (first === undefined) return null;
  return (
    <div class="live-line" role="status">
      {second === undefined ? (
        t('chooseSecond')
      ) : (
        <a class="button small primary" href={hrefOf(`/calls/${encodeURIComponent(first)}`, { compare: second })}>
          {t('compareTwo')}
        </a>
      )}
      <button type="button" class="button small" onClick={clear}>
        {t('chooseNone')}
      </button>
    </div>
  );
}
