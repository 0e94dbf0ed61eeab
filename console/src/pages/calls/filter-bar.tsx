import { useState } from 'preact/hooks';
import { usePlace } from '../../app/location.tsx';
import { useMessages } from '../../i18n/messages.ts';
import { callStatuses, errorStatuses, statusesOf, statusFilter } from '../../parts/charts/counted-calls.ts';
import { CheckField, SelectField, TextField } from '../../parts/forms/form.tsx';
import { TimeField } from '../../parts/forms/time-field.tsx';
import { asOption, chooseFilters as choose, FilterBox, useTypedFilters } from '../../parts/lists/filter-box.tsx';
import { useStatusName } from '../../parts/status.tsx';
import { useCallPills } from './call-pills.ts';
import { type FilterName, operations, rangeMs, ranges, typedNames } from './filters.ts';
import { listMessages } from './list-messages.ts';
import { callsMessages } from './messages.ts';
import { SavedViews } from './saved-views.tsx';

/** The value of the status field that opens a checkbox for each status. */
const several = 'several';

export function FilterBar({ services }: { services: readonly string[] }) {
  const t = useMessages(callsMessages);
  const list = useMessages(listMessages);
  const statusName = useStatusName();
  const { query } = usePlace();
  const typed = useTypedFilters(typedNames);
  const { pills, clear } = useCallPills();
  const value = (name: FilterName): string => query.get(name) ?? '';
  const find = (): void => {
    const asked = typed.asked();
    // A search for an id is not limited to a range.
    const isNewId = asked.request_id !== '' && asked.request_id !== value('request_id');
    choose({ ...asked, ...(isNewId ? { range: null, from: null, to: null } : {}) });
  };
  const status = value('status');
  const statuses = statusesOf(status);
  const [asksSeveral, setSeveral] = useState(false);
  const isSeveral = asksSeveral || (statuses.length > 1 && status !== errorStatuses);
  const isCustom = query.has('from') || query.has('to');
  const range = value('range');
  const ownRange = range in ranges || rangeMs(range) === null ? [] : [{ value: range, name: range }];
  return (
    <FilterBox pills={pills} onFind={find} onClear={clear} foot={<FilterFoot />}>
      <TextField label={t('search')} {...typed.field('request_id')} type="search" />
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
        options={[{ value: '', name: t('any') }, ...withOwn(operations, value('operation')).map(asOption)]}
      />
      <SelectField
        label={t('status')}
        value={isSeveral ? several : status}
        onInput={(chosen) => {
          setSeveral(chosen === several);
          if (chosen !== several) choose({ status: chosen });
        }}
        options={[
          { value: '', name: t('any') },
          ...callStatuses.map((one) => ({ value: one, name: statusName(one) })),
          { value: errorStatuses, name: list('allButOk') },
          { value: several, name: list('severalStatuses') },
        ]}
      />
      <TextField
        label={t('slower')}
        type="number"
        value={value('min_duration_ms')}
        onInput={(text) => choose({ min_duration_ms: /^\d+$/.test(text) ? text : null }, 'replace')}
      />
      <TextField label={list('principal')} placeholder={list('principalHint')} {...typed.field('principal')} />
      <TextField label={list('askedBy')} {...typed.field('source_service')} />
      <TextField label={list('statusCode')} type="number" {...typed.field('response_status_code')} />
      <TextField label={list('minCost')} type="number" {...typed.field('min_cost_usd')} />
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
      {isSeveral && (
        <fieldset class="filter-choices">
          <legend>{list('statuses')}</legend>
          <div class="checks">
            {callStatuses.map((one) => (
              <CheckField
                key={one}
                label={statusName(one)}
                checked={statuses.includes(one)}
                onInput={(checked) =>
                  choose({
                    status: statusFilter(checked ? [...statuses, one] : statuses.filter((other) => other !== one)),
                  })
                }
              />
            ))}
          </div>
        </fieldset>
      )}
      {isCustom && (
        <>
          <TimeField label={t('from')} iso={query.get('from')} onTime={(from) => choose({ from }, 'replace')} />
          <TimeField label={t('to')} iso={query.get('to')} onTime={(to) => choose({ to }, 'replace')} />
        </>
      )}
    </FilterBox>
  );
}

/** The switches below the fields, and the views. */
function FilterFoot() {
  const t = useMessages(callsMessages);
  const list = useMessages(listMessages);
  const { query } = usePlace();
  const lastDay = { range: '24h', from: null, to: null };
  const readyViews = [
    { name: t('viewErrors'), filters: { status: errorStatuses } },
    { name: t('viewLimited'), filters: { status: 'rate_limited' } },
    { name: t('viewSlow'), filters: { min_duration_ms: '2000' } },
  ];
  return (
    <div class="filter-foot">
      <CheckField
        label={t('hideProbes')}
        checked={query.get('exclude_operation') === 'health_check'}
        onInput={(checked) => choose({ exclude_operation: checked ? 'health_check' : null })}
      />
      <CheckField
        label={list('onlyMisses')}
        checked={query.get('cache') === 'miss'}
        onInput={(checked) => choose({ cache: checked ? 'miss' : null })}
      />
      <span class="actions">
        <span class="muted">{t('views')}:</span>
        {readyViews.map(({ name, filters }) => (
          <button key={name} type="button" class="button small" onClick={() => choose({ ...filters, ...lastDay })}>
            {name}
          </button>
        ))}
      </span>
      <SavedViews />
    </div>
  );
}

/** A link may name a service that no longer exists, or an operation of a newer version. */
function withOwn(names: readonly string[], own: string): readonly string[] {
  return own === '' || names.includes(own) ? names : [...names, own];
}
