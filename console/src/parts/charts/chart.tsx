/**
 * A chart over time, drawn by uPlot. A sentence, a cursor for the arrow keys and a table accompany the canvas, because
 * a screen reader cannot read a canvas.
 */
import { useEffect, useId, useMemo, useRef, useState } from 'preact/hooks';
import type UPlot from 'uplot';
import { useLanguage } from '../../i18n/language.tsx';
import { useMessages } from '../../i18n/messages.ts';
import { partsMessages } from '../messages.ts';
import { type ChartSeries, Legend, PointTable, summary, valueText } from './chart-legend.tsx';
import { stackUp } from './chart-marks.ts';
import { coversDays, type Latest, openPlot } from './plot.ts';

interface ChartProps {
  readonly title: string;
  /** Unix seconds, ascending. */
  readonly times: readonly number[];
  readonly series: readonly ChartSeries[];
  readonly format: (value: number) => string;
  /** Dragging chooses a range; a click on a point, or Enter on the selected one, chooses the point's span. */
  readonly onRange?: ((fromMs: number, toMs: number) => void) | undefined;
  /** The width of a bar, if each point covers the span that begins with it. */
  readonly barSeconds?: number;
  /** The last point covers a span that has not ended: it is hatched, and the legend reads the one before. */
  readonly isLastFilling?: boolean;
  /** Unix seconds to mark. */
  readonly marks?: readonly number[];
  /** The series are stacked; a gap counts as 0. */
  readonly isStacked?: boolean;
}

const none: readonly number[] = [];

export function Chart({
  title,
  times,
  series,
  format,
  onRange,
  barSeconds,
  isLastFilling = false,
  marks = none,
  isStacked = false,
}: ChartProps) {
  const t = useMessages(partsMessages);
  const { formats } = useLanguage();
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<UPlot | null>(null);
  const [isTable, setTable] = useState(false);
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  /** Only points selected by the arrow keys are read aloud: the mouse would cause constant speech. */
  const [isRead, setRead] = useState(false);
  const [cursor, setCursor] = useState<number | null>(null);
  const titleId = useId();
  const data = useMemo(() => columnsOf(times, series, hidden, isStacked), [times, series, hidden, isStacked]);
  const shape = series.map((one) => `${one.name}|${one.color}|${one.isDashed}|${one.isBars}|${one.isHatched}`).join();
  const isBar = barSeconds !== undefined && series.some(({ isBars }) => isBars === true);
  const canChoose = onRange !== undefined && barSeconds !== undefined;
  const choose = (index: number | null): void => {
    const at = index === null ? undefined : times[index];
    if (canChoose && at !== undefined) onRange(at * 1_000, (at + barSeconds) * 1_000);
  };
  const latest = useRef<Latest>({ format, onRange, choose, setCursor, isLastFilling, marks });
  latest.current = { format, onRange, choose, setCursor, isLastFilling, marks };
  const isZero = series.every(({ values }) => values.every((value) => value === null || value === 0));
  const hasPoints = times.length > 0 && series.some(({ values }) => values.some((value) => value !== null));

  // The plot is created again only if its series, language or form change; new numbers are passed below.
  useEffect(() => {
    const holder = box.current;
    if (holder === null || isTable || !hasPoints) return;
    const opened = openPlot(holder, { times, series, barSeconds, isBar, canDrag: onRange !== undefined }, data, latest);
    plot.current = opened.plot;
    return () => {
      opened.close();
      plot.current = null;
    };
  }, [shape, barSeconds, canChoose, isTable, hasPoints, formats]);
  useEffect(() => plot.current?.setData(data), [data]);
  useEffect(() => plot.current?.redraw(false), [marks, isLastFilling]);

  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Enter') {
      choose(cursor);
      return;
    }
    const step = stepOf(event);
    if (step === 0) return;
    event.preventDefault();
    const next = Math.max(0, Math.min(times.length - 1, (cursor ?? (step > 0 ? -1 : times.length)) + step));
    setCursor(next);
    setRead(true);
    const made = plot.current;
    // To the middle of a bar, whose left edge is its time.
    const at = (times[next] ?? 0) + (isBar ? barSeconds / 2 : 0);
    if (made !== null) made.setCursor({ left: made.valToPos(at, 'x'), top: 10 });
  };
  // Whole days are UTC: in any other zone they would get the name of the day before or after.
  const isDays = coversDays(barSeconds);
  const timeText = (seconds: number): string => {
    const iso = new Date(seconds * 1_000).toISOString();
    return isDays ? formats.day(iso) : formats.dateTime(iso);
  };
  const read = cursor ?? times.length - (isLastFilling ? 2 : 1);
  const pointText = (index: number): string =>
    `${timeText(times[index] ?? 0)}: ${series
      .filter(({ name }) => !hidden.has(name))
      .map(({ name, values }) => `${name} ${valueText(values[index], format)}`)
      .join(', ')}`;
  return (
    <figure class="chart" aria-labelledby={titleId}>
      <Caption
        titleId={titleId}
        title={title}
        time={cursor !== null && times[read] !== undefined ? timeText(times[read]) : ''}
        isTable={isTable}
        canBeTable={hasPoints}
        onTable={() => setTable(!isTable)}
      />
      <Legend
        series={series}
        hidden={hidden}
        onToggle={(name) => setHidden(toggled(hidden, name))}
        textOf={({ values }) => valueText(values[read], format)}
      />
      <p class="visually-hidden" role="status">
        {isRead && times[read] !== undefined && pointText(read)}
      </p>
      {!hasPoints && <p class="empty">{t('noPoints')}</p>}
      {hasPoints && !isTable && (
        <div
          class={canChoose ? 'chart-box leads' : 'chart-box'}
          tabIndex={0}
          role="img"
          aria-label={`${summary(title, series, format, t)} ${t('chartKeys')}${canChoose ? ` ${t('chartEnter')}` : ''}`}
          onKeyDown={onKeyDown}
          onBlur={() => setRead(false)}
          ref={box}
        />
      )}
      {hasPoints && !isTable && isZero && (
        <p class="chart-none" aria-hidden="true">
          {t('allZero')}
        </p>
      )}
      {hasPoints && isTable && (
        <PointTable title={title} times={times} series={series} timeText={timeText} format={format} />
      )}
    </figure>
  );
}

