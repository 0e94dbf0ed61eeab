/** The steps of one call as bars on one axis of time, each beside its words: the list reads whole without the bars. */
import type { CallStory } from '../../api/types.ts';
import { useFormats } from '../../i18n/language.tsx';
import { type Translate, useMessages } from '../../i18n/messages.ts';
import { Foreign } from '../../parts/foreign-text.tsx';
import { waterfallMessages } from './waterfall-messages.ts';

type Step = CallStory['steps'][number];
type Formats = ReturnType<typeof useFormats>;
type Words = Translate<typeof waterfallMessages>;
type Tone = 'good' | 'warn' | 'bad' | 'limit' | 'wait' | 'off';

const leastWidth = 0.6;

/** `axisMs`: what the whole width stands for. */
export function Waterfall({ story, axisMs, isShared }: { story: CallStory; axisMs: number; isShared: boolean }) {
  const t = useMessages(waterfallMessages);
  const formats = useFormats();
  const scale = 100 / Math.max(1, axisMs);
  return (
    <>
      {story.source === 'memory' && <p class="lead">{t(memoryWord(story))}</p>}
      <div class="time-scale muted" aria-hidden="true">
        {[0, 0.5, 1].map((share) => (
          <span key={share}>{formats.duration(Math.round(axisMs * share))}</span>
        ))}
      </div>
      <ol class="timeline">
        {story.steps.map((step, index) => (
          <li key={`${index} ${step.kind}`}>
            <span class="timeline-name">
              <Foreign text={nameOf(step, t)} />
              <span class="muted">{timesOf(step, t, formats)}</span>
            </span>
            <svg class="timeline-bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
              <rect class="timeline-track" x="0" y="3" width="100" height="2" />
              <rect
                class={`bar-${toneOfStep(step)}`}
                x={Math.min(step.at_ms * scale, 100 - leastWidth)}
                y="0"
                width={Math.max(leastWidth, durationOf(step) * scale)}
                height="8"
              />
            </svg>
          </li>
        ))}
      </ol>
      <p class="muted">
        {t('legend')} {isShared && t('axis')}
      </p>
      {!story.complete && (
        <p class="muted">
          {t('incomplete')} {story.incomplete_because.map((reason) => t(reason)).join('; ')}.
        </p>
      )}
    </>
  );
}

function memoryWord({ steps }: CallStory): 'fromCache' | 'fromOther' | 'passedAll' {
  if (steps.some((step) => step.kind === 'cache' && step.outcome === 'hit')) return 'fromCache';
  return steps.some((step) => step.kind === 'wait' && step.for === 'coalesced') ? 'fromOther' : 'passedAll';
}

function durationOf(step: Step): number {
  return 'duration_ms' in step ? (step.duration_ms ?? 0) : 0;
}

function nameOf(step: Step, t: Words): string {
  switch (step.kind) {
    case 'cache':
      return t('cache', { layer: step.layer ?? '', outcome: t(step.outcome) });
    case 'wait': {
      const words = { limit: 'waitLimit', place: 'waitPlace', pace: 'waitPace', coalesced: 'waitCoalesced' } as const;
      return t(words[step.for], { service: step.service_name ?? '' });
    }
    case 'skipped':
      return t('skipped', { service: step.service_name ?? t('token'), reason: t(step.reason) });
    case 'attempt':
      return t('attempt', { service: step.service_name, number: step.number });
    case 'retry':
      return t('retry', { service: step.service_name });
    case 'event':
      return t('event', { type: step.type });
  }
}

function timesOf(step: Step, t: Words, formats: Formats): string {
  const at = formats.duration(step.at_ms);
  const lasting = durationOf(step);
  const parts = [lasting > 0 ? t('atFor', { at, duration: formats.duration(lasting) }) : t('at', { at })];
  if (step.kind === 'cache' && step.age_seconds != null) {
    parts.push(t('age', { age: formats.duration(step.age_seconds * 1_000) }));
  }
  if (step.kind === 'event' && step.is_published !== null) {
    parts.push(t(step.is_published ? 'published' : 'notPublished'));
  }
  if (step.kind !== 'attempt') return parts.join(' · ');
  parts.push(step.outcome);
  for (const { connect_ms, first_byte_ms, body_ms, status_code, fault } of step.requests) {
    if (connect_ms !== undefined) parts.push(t('connect', { duration: formats.duration(connect_ms) }));
    if (first_byte_ms !== undefined) parts.push(t('firstByte', { duration: formats.duration(first_byte_ms) }));
    if (body_ms !== undefined) parts.push(t('body', { duration: formats.duration(body_ms) }));
    if (status_code !== undefined) parts.push(`HTTP ${status_code}`);
    if (fault !== undefined) parts.push(fault);
  }
  return parts.join(' · ');
}

function toneOfStep(step: Step): Tone {
  switch (step.kind) {
    case 'cache':
      return step.outcome === 'hit' ? 'good' : 'off';
    case 'attempt':
      return step.outcome === 'ok' || step.outcome === 'empty' ? 'good' : 'bad';
    case 'skipped':
      return 'limit';
    case 'event':
      return 'off';
    default:
      return 'wait';
  }
}
