/** The active filters as text: as pills that remove a filter, and instead of rows if nothing matches. */
import type { ComponentChildren } from 'preact';
import { setQuery } from '../../app/location.tsx';
import { useMessages } from '../../i18n/messages.ts';
import { partsMessages } from '../messages.ts';

export interface Pill {
  /** The members of the address that it represents. */
  readonly key: string;
  readonly name: string;
  /** Empty if the name says everything. */
  readonly value: string;
  readonly onRemove: () => void;
}

/** For the filters in the address; one whose `shownOf` is empty has no pill. */
export function pillsOf<Name extends string>(
  names: readonly Name[],
  titles: Readonly<Record<Name, string>>,
  shownOf: (name: Name) => string,
): readonly Pill[] {
  return names
    .map((name) => ({
      key: name,
      name: titles[name],
      value: shownOf(name),
      onRemove: () => setQuery({ [name]: null, cursor: null }),
    }))
    .filter(({ value }) => value !== '');
}

export function clearQuery(names: readonly string[]): void {
  setQuery(Object.fromEntries([...names, 'cursor'].map((name) => [name, null])));
}

export function FilterPills({ pills, onClear }: { pills: readonly Pill[]; onClear: () => void }) {
  const t = useMessages(partsMessages);
  if (pills.length === 0) return null;
  return (
    <ul class="pills" aria-label={t('filters')}>
      {pills.map((pill) => (
        <li key={pill.key}>
          <button
            type="button"
            class="pill"
            aria-label={t('removeFilter', { name: `${pill.name} ${pill.value}`.trim() })}
            onClick={pill.onRemove}
          >
            {wordsOf(pill)} <span aria-hidden="true">✕</span>
          </button>
        </li>
      ))}
      <li>
        <button type="button" class="button small plain" onClick={onClear}>
          {t('clearFilters')}
        </button>
      </li>
    </ul>
  );
}

interface NothingMatchesProps {
  /** The whole sentence before the filters. */
  readonly text: string;
  readonly pills: readonly Pill[];
  readonly onClear: () => void;
  readonly children?: ComponentChildren;
}

/** A forgotten filter is the usual reason for an empty list, so the filters are named in place of the rows. */
export function NothingMatches({ text, pills, onClear, children }: NothingMatchesProps) {
  const t = useMessages(partsMessages);
  return (
    <>
      <p>{text}</p>
      <p class="muted">{pills.map(wordsOf).join(' · ')}</p>
      <p class="actions center">
        <button type="button" class="button" onClick={onClear}>
          {t('clearFilters')}
        </button>
        {children}
      </p>
    </>
  );
}

function wordsOf({ name, value }: Pill): string {
  return value === '' ? name : `${name}: ${value}`;
}
