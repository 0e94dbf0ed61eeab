/** The scale above the bars: dragging over it zooms; the fields beside it do so by keyboard. */
import { useRef, useState } from 'preact/hooks';
import { useFormats } from '../../i18n/language.tsx';
import { useMessages } from '../../i18n/messages.ts';
import { TextField } from '../../parts/forms/form.tsx';
import type { Axis, Stretch } from './axis.ts';
import { waterfallMessages } from './waterfall-messages.ts';

/** In hundredths of the width: a shorter drag counts as a click. */
const leastDrag = 1;

export function TimeScale({ axis, onZoom }: { axis: Axis; onZoom: (stretch: Stretch) => void }) {
  const formats = useFormats();
  const box = useRef<HTMLDivElement>(null);
  const [drag, setDrag] = useState<{ from: number; to: number } | null>(null);
  const placeOf = (event: PointerEvent): number => {
    const { left = 0, width = 1 } = box.current?.getBoundingClientRect() ?? {};
    return Math.max(0, Math.min(100, ((event.clientX - left) / width) * 100));
  };
  const end = (): void => {
    setDrag(null);
    if (drag === null || Math.abs(drag.to - drag.from) < leastDrag) return;
    const [one, other] = [axis.timeAt(drag.from), axis.timeAt(drag.to)];
    onZoom({ fromMs: Math.round(Math.min(one, other)), toMs: Math.round(Math.max(one, other)) });
  };
  const at = (ms: number): string => formats.duration(Math.round(ms));
  return (
    <div
      class="time-scale muted"
      aria-hidden="true"
      ref={box}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        setDrag({ from: placeOf(event), to: placeOf(event) });
      }}
      onPointerMove={(event) => drag !== null && setDrag({ ...drag, to: placeOf(event) })}
      onPointerUp={end}
      onPointerCancel={() => setDrag(null)}
    >
      <span class="tick-first">{at(axis.fromMs)}</span>
      {axis.folds.length === 0 && (
        <span class="tick" style={{ left: '50%' }}>
          {at((axis.fromMs + axis.toMs) / 2)}
        </span>
      )}
      {axis.folds.map(({ fromMs, toMs }) => (
        <span key={fromMs} class="tick" style={{ left: `${(axis.placeOf(fromMs) + axis.placeOf(toMs)) / 2}%` }}>
          {'\u2248'} {at(toMs - fromMs)}
        </span>
      ))}
      <span class="tick-last">{at(axis.toMs)}</span>
      {drag !== null && (
        <span
          class="drag"
          style={{ left: `${Math.min(drag.from, drag.to)}%`, width: `${Math.abs(drag.to - drag.from)}%` }}
        />
      )}
    </div>
  );
}

/** The same zoom for the keyboard. */
export function ZoomFields({
  axis,
  zoom,
  onZoom,
}: {
  axis: Stretch;
  zoom: Stretch | null;
  onZoom: (stretch: Stretch | null) => void;
}) {
  const t = useMessages(waterfallMessages);
  const shown = zoom ?? axis;
  const change = (changed: Partial<Stretch>): void => {
    const next = { ...shown, ...changed };
    if (next.toMs > next.fromMs) onZoom(next);
  };
  return (
    <details class="zoom">
      <summary>{t('zoom')}</summary>
      <div class="inline-form">
        <TextField
          label={t('zoomFrom')}
          type="number"
          value={String(Math.round(shown.fromMs))}
          onInput={(typed) => change({ fromMs: Number(typed) })}
        />
        <TextField
          label={t('zoomTo')}
          type="number"
          value={String(Math.round(shown.toMs))}
          onInput={(typed) => change({ toMs: Number(typed) })}
        />
      </div>
    </details>
  );
}
