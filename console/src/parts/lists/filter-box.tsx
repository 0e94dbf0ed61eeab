/** The form of a list's filters: fields that apply at once or with Find, and pills of the active ones. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { setQuery, usePlace } from '../../app/location.tsx';
import { useMessages } from '../../i18n/messages.ts';
import { partsMessages } from '../messages.ts';
import { FilterPills, type Pill } from './filter-pills.tsx';

/** On narrow screens the filters open on demand; the active ones stay visible as pills. */
const wideFromPx = 768;

interface FilterBoxProps {
  readonly pills: readonly Pill[];
  readonly onFind: () => void;
  readonly onClear: () => void;
  /** Below the fields. */
  readonly foot?: ComponentChildren;
  readonly children: ComponentChildren;
}

export function FilterBox({ pills, onFind, onClear, foot, children }: FilterBoxProps) {
  const t = useMessages(partsMessages);
  return (
    <section class="panel filters" aria-label={t('filters')}>
      <details class="filter-box" open={window.innerWidth >= wideFromPx}>
        <summary>{t('filters')}</summary>
        <form
          role="search"
          class="filter-grid"
          onSubmit={(event) => {
            event.preventDefault();
            onFind();
          }}
        >
          {children}
          <div class="actions">
            <button type="submit" class="button">
              {t('find')}
            </button>
          </div>
        </form>
        {foot}
      </details>
      <FilterPills pills={pills} onClear={onClear} />
    </section>
  );
}

/** Changes filters in the address, and returns to the first page of the list. */
export function chooseFilters(
  changes: Readonly<Record<string, string | null>>,
  how: 'push' | 'replace' = 'push',
): void {
  setQuery({ ...changes, cursor: null }, how);
}

/** Fields that apply after they are typed completely; they start with the values of the address. */
export function useTypedFilters<Name extends string>(names: readonly Name[]) {
  const { query } = usePlace();
  const [typed, setTyped] = useState<Readonly<Record<string, string>>>(() =>
    Object.fromEntries(names.map((name) => [name, query.get(name) ?? ''])),
  );
  return {
    field: (name: Name) => ({
      value: typed[name] ?? '',
      onInput: (text: string) => setTyped({ ...typed, [name]: text }),
    }),
    /** The values to apply. */
    asked: () =>
      Object.fromEntries(names.map((name) => [name, (typed[name] ?? '').trim()])) as Readonly<Record<Name, string>>,
  };
}

export function asOption(value: string): { value: string; name: string } {
  return { value, name: value };
}
