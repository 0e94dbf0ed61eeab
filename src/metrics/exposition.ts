/** Registers cells as prom-client metrics, which read their values at each scrape. */
import type { Metric, Registry } from 'prom-client';
import type { Cells, CounterCell, HistogramCell } from './cells.ts';

interface Sample {
  readonly value: number;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly metricName?: string;
}

interface Family {
  readonly name: string;
  readonly help: string;
}

function register(registry: Registry, type: string, family: Family, samples: () => Sample[]): void {
  const metric = {
    ...family,
    get: async () => ({ ...family, type, aggregator: 'sum', values: samples() }),
    // Called by `registry.resetMetrics()`, which this program does not use.
    reset: () => {},
  };
  registry.registerMetric(metric as unknown as Metric);
}

function labelsOf(names: readonly string[], values: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name, index) => [name, values[index] ?? '']));
}

/** Registers a counter. */
export function exposeCounters(
  registry: Registry,
  family: Family,
  labelNames: readonly string[],
  cells: Cells<CounterCell>,
): void {
  register(registry, 'counter', family, () =>
    Array.from(cells.entries(), ([values, cell]) => ({ value: cell.value, labels: labelsOf(labelNames, values) })),
  );
}

/** Registers a gauge whose values are calculated at each scrape. */
export function exposeGauges(registry: Registry, family: Family, samples: () => Sample[]): void {
  register(registry, 'gauge', family, samples);
}

/** Registers a histogram. */
export function exposeHistograms(
  registry: Registry,
  family: Family,
  labelNames: readonly string[],
  boundsAscending: readonly number[],
  cells: Cells<HistogramCell>,
): void {
  register(registry, 'histogram', family, () =>
    Array.from(cells.entries()).flatMap(([values, cell]) => {
      const labels = labelsOf(labelNames, values);
      let cumulative = 0;
      const buckets = Array.from(cell.counts, (count, index) => {
        cumulative += count;
        const le = boundsAscending[index] ?? '+Inf';
        return { value: cumulative, labels: { ...labels, le }, metricName: `${family.name}_bucket` };
      });
      return [
        ...buckets,
        { value: cell.sum, labels, metricName: `${family.name}_sum` },
        { value: cumulative, labels, metricName: `${family.name}_count` },
      ];
    }),
  );
}
