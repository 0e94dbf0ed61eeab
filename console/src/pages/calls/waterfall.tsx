/** The steps of one call as bars on one time axis, each beside its text: the list is complete without the bars. */
import { useState } from 'preact/hooks';
import type { CallStory } from '../../api/types.ts';
import { useFormats } from '../../i18n/language.tsx';
import { type Translate, useMessages } from '../../i18n/messages.ts';
import { Foreign } from '../../parts/foreign-text.tsx';
import { CheckField } from '../../parts/forms/form.tsx';
import { type Axis, axisOf, type Stretch } from './axis.ts';
import { TimeScale, ZoomFields } from './time-scale.tsx';
import { waterfallMessages } from './waterfall-messages.ts';

type Step = CallStory['steps'][number];
type Formats = ReturnType<typeof useFormats>;
type Words = Translate<typeof waterfallMessages>;
type Tone = 'good' | 'warn' | 'bad' | 'limit' | 'wait' | 'off';

const leastWidth = 0.6;

/** The first steps; more on demand. */
const shownRows = 200;

/** `others`: the steps of a second call, which shares the axis. `axisMs`: the duration of the whole width. */
export function Waterfall({
  story,
  others,
  axisMs,
}: {
  story: CallStory;
  others: readonly Step[] | null;
  axisMs: number;
}) {
  const t = useMessages(waterfallMessages);
  const formats = useFormats();
  const [onlyFailed, setOnlyFailed] = useState(false);
  const [isFolded, setFolded] = useState(true);
  const [zoom, setZoom] = useState<Stretch | null>(null);
  const [mostRows, setMostRows] = useState(shownRows);
  const whole = { fromMs: 0, toMs: axisMs };
  const busy = [...story.steps, ...(others ?? [])]
    .filter(({ kind }) => kind !== 'wait' && kind !== 'retry')
    .map(stretchOf);
  const axis = axisOf(zoom ?? whole, isFolded ? busy : null);
  const canFold = axisOf(zoom ?? whole, busy).folds.length > 0;
  const inSpan = story.steps.filter((step) => {
    const { fromMs, toMs } = stretchOf(step);
    return toMs >= axis.fromMs && fromMs <= axis.toMs;
  });
  const chosen = onlyFailed ? inSpan.filter(isFailed) : inSpan;
  return (
    <>
      {story.source === 'memory' && <p class="lead">{t(memoryWord(story))}</p>}
      <div class="actions">
        {story.steps.some(isFailed) && (
          <CheckField label={t('onlyFailed')} checked={onlyFailed} onInput={setOnlyFailed} />
        )}
        {canFold && <CheckField label={t('fold')} checked={isFolded} onInput={setFolded} />}
        <ZoomFields axis={whole} zoom={zoom} onZoom={setZoom} />
        {zoom !== null && (
          <button type="button" class="button small" onClick={() => setZoom(null)}>
            {t('wholeCall')}
          </button>
        )}
      </div>
      <TimeScale axis={axis} onZoom={setZoom} />
      {chosen.length === 0 && <p class="empty">{t('noSteps')}</p>}
      <ol class="timeline">
        {chosen.slice(0, mostRows).map((step, index) => (
          <li key={`${index} ${step.kind}`}>
            <span class="timeline-name">
              <Foreign text={nameOf(step, t)} />
              <span class="muted">{timesOf(step, t, formats)}</span>
            </span>
            <Bar step={step} axis={axis} />
          </li>
        ))}
      </ol>
      {chosen.length > mostRows && (
        <button type="button" class="button small" onClick={() => setMostRows(mostRows + shownRows)}>
          {t('moreSteps', { count: chosen.length - mostRows })}
        </button>
      )}
      <p class="muted">
        {t('legend')} {others !== null && t('axis')} {axis.folds.length > 0 && t('folded', { lengths: foldsText() })}
      </p>
      {!story.complete && (
        <p class="muted">
          {t('incomplete')} {story.incomplete_because.map((reason) => t(reason)).join('; ')}.
        </p>
      )}
    </>
  );

  function foldsText(): string {
    return axis.folds.map(({ fromMs, toMs }) => formats.duration(Math.round(toMs - fromMs))).join(', ');
  }
}

