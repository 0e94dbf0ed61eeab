/** The content beside a chart's canvas: the names of its series, its sentence, and its points as a table. */
import { useMessages } from '../../i18n/messages.ts';
import { partsMessages } from '../messages.ts';

export interface ChartSeries {
  readonly name: string;
  /** One value per time; null if there is none. */
  readonly values: readonly (number | null)[];
  /** `good` and `bad` are the status colours, `muted` is for the rest; a number is a position in the palette. */
  readonly color: number | 'good' | 'bad' | 'muted';
  readonly isDashed?: boolean;
  readonly isBars?: boolean;
  readonly isHatched?: boolean;
}

interface LegendProps {
  readonly series: readonly ChartSeries[];
  readonly hidden: ReadonlySet<string>;
  readonly onToggle: (name: string) => void;
  readonly textOf: (series: ChartSeries) => string;
}

/** The name of each series shows or hides it. */
export function Legend({ series, hidden, onToggle, textOf }: LegendProps) {
  const t = useMessages(partsMessages);
  return (
    <ul class="legend">
      {series.map((one) => {
        const shown = (
          <>
            <span class={swatchOf(one)} aria-hidden="true" />
            {one.name}
            <span class="legend-value">{textOf(one)}</span>
          </>
        );
        return (
          <li key={one.name}>
            {series.length === 1 ? (
              shown
            ) : (
              <button
                type="button"
                class="legend-button"
                aria-pressed={!hidden.has(one.name)}
                title={t('seriesShown')}
                onClick={() => onToggle(one.name)}
              >
                {shown}
              </button>
            )}
          </li>
        );
      })}
    </ul>
  );
}

function swatchOf({ color, isDashed, isHatched }: ChartSeries): string {
  return `swatch swatch-${color} ${isDashed === true ? 'dashed' : ''} ${isHatched === true ? 'hatched' : ''}`;
}

interface PointTableProps {
  readonly title: string;
  readonly times: readonly number[];
  readonly series: readonly ChartSeries[];
  readonly timeText: (seconds: number) => string;
  readonly format: (value: number) => string;
}

export function PointTable({ title, times, series, timeText, format }: PointTableProps) {
  const t = useMessages(partsMessages);
  return (
    <div class="table-box chart-table" tabIndex={0} role="region" aria-label={title}>
      <table>
        <thead>
          <tr>
            <th scope="col">{t('time')}</th>
            {series.map(({ name }) => (
              <th key={name} scope="col" class="number">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {times.map((time, index) => (
            <tr key={time}>
              <td>{timeText(time)}</td>
              {series.map(({ name, values }) => (
                <td key={name} class="number">
                  {valueText(values[index], format)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function valueText(value: number | null | undefined, format: (value: number) => string): string {
  return value === null || value === undefined ? '–' : format(value);
}

export function summary(
  title: string,
  series: readonly ChartSeries[],
  format: (value: number) => string,
  t: ReturnType<typeof useMessages<typeof partsMessages>>,
): string {
  const parts = series.map(({ name, values }) => {
    const present = values.filter((value) => value !== null);
    const last = valueText(present.at(-1), format);
    return t('chartSummary', { name, last, highest: present.length === 0 ? '–' : format(Math.max(...present)) });
  });
  return `${title}. ${parts.join('. ')}.`;
}
