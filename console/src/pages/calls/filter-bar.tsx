import { useState } from 'preact/hooks';
import { setQuery, usePlace } from '../../app/location.tsx';
import { useMessages } from '../../i18n/messages.ts';
import { FilterPills } from '../../parts/filter-pills.tsx';
import { CheckField, SelectField, TextField } from '../../parts/form.tsx';
import { useStatusName } from '../../parts/status.tsx';
import { TimeField } from '../../parts/time-field.tsx';
import { useCallPills } from './call-pills.ts';
import { type FilterName, operations, rangeMs, ranges, statuses, typedNames } from './filters.ts';
import { listMessages } from './list-messages.ts';
import { callsMessages } from './messages.ts';
import { SavedViews } from './saved-views.tsx';

/** On narrow screens the filters open on demand; what is chosen stays in sight as pills. */
const wideFromPx = 768;

export function FilterBar({ services }: { services: readonly string[] }) {
  const t = useMessages(callsMessages);
  const list = useMessages(listMessages);
  const statusName = useStatusName();
  const { query } = usePlace();
  const [typed, setTyped] = useState<Readonly<Record<string, string>>>(() =>
    Object.fromEntries(typedNames.map((name) => [name, query.get(name) ?? ''])),
  );
  const { pills, clear } = useCallPills();
  const value = (name: FilterName): string => query.get(name) ?? '';
  const choose = (changes: Readonly<Record<string, string | null>>, how: 'push' | 'replace' = 'push'): void =>
    setQuery({ ...changes, cursor: null }, how);
  const find = (): void => {
    const asked = Object.fromEntries(typedNames.map((name) => [name, (typed[name] ?? '').trim()]));
    // An id is looked for at any time.
    const isNewId = asked.request_id !== '' && asked.request_id !== value('request_id');
    choose({ ...asked, ...(isNewId ? { range: null, from: null, to: null } : {}) });
  };
  const isCustom = query.has('from') || query.has('to');
  const range = value('range');
  const ownRange = range in ranges || rangeMs(range) === null ? [] : [{ value: range, name: range }];
  const typedField = (name: (typeof typedNames)[number]) => ({
    value: typed[name] ?? '',
    onInput: (text: string) => setTyped({ ...typed, [name]: text }),
  });
  return (
    <section class="panel filters" aria-label={t('filters')}>
      <details class="filter-box" open={window.innerWidth >= wideFromPx}>
        <summary>{t('filters')}</summary>
        <form
          role="search"
          class="filter-grid"
          onSubmit={(event) => {
            event.preventDefault();
            find();
          }}
        >
          <TextField label={t('search')} {...typedField('request_id')} type="search" />
          <SelectField
            label={t('service')}
            value={value('service_name')}
            onInput={(chosen) => choose({ service_name: chosen })}
            options={[{ value: '', name: t('any') }, ...withOwn(services, value('service_name')).map(asOption)]}
          />
          <SelectField
            label={t('operation')}
            value={value('operation')}
            onInput={(chosen) => choose({ operation: chosen })}
            options={[{ value: '', name: t('any') }, ...operations.map(asOption)]}
          />
          <SelectField
            label={t('status')}
            value={value('status')}
            onInput={(chosen) => choose({ status: chosen })}
            options={[
              { value: '', name: t('any') },
              ...statuses.map((status) => ({ value: status, name: statusName(status) })),
            ]}
          />
          <TextField
            label={t('slower')}
            type="number"
            value={value('min_duration_ms')}
            onInput={(typed) => choose({ min_duration_ms: /^\d+$/.test(typed) ? typed : null }, 'replace')}
          />
          <TextField label={list('principal')} placeholder={list('principalHint')} {...typedField('principal')} />
          <TextField label={list('askedBy')} {...typedField('source_service')} />
          <TextField label={list('statusCode')} type="number" {...typedField('response_status_code')} />
          <TextField label={list('minCost')} type="number" {...typedField('min_cost_usd')} />
          <SelectField
            label={t('range')}
            value={isCustom ? 'custom' : value('range')}
            onInput={(chosen) =>
              choose(
                chosen === 'custom'
                  ? { range: null, from: new Date(Date.now() - ranges['1h']).toISOString() }
                  : { range: chosen, from: null, to: null },
              )
            }
            options={[
              { value: '', name: t('all') },
              ...Object.keys(ranges).map((name) => ({ value: name, name: t(`range${name}` as 'range1h') })),
              ...ownRange,
              { value: 'custom', name: t('custom') },
            ]}
          />
          {isCustom && (
            <>
              <TimeField label={t('from')} iso={query.get('from')} onTime={(from) => choose({ from }, 'replace')} />
              <TimeField label={t('to')} iso={query.get('to')} onTime={(to) => choose({ to }, 'replace')} />
            </>
          )}
          <div class="actions">
            <button type="submit" class="button">
              {t('find')}
            </button>
          </div>
        </form>
        <div class="filter-foot">
          <CheckField
            label={t('hideProbes')}
            checked={value('exclude_operation') === 'health_check'}
            onInput={(checked) => choose({ exclude_operation: checked ? 'health_check' : null })}
          />
          <span class="actions">
            <span class="muted">{t('views')}:</span>
            <button
              type="button"
              class="button small"
              onClick={() => choose({ status: 'error', range: '24h', from: null, to: null })}
            >
              {t('viewErrors')}
            </button>
            <button
              type="button"
              class="button small"
              onClick={() => choose({ status: 'rate_limited', range: '24h', from: null, to: null })}
            >
              {t('viewLimited')}
            </button>
            <button
              type="button"
              class="button small"
              onClick={() => choose({ min_duration_ms: '2000', range: '24h', from: null, to: null })}
            >
              {t('viewSlow')}
            </button>
          </span>
          <SavedViews />
        </div>
      </details>
      <FilterPills pills={pills} onClear={clear} />
    </section>
  );
}

function asOption(value: string): { value: string; name: string } {
  return { value, name: value };
}

/** A link may name a service that is not in the list any more. */
function withOwn(services: readonly string[], own: string): readonly string[] {
  return own === '' || services.includes(own) ? services : [...services, own];
}