/** 1 or -1 for an arrow key, otherwise 0. With Alt the arrows belong to the browser: Back and Forward. */
function stepOf({ key, altKey, ctrlKey, metaKey }: KeyboardEvent): number {
  if (altKey || ctrlKey || metaKey) return 0;
  return key === 'ArrowRight' ? 1 : key === 'ArrowLeft' ? -1 : 0;
}

function toggled(names: ReadonlySet<string>, name: string): ReadonlySet<string> {
  const others = new Set(names);
  if (!others.delete(name)) others.add(name);
  return others;
}

/** The times, then the values of each series, the last one first; hidden ones are empty. */
function columnsOf(
  times: readonly number[],
  series: readonly ChartSeries[],
  hidden: ReadonlySet<string>,
  isStacked: boolean,
): UPlot.AlignedData {
  const columns = series.map(({ name, values }) => (hidden.has(name) ? values.map(() => null) : [...values]));
  return [times as number[], ...(isStacked ? stackUp(columns) : columns).reverse()] as UPlot.AlignedData;
}

interface CaptionProps {
  readonly titleId: string;
  readonly title: string;
  /** The time under the cursor; empty without one. */
  readonly time: string;
  readonly isTable: boolean;
  readonly canBeTable: boolean;
  onTable(): void;
}

function Caption({ titleId, title, time, isTable, canBeTable, onTable }: CaptionProps) {
  const t = useMessages(partsMessages);
  return (
    <figcaption>
      <span id={titleId} class="chart-title">
        {title}
      </span>
      {/* Not in the legend, which would get a line more or less. */}
      <span class="muted chart-time">{time}</span>
      <button
        type="button"
        class="button small plain"
        aria-pressed={isTable}
        aria-disabled={!canBeTable}
        onClick={onTable}
      >
        {t('asTable')}
        <span class="visually-hidden">: {title}</span>
      </button>
    </figcaption>
  );
}
