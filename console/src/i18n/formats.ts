/** Numbers, money, sizes and times in the reader's format and time zone. One formatter of each kind per language. */
import type { Language } from './messages.ts';

export interface Formats {
  readonly timeZone: string;
  number(value: number): string;
  /** `12.4K`. */
  compact(value: number): string;
  /** For a share from 0 to 1. */
  percent(share: number): string;
  /** A share with its sign: `+12%`. */
  change(share: number): string;
  signed(value: number): string;
  usd(value: number): string;
  /** Milliseconds; from one second on, seconds. */
  duration(ms: number): string;
  bytes(count: number): string;
  /** `14:03:22`, with the date if it is not today. */
  time(iso: string): string;
  /** To the millisecond, with the date if it is not today. */
  timeMs(iso: string): string;
  dateTime(iso: string): string;
  day(iso: string): string;
  utc(iso: string): string;
  relative(iso: string, nowMs?: number): string;
  span(seconds: number): string;
}

const dayMs = 86_400_000;

export function createFormats(language: Language): Formats {
  const locale = language === 'ru' ? 'ru-RU' : 'en-GB';
  const { timeZone } = new Intl.DateTimeFormat().resolvedOptions();
  const clock = { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' } as const;
  const number = new Intl.NumberFormat(locale, { maximumFractionDigits: 2 });
  const compact = new Intl.NumberFormat(locale, { notation: 'compact', maximumFractionDigits: 1 });
  const percent = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 1 });
  const change = new Intl.NumberFormat(locale, {
    style: 'percent',
    maximumFractionDigits: 0,
    signDisplay: 'exceptZero',
    notation: 'compact',
  });
  const signed = new Intl.NumberFormat(locale, { maximumFractionDigits: 1, signDisplay: 'exceptZero' });
  const usd = new Intl.NumberFormat(locale, { style: 'currency', currency: 'USD', currencyDisplay: 'narrowSymbol' });
  const usdFine = new Intl.NumberFormat(locale, {
    style: 'currency',
    currency: 'USD',
    currencyDisplay: 'narrowSymbol',
    maximumFractionDigits: 4,
  });
  const usdTiny = new Intl.NumberFormat(locale, {
    style: 'currency',
    currency: 'USD',
    currencyDisplay: 'narrowSymbol',
    maximumSignificantDigits: 2,
  });
  const percentTiny = new Intl.NumberFormat(locale, { style: 'percent', maximumSignificantDigits: 1 });
  const unit = (name: string, digits = 1) =>
    new Intl.NumberFormat(locale, { style: 'unit', unit: name, maximumFractionDigits: digits });
  const short = (name: string, digits: number) =>
    new Intl.NumberFormat(locale, { style: 'unit', unit: name, unitDisplay: 'narrow', maximumFractionDigits: digits });
  const ms = short('millisecond', 0);
  const seconds = short('second', 1);
  const minutes = unit('minute', 0);
  const hours = unit('hour', 0);
  const days = unit('day', 0);
  const byteUnits = [unit('byte', 0), unit('kilobyte'), unit('megabyte'), unit('gigabyte')];
  const time = new Intl.DateTimeFormat(locale, clock);
  const timeMs = new Intl.DateTimeFormat(locale, { ...clock, fractionalSecondDigits: 3 });
  const dayTimeMs = new Intl.DateTimeFormat(locale, {
    day: 'numeric',
    month: 'short',
    ...clock,
    fractionalSecondDigits: 3,
  });
  const dayTime = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', ...clock });
  const dateTime = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', year: 'numeric', ...clock });
  const day = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' });
  const utc = new Intl.DateTimeFormat(locale, {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    ...clock,
    timeZone: 'UTC',
    timeZoneName: 'short',
  });
  // Never "yesterday" or "tomorrow": those are days of the calendar, and this counts hours.
  const relative = new Intl.RelativeTimeFormat(locale, { style: 'short' });
  const now = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' }).format(0, 'second');
  const steps = [
    { unit: 'day', ms: dayMs },
    { unit: 'hour', ms: 3_600_000 },
    { unit: 'minute', ms: 60_000 },
    { unit: 'second', ms: 1_000 },
  ] as const;
  const guarded =
    (render: (date: Date) => string) =>
    (iso: string): string => {
      const date = new Date(iso);
      return Number.isNaN(date.getTime()) ? iso : render(date);
    };
  const isToday = (date: Date): boolean => date.toDateString() === new Date().toDateString();

  /** A number and its unit stay on one line. */
  const unbroken = (text: string): string => text.replaceAll(' ', '\u00a0');

  return {
    timeZone,
    number: (value) => number.format(value),
    compact: (value) => (Math.abs(value) < 10_000 ? number.format(value) : compact.format(value)),
    // One failure among very many calls is not none.
    percent: (share) => (share > 0 && share < 0.0005 ? percentTiny : percent).format(share),
    change: (share) => change.format(share),
    signed: (value) => signed.format(value),
    usd(value) {
      const size = Math.abs(value);
      // A price of a small fraction of a cent is not zero.
      return (size === 0 || size >= 1 ? usd : size < 0.01 ? usdTiny : usdFine).format(value);
    },
    duration: (value) => unbroken(value < 1_000 ? ms.format(value) : seconds.format(value / 1_000)),
    bytes(count) {
      const power = count < 1_000 ? 0 : Math.min(3, Math.floor(Math.log10(count) / 3));
      // English has no short unit for bytes.
      if (power === 0 && language === 'en') return `${number.format(count)}\u00a0B`;
      return unbroken((byteUnits[power] as Intl.NumberFormat).format(count / 1_000 ** power));
    },
    time: guarded((date) => (isToday(date) ? time : dayTime).format(date)),
    timeMs: guarded((date) => (isToday(date) ? timeMs : dayTimeMs).format(date)),
    dateTime: guarded((date) => dateTime.format(date)),
    day: guarded((date) => day.format(date)),
    utc: guarded((date) => utc.format(date)),
    relative(iso, nowMs = Date.now()) {
      const distanceMs = Date.parse(iso) - nowMs;
      if (Number.isNaN(distanceMs)) return iso;
      const step = steps.find((one) => Math.abs(distanceMs) >= one.ms);
      return step === undefined ? now : relative.format(Math.round(distanceMs / step.ms), step.unit);
    },
    span(value) {
      if (value < 60) return seconds.format(Math.ceil(value));
      if (value < 5_400) return minutes.format(Math.round(value / 60));
      if (value < 172_800) return hours.format(Math.round(value / 3_600));
      return days.format(Math.round(value / 86_400));
    },
  };
}
