import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError } from '../../api/client.ts';
import { readEvents } from '../../api/event-stream.ts';
import type { BusEvent } from '../../api/types.ts';
import { hrefOf, setQuery, usePlace } from '../../app/location.tsx';
import { appMessages } from '../../app/messages.ts';
import { useApi } from '../../app/session.tsx';
import { useFormats } from '../../i18n/language.tsx';
import { useMessages } from '../../i18n/messages.ts';
import { Fault } from '../../parts/fault.tsx';
import { Foreign } from '../../parts/foreign-text.tsx';
import { SelectField, TextField } from '../../parts/forms/form.tsx';
import { BodyView } from '../../parts/json-view.tsx';
import { DataTable } from '../../parts/lists/data-table.tsx';
import { LiveLine } from '../../parts/lists/live-line.tsx';
import { RowSheet } from '../../parts/lists/row-sheet.tsx';
import { PageHeader } from '../../parts/page-header.tsx';
import { Status } from '../../parts/status.tsx';
import { Time } from '../../parts/time.tsx';
import { useHeld, useHold } from '../../parts/use-held.ts';
import { eventsMessages } from './messages.ts';

const types = [
  'service.registered',
  'request.sent',
  'request.completed',
  'request.failed',
  'webhook.received',
  'webhook.delivery_failed',
  'rate_limit.exceeded',
  'cache.hit',
  'cache.miss',
  'health.degraded',
  'health.recovered',
].map((name) => `integration.${name}`);
const mostKept = 500;
const shownRows = 200;
const reconnectMs = 3_000;
const mostGaps = 5;

/** A time in which no events were received: the tab was hidden, the list paused, or the connection lost. */
interface Gap {
  readonly from: string;
  readonly to: string;
}

type State = 'connecting' | 'live' | 'reconnecting' | 'paused' | 'hidden';

/**
 * One stream while the page is visible. Events are drawn once per frame, and the oldest beyond the maximum are dropped.
 */
function useEvents(type: string, isPaused: boolean) {
  const api = useApi();
  const [events, setEvents] = useState<readonly BusEvent[]>([]);
  const [dropped, setDropped] = useState(0);
  const [state, setState] = useState<State>('connecting');
  const [error, setError] = useState<ApiError | null>(null);
  const [gaps, setGaps] = useState<readonly Gap[]>([]);
  const waiting = useRef<BusEvent[]>([]);
  /** Since when nothing is received, and of which type. */
  const left = useRef<{ readonly at: string; readonly type: string } | null>(null);
  useEffect(() => {
    if (isPaused) {
      setState('paused');
      return;
    }
    const stop = new AbortController();
    let session = new AbortController();
    let frame = 0;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isOpen = false;
    const leave = (): void => {
      if (isOpen) left.current = { at: new Date().toISOString(), type };
      isOpen = false;
    };
    const paint = (): void => {
      frame = 0;
      const fresh = waiting.current.reverse();
      waiting.current = [];
      setEvents((before) => [...fresh, ...before].slice(0, mostKept));
    };
    const listener = {
      onOpen: () => {
        isOpen = true;
        setState('live');
        setError(null);
        const before = left.current;
        left.current = null;
        if (before?.type !== type) return;
        const gap = { from: before.at, to: new Date().toISOString() };
        setGaps((known) => [...known, gap].slice(-mostGaps));
      },
      onEvent: (event: BusEvent) => {
        waiting.current.push(event);
        if (waiting.current.length > mostKept) waiting.current.shift();
        if (frame === 0) frame = requestAnimationFrame(paint);
      },
      onDropped: (count: number) => setDropped((before) => before + count),
    };
    const follow = async (): Promise<void> => {
      session = new AbortController();
      let pauseMs = reconnectMs;
      try {
        await readEvents(api, type === '' ? [] : [type], listener, AbortSignal.any([stop.signal, session.signal]));
      } catch (thrown) {
        if (stop.signal.aborted || session.signal.aborted) return;
        if (thrown instanceof ApiError) {
          setError(thrown);
          if (thrown.status === 401) return;
          pauseMs = Math.max(pauseMs, (thrown.retryAfterSeconds ?? 0) * 1_000);
        }
      }
      if (stop.signal.aborted || session.signal.aborted) return;
      leave();
      setState('reconnecting');
      timer = setTimeout(() => void follow(), pauseMs);
    };
    const onVisibility = (): void => {
      clearTimeout(timer);
      if (document.visibilityState === 'hidden') {
        session.abort();
        leave();
        setState('hidden');
      } else {
        setState('connecting');
        void follow();
      }
    };
    document.addEventListener('visibilitychange', onVisibility, { signal: stop.signal });
    setState('connecting');
    void follow();
    return () => {
      stop.abort();
      leave();
      clearTimeout(timer);
      cancelAnimationFrame(frame);
    };
  }, [api, type, isPaused]);
  return {
    events,
    dropped,
    gaps,
    state,
    error,
    clear: () => {
      setEvents([]);
      setDropped(0);
      setGaps([]);
    },
  };
}

