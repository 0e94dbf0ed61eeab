/** Formats numbers like Grafana, in the units of our dashboards. */

const scaled = (value: number, base: number, names: readonly string[], decimals: number): string => {
  const power = value === 0 ? 0 : Math.floor(Math.log(Math.abs(value)) / Math.log(base));
  const step = Math.min(names.length - 1, Math.max(0, power));
  const rest = value / base ** step;
  return `${trimmed(rest, decimals)}${names[step]}`;
};

const trimmed = (value: number, decimals: number): string => String(Number(value.toFixed(decimals)));

const formats: Readonly<Record<string, (value: number, decimals?: number) => string>> = {
  short: (value, decimals = 2) => scaled(value, 1000, ['', ' K', ' Mil', ' Bil'], decimals),
  percentunit: (value, decimals = 1) => `${trimmed(value * 100, decimals)}%`,
  reqps: (value, decimals = 2) => `${trimmed(value, decimals)} req/s`,
  eps: (value, decimals = 2) => `${trimmed(value, decimals)} evt/s`,
  currencyUSD: (value, decimals) => `$${decimals === undefined ? trimmed(value, 2) : value.toFixed(decimals)}`,
  bytes: (value, decimals = 1) => scaled(value, 1024, [' B', ' KiB', ' MiB', ' GiB'], decimals),
  s(value, decimals = 2) {
    if (value === 0) return '0 s';
    if (value < 0.001) return `${trimmed(value * 1e6, decimals)} µs`;
    return value < 1 ? `${trimmed(value * 1000, decimals)} ms` : `${trimmed(value, decimals)} s`;
  },
};

/** Throws for a unit that no dashboard uses yet. */
export function formatUnit(value: number, unit: string, decimals?: number): string {
  const format = formats[unit];
  if (format === undefined) throw new Error(`no format is known for the unit ${unit}`);
  return format(value, decimals);
}
