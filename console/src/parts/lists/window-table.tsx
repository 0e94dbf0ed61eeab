import type { LimitWindow } from '../../api/types.ts';
import { useFormats } from '../../i18n/language.tsx';
import { type Messages, useMessages } from '../../i18n/messages.ts';
import { Foreign } from '../foreign-text.tsx';
import { Status } from '../status.tsx';
import { Ago } from '../time.tsx';
import { DataTable } from './data-table.tsx';

export const windowMessages = {
  who: ['Family or service', 'Группа или сервис'],
  window: ['Window', 'Окно'],
  minute: ['minute', 'минута'],
  hour: ['hour', 'час'],
  day: ['day', 'сутки'],
  month: ['month', 'месяц'],
  used: ['Requests used', 'Использовано запросов'],
  limit_read: ['read', 'чтение'],
  limit_write: ['write', 'запись'],
  'limit_project read': ['read, whole project', 'чтение, весь проект'],
  'limit_project write': ['write, whole project', 'запись, весь проект'],
  of: ['{used} of {most}', '{used} из {most}'],
  free: ['Free again', 'Освободится'],
  share: [
    'Share of this replica while Redis is away: {used} of {most}',
    'Доля этой реплики, пока Redis недоступен: {used} из {most}',
  ],
} as const satisfies Messages;

export interface NamedWindow {
  readonly name: string | null;
  readonly window: LimitWindow;
}

/** Windows of limits with a bar for their use. */
export function WindowTable({
  caption,
  rows,
  empty,
}: {
  caption: string;
  rows: readonly NamedWindow[];
  empty: string;
}) {
  const t = useMessages(windowMessages);
  const formats = useFormats();
  const nameOfWindow = (type: string): string => (type in windowMessages ? t(type as 'minute') : type);
  const nameOfPart = (part: string): string =>
    `limit_${part}` in windowMessages ? t(`limit_${part}` as 'limit_read') : part;
  return (
    <DataTable<NamedWindow>
      caption={caption}
      rows={rows}
      keyOf={({ name, window }) => `${name} ${window.window_type} ${window.limit ?? ''}`}
      empty={empty}
      columns={[
        ...(rows.some(({ name }) => name !== null)
          ? [{ name: t('who'), cell: ({ name }: NamedWindow) => <Foreign text={name} /> }]
          : []),
        {
          name: t('window'),
          cell: ({ window }) =>
            `${nameOfWindow(window.window_type)}${window.limit === undefined ? '' : ` · ${nameOfPart(window.limit)}`}`,
        },
        {
          name: t('used'),
          cell: ({ window }) => (
            <span class="use">
              <Meter used={window.request_count} most={window.max_requests} />
              <span class="tabular">
                {t('of', { used: formats.number(window.request_count), most: formats.number(window.max_requests) })}
              </span>
              {window.is_rate_limited && <Status status="rate_limited" />}
              {window.replica_share !== undefined && (
                <span class="muted">
                  {t('share', {
                    used: formats.number(window.replica_share.request_count),
                    most: formats.number(window.replica_share.max_requests),
                  })}
                </span>
              )}
            </span>
          ),
        },
        { name: t('free'), cell: ({ window }) => (window.request_count === 0 ? '–' : <Ago iso={window.window_end} />) },
      ]}
    />
  );
}

/** Decoration beside a number that says the same. */
export function Meter({ used, most }: { used: number; most: number }) {
  const share = most <= 0 ? 0 : Math.min(1, used / most);
  const tone = share >= 1 ? 'bad' : share >= 0.8 ? 'warn' : 'good';
  return (
    <svg class="meter" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
      <rect class="timeline-track" width="100" height="8" />
      <rect class={`bar-${tone}`} width={share * 100} height="8" />
    </svg>
  );
}
