import { useState } from 'preact/hooks';
import { setQuery, usePlace } from '../../app/location.tsx';
import { useFormats } from '../../i18n/language.tsx';
import { useMessages } from '../../i18n/messages.ts';
import { CheckField, SelectField, TextField } from '../../parts/form.tsx';
import { filterNames, fromLocalInput, operations, ranges, statuses, toLocalInput } from './filters.ts';
import { listMessages } from './list-messages.ts';
import { callsMessages } from './messages.ts';
import { SavedViews } from './saved-views.tsx';

/** On narrow screens the filters open on demand; what is chosen stays in sight as pills. */
const wideFromPx = 768;

export function FilterBar({ services }: { services: readonly string[] }) {
  const t = useMessages(callsMessages);
  const list = useMessages(listMessages);
  const formats = useFormats();
  const { query } = usePlace();
  const [search, setSearch] = useState(query.get('request_id') ?? '');
  const [principal, setPrincipal] = useState(query.get('principal') ?? '');
  const value = (name: string): string => query.get(name) ?? '';
  const choose = (changes: Readonly<Record<string, string | null>>, how: 'push' | 'replace' = 'push'): void =>
    setQuery({ ...changes, cursor: null }, how);
  const isCustom = query.has('from') || query.has('to');
  const names: Readonly<Record<(typeof filterNames)[number], string>> = {
    service_name: t('service'),
    operation: t('operation'),
    status: t('status'),
    min_duration_ms: t('slower'),
    request_id: t('requestId'),
    principal: list('principal'),
    range: t('range'),
    from: t('from'),
    to: t('to'),
    hide_probes: t('hideProbes'),
  };
  const shown = (name: string): string => {
    const text = value(name);
    if (name === 'from' || name === 'to') return formats.dateTime(text);
    if (name === 'range' && text in ranges) return t(`range${text}` as 'range1h');
    return name === 'hide_probes' ? '' : text;
  };
  const active = filterNames.filter((name) => value(name) !== '');
  return (
    <section class="panel filters" aria-label={t('filters')}>
      <details class="filter-box" open={window.innerWidth >= wideFromPx}>
        <summary>{t('filters')}</summary>
        <form
          role="search"
          class="filter-grid"
          onSubmit={(event) => {
            event.preventDefault();
            choose({ request_id: search.trim(), principal: principal.trim() });
          }}
        >
          <TextField label={t('search')} value={search} onInput={setSearch} type="search" />
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
            options={[{ value: '', name: t('any') }, ...statuses.map(asOption)]}
          />
          <TextField
            label={t('slower')}
            type="number"
            value={value('min_duration_ms')}
            onInput={(typed) => choose({ min_duration_ms: /^\d+$/.test(typed) ? typed : null }, 'replace')}
          />
          <TextField
            label={list('principal')}
            placeholder={list('principalHint')}
            value={principal}
            onInput={setPrincipal}
          />
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
              { value: 'custom', name: t('custom') },
            ]}
          />
          {isCustom && (
            <>
              <TextField
                label={t('from')}
                type="datetime-local"
                hint={formats.timeZone}
                value={toLocalInput(query.get('from'))}
                onInput={(typed) => choose({ from: fromLocalInput(typed) }, 'replace')}
              />
              <TextField
                label={t('to')}
                type="datetime-local"
                hint={formats.timeZone}
                value={toLocalInput(query.get('to'))}
                onInput={(typed) => choose({ to: fromLocalInput(typed) }, 'replace')}
              />
            </>
          )}
          <button type="submit" class="visually-hidden" tabIndex={-1}>
            {t('find')}
          </button>
        </form>
        <div class="filter-foot">
          <CheckField
            label={t('hideProbes')}
            checked={value('hide_probes') !== ''}
            onInput={(checked) => choose({ hide_probes: checked ? '1' : null })}
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
      {active.length > 0 && (
        <ul class="pills" aria-label={t('filters')}>
          {active.map((name) => (
            <li key={name}>
              <button
                type="button"
                class="pill"
                aria-label={t('remove', { name: `${names[name]} ${shown(name)}` })}
                onClick={() => choose({ [name]: null })}
              >
                {names[name]}
                {shown(name) === '' ? '' : `: ${shown(name)}`} <span aria-hidden="true">✕</span>
              </button>
            </li>
          ))}
          <li>
            <button
              type="button"
              class="button small plain"
              onClick={() => {
                setSearch('');
                setPrincipal('');
                choose(Object.fromEntries([...filterNames, 'view'].map((name) => [name, null])));
              }}
            >
              {t('clear')}
            </button>
          </li>
        </ul>
      )}
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
