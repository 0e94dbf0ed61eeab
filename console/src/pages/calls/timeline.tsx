import type { CallLog } from '../../api/types.ts';
import { useFormats } from '../../i18n/language.tsx';
import { useMessages } from '../../i18n/messages.ts';
import { Foreign } from '../../parts/foreign-text.tsx';
import { Status, toneOf } from '../../parts/status.tsx';
import { callsMessages } from './messages.ts';

const nameWidth = 100;
const leastWidth = 0.6;

/** A list in text with bars beside it, all on one scale. */
export function Timeline({ logs }: { logs: readonly CallLog[] }) {
  const t = useMessages(callsMessages);
  const formats = useFormats();
  const startMs = Math.min(...logs.map(({ started_at }) => Date.parse(started_at)));
  const endMs = Math.max(...logs.map((log) => Date.parse(log.started_at) + (log.duration_ms ?? 0)), startMs + 1);
  const scale = nameWidth / (endMs - startMs);
  return (
    <section class="panel" aria-label={t('timeline')}>
      <h2>{t('timeline')}</h2>
      <div class="time-scale muted" aria-hidden="true">
        {[0, 0.25, 0.5, 0.75, 1].map((share) => (
          <span key={share}>{formats.duration(Math.round((endMs - startMs) * share))}</span>
        ))}
      </div>
      <ol class="timeline">
        {logs.map((log) => {
          const left = (Date.parse(log.started_at) - startMs) * scale;
          const width = Math.max(leastWidth, (log.duration_ms ?? 0) * scale);
          return (
            <li key={log.id}>
              <span class="timeline-name">
                <Foreign text={log.service_name} /> <Status status={log.status} />
                <span class="muted">
                  {log.duration_ms === null ? '' : formats.duration(log.duration_ms)}
                  {log.retry_count > 0 ? `, ${t('withRetries', { count: log.retry_count })}` : ''}
                </span>
              </span>
              <svg class="timeline-bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
                <rect class="timeline-track" x="0" y="3" width="100" height="2" />
                <rect class={`bar-${toneOf(log.status)}`} x={left} y="0" width={width} height="8" />
              </svg>
            </li>
          );
        })}
      </ol>
      <p class="muted">{t('timelineLegend')}</p>
    </section>
  );
}