function Bar({ step, axis }: { step: Step; axis: Axis }) {
  const { fromMs, toMs } = stretchOf(step);
  const from = axis.placeOf(fromMs);
  return (
    <svg class="timeline-bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
      <rect class="timeline-track" x="0" y="3" width="100" height="2" />
      <rect
        class={`bar-${toneOfStep(step)}`}
        x={Math.min(from, 100 - leastWidth)}
        y="0"
        width={Math.max(leastWidth, axis.placeOf(toMs) - from)}
        height="8"
      />
      {axis.folds.map((fold) => (
        <path key={fold.fromMs} class="fold" d={zigzag(axis.placeOf(fold.fromMs), axis.placeOf(fold.toMs))} />
      ))}
    </svg>
  );
}

function zigzag(from: number, to: number): string {
  const step = (to - from) / 4;
  return `M${from} 4 L${from + step} 1 L${from + 2 * step} 7 L${from + 3 * step} 1 L${to} 4`;
}

function stretchOf(step: Step): Stretch {
  return { fromMs: step.at_ms, toMs: step.at_ms + durationOf(step) };
}

function isFailed(step: Step): boolean {
  return (
    step.kind === 'skipped' || (step.kind === 'cache' && step.outcome === 'unavailable') || toneOfStep(step) === 'bad'
  );
}

function memoryWord({ steps }: CallStory): 'fromCache' | 'fromOther' | 'passedAll' {
  if (steps.some((step) => step.kind === 'cache' && step.outcome === 'hit')) return 'fromCache';
  return steps.some((step) => step.kind === 'wait' && step.for === 'coalesced') ? 'fromOther' : 'passedAll';
}

function durationOf(step: Step): number {
  return 'duration_ms' in step ? (step.duration_ms ?? 0) : 0;
}

function reasonKeyOf({ reason, is_share: isShare }: Extract<Step, { kind: 'skipped' }>) {
  const isLimit = reason === 'limit' || reason === 'tenant_limit' || reason === 'token_limit';
  return isShare === true && isLimit ? (`${reason}_share` as const) : reason;
}

function nameOf(step: Step, t: Words): string {
  switch (step.kind) {
    case 'cache':
      return t('cache', { layer: wordOf('layer', step.layer ?? '', t), outcome: t(step.outcome) });
    case 'wait': {
      const words = { limit: 'waitLimit', place: 'waitPlace', pace: 'waitPace', coalesced: 'waitCoalesced' } as const;
      return t(words[step.for], { service: step.service_name ?? '' });
    }
    case 'skipped':
      return t('skipped', { service: step.service_name ?? t('token'), reason: t(reasonKeyOf(step)) });
    case 'attempt':
      return t('attempt', { service: step.service_name, number: step.number });
    case 'retry':
      return t('retry', { service: step.service_name });
    case 'event':
      return t('event', { type: step.type });
  }
}

/** In the reader's language, as far as there is a word for it. */
function wordOf(kind: 'layer' | 'outcome' | 'fault', name: string, t: Words): string {
  const key = `${kind}_${name}`;
  return key in waterfallMessages ? t(key as keyof typeof waterfallMessages) : name;
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
  parts.push(wordOf('outcome', step.outcome, t));
  for (const { connect_ms, first_byte_ms, body_ms, status_code, fault } of step.requests) {
    if (connect_ms !== undefined) parts.push(t('connect', { duration: formats.duration(connect_ms) }));
    if (first_byte_ms !== undefined) parts.push(t('firstByte', { duration: formats.duration(first_byte_ms) }));
    if (body_ms !== undefined) parts.push(t('body', { duration: formats.duration(body_ms) }));
    if (status_code !== undefined) parts.push(`HTTP ${status_code}`);
    if (fault !== undefined) parts.push(wordOf('fault', fault, t));
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
