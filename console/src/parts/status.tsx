import type { ComponentChildren } from 'preact';
import { useMessages } from '../i18n/messages.ts';
import { partsMessages } from './messages.ts';

type Tone = 'good' | 'warn' | 'bad' | 'limit' | 'wait' | 'off';
type Word = Extract<keyof typeof partsMessages, `status${string}`>;

/** Shape, word and colour: never colour alone. */
const looks: Readonly<Record<string, readonly [Tone, Word]>> = {
  success: ['good', 'statusOk'],
  ok: ['good', 'statusOk'],
  healthy: ['good', 'statusHealthy'],
  delivered: ['good', 'statusDelivered'],
  accepted: ['good', 'statusAccepted'],
  active: ['good', 'statusActive'],
  degraded: ['warn', 'statusDegraded'],
  retrying: ['warn', 'statusRetrying'],
  error: ['bad', 'statusError'],
  timeout: ['bad', 'statusTimeout'],
  down: ['bad', 'statusDown'],
  refused: ['bad', 'statusRefused'],
  dead: ['bad', 'statusDead'],
  rate_limited: ['limit', 'statusLimited'],
  over_budget: ['limit', 'statusOver'],
  deferred: ['wait', 'statusDeferred'],
  pending: ['wait', 'statusPending'],
  running: ['wait', 'statusPending'],
  paused: ['off', 'statusPaused'],
  off: ['off', 'statusOff'],
  cancelled: ['off', 'statusCancelled'],
  duplicate: ['off', 'statusDuplicate'],
  ignored: ['off', 'statusIgnored'],
  unknown: ['off', 'statusUnknown'],
};

const shapes: Readonly<Record<Tone, string>> = {
  good: 'M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1m3.5 5.2-4.3 4.6-2.7-2.6 1-1.1 1.7 1.6 3.2-3.5z',
  warn: 'M8 1.5 15.5 14.5H.5zM7.2 6v4.2h1.6V6zm0 5.4V13h1.6v-1.6z',
  bad: 'M5 1h6l4 4v6l-4 4H5l-4-4V5zm1.2 4.1L5.1 6.2 6.9 8 5.1 9.8l1.1 1.1L8 9.1l1.8 1.8 1.1-1.1L9.1 8l1.8-1.8-1.1-1.1L8 6.9z',
  limit: 'M8 .8 15.2 8 8 15.2.8 8z',
  wait: 'M8 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8',
  off: 'M4 3h3v10H4zm5 0h3v10H9z',
};

export function StatusIcon({ tone }: { tone: Tone }) {
  return (
    <svg class="status-icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d={shapes[tone]} fill-rule="evenodd" />
    </svg>
  );
}

/** The word for a status, the same in lists, filters and pills. */
export function useStatusName(): (status: string) => string {
  const t = useMessages(partsMessages);
  return (status) => {
    const word = looks[status]?.[1] ?? null;
    return word === null ? status : t(word);
  };
}

/** `children`: other words than the status's own. */
export function Status({ status, children }: { status: string; children?: ComponentChildren }) {
  const nameOf = useStatusName();
  const tone = toneOf(status);
  return (
    <span class={`status status-${tone}`}>
      <StatusIcon tone={tone} />
      {children ?? nameOf(status)}
    </span>
  );
}

export function toneOf(status: string): Tone {
  return looks[status]?.[0] ?? 'off';
}