export function Page() {
  const t = useMessages(eventsMessages);
  const app = useMessages(appMessages);
  const formats = useFormats();
  const { query } = usePlace();
  const type = query.get('type') ?? '';
  const service = query.get('service') ?? '';
  const [isPaused, setPaused] = useState(false);
  // An open event stays open when newer ones have pushed it out of the list.
  const [open, setOpen] = useState<BusEvent | null>(null);
  const { events, dropped, gaps, state, error, clear } = useEvents(type, isPaused);
  const area = useRef<HTMLDivElement>(null);
  const hold = useHold(area, open !== null);
  const [held, release] = useHeld(events, hold !== null && events.length > 0);
  const isWanted = ({ service_name, event_type }: BusEvent): boolean =>
    (service === '' || String(service_name ?? '').includes(service)) && (type === '' || event_type === type);
  const heldIds = new Set(held.map(({ event_id }) => event_id));
  const waiting = events.filter((event) => isWanted(event) && !heldIds.has(event.event_id)).length;
  const shown = held.filter(isWanted).slice(0, shownRows);
  return (
    <>
      <PageHeader title={app('events')}>
        <span role="status">
          <Status status={state === 'live' ? 'ok' : state === 'paused' || state === 'hidden' ? 'paused' : 'running'}>
            {t(state)}
          </Status>
        </span>
        <button type="button" class="button small" aria-pressed={isPaused} onClick={() => setPaused(!isPaused)}>
          {isPaused ? t('resume') : t('pause')}
        </button>
        <button type="button" class="button small" onClick={clear}>
          {t('clear')}
        </button>
      </PageHeader>
      <div class="stack">
        {error !== null && <Fault error={error} />}
        <div class="panel filter-grid">
          <SelectField
            label={t('type')}
            value={type}
            onInput={(chosen) => setQuery({ type: chosen })}
            options={[
              { value: '', name: t('all') },
              ...types.map((value) => ({ value, name: value.replace('integration.', '') })),
            ]}
          />
          <TextField
            label={t('service')}
            hint={t('serviceHint')}
            type="search"
            value={service}
            onInput={(typed) => setQuery({ service: typed }, 'replace')}
          />
        </div>
        <section class="panel" aria-label={t('list')}>
          <p class="hint">{t('kept', { count: mostKept, dropped: formats.number(dropped) })}</p>
          {gaps.map(({ from, to }) => (
            <p key={from} class="hint">
              {t('gap', { from: formats.time(from), to: formats.time(to) })}
            </p>
          ))}
          {state === 'live' && (
            <LiveLine
              hold={hold}
              hasFailed={false}
              isQuiet
              waiting={waiting}
              words={(count) => t('newEvents', { count })}
              onRelease={release}
            />
          )}
          <div ref={area}>
            <DataTable<BusEvent>
              isTwoLines
              caption={t('list')}
              rows={shown}
              keyOf={({ event_id }) => event_id}
              selectedKey={open?.event_id ?? null}
              empty={t('none')}
              columns={[
                { name: t('time'), cell: ({ timestamp }) => <Time iso={timestamp} withMs /> },
                {
                  name: t('type'),
                  cell: ({ event_type }) => <Foreign text={event_type.replace('integration.', '')} />,
                },
                { name: t('service'), cell: ({ service_name }) => <Foreign text={service_name ?? '–'} /> },
                { name: t('about'), isExtra: true, cell: (event) => <Foreign text={about(event, formats.duration)} /> },
                { name: t('lead'), cell: (event) => <Lead event={event} /> },
                {
                  name: t('details'),
                  cell: (event) => (
                    <button
                      type="button"
                      class="button small"
                      aria-label={t('detailsOf', { name: event.event_type })}
                      onClick={() => setOpen(event)}
                    >
                      {t('details')}
                    </button>
                  ),
                },
              ]}
            />
          </div>
        </section>
      </div>
      {open !== null && (
        <RowSheet key={open.event_id} title={t('event', { id: open.event_id })} onClose={() => setOpen(null)}>
          <p class="lead">
            <Foreign text={open.event_type} /> <Time iso={open.timestamp} withMs />
          </p>
          <BodyView value={open} label={open.event_type} />
        </RowSheet>
      )}
    </>
  );
}

function about(event: BusEvent, durationOf: (ms: number) => string): string {
  const parts = [
    event.operation,
    event.response_status_code,
    event.error_code,
    event.webhook_event_type,
    event.window_type,
    event.layer,
    event.health_status,
  ];
  const said = parts.filter((part) => typeof part === 'string' || typeof part === 'number').join(' · ');
  return typeof event.duration_ms === 'number' ? `${said} · ${durationOf(event.duration_ms)}` : said;
}

function Lead({ event }: { event: BusEvent }) {
  const t = useMessages(eventsMessages);
  if (typeof event.webhook_event_id === 'string')
    return <a href={hrefOf(`/webhooks/deliveries/${event.webhook_event_id}`)}>{t('delivery')}</a>;
  const id = event.request_id ?? event.correlation_id;
  return typeof id === 'string' && id !== '' ? (
    <a href={hrefOf(`/calls/${encodeURIComponent(id)}`)}>{t('call')}</a>
  ) : (
    <>–</>
  );
}
