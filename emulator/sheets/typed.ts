/** Interprets typed input by the spreadsheet's locale: `1,5` is a number in Russian, and text in English. */

/** How a number is displayed: as plain digits, or in the format in which it was typed. */
export type NumberFormat = 'date' | 'time' | 'date_time' | 'percent' | 'percent_decimals' | 'currency' | 'thousands';

export interface Typed {
  readonly value: number;
  readonly format?: NumberFormat;
}

export interface Customs {
  readonly decimal: '.' | ',';
  /** Between thousands. */
  readonly group: string;
  /** `us`: month/day/year; `dots`: day.month.year; `slashes`: day/month/year. */
  readonly date: 'us' | 'dots' | 'slashes';
  readonly yes?: string;
  readonly no?: string;
}

const english: Customs = { decimal: '.', group: ',', date: 'us' };
const russian: Customs = { decimal: ',', group: '\u00a0', date: 'dots', yes: 'истина', no: 'ложь' };
const byLocale: Readonly<Record<string, Customs>> = {
  en_US: english,
  en_GB: { ...english, date: 'slashes' },
  en_IN: { ...english, date: 'slashes' },
  ru: russian,
  uk: { ...russian, yes: 'істина', no: 'хибність' },
  uz: { decimal: ',', group: '\u00a0', date: 'slashes' },
  kk: { decimal: ',', group: '\u00a0', date: 'dots' },
  de: { decimal: ',', group: '.', date: 'dots', yes: 'wahr', no: 'falsch' },
  tr: { decimal: ',', group: '.', date: 'dots' },
  pl: { decimal: ',', group: '\u00a0', date: 'dots' },
  fr: { decimal: ',', group: '\u00a0', date: 'slashes', yes: 'vrai', no: 'faux' },
  es: { decimal: ',', group: '.', date: 'slashes' },
  it: { decimal: ',', group: '.', date: 'slashes' },
  pt: { decimal: ',', group: '.', date: 'slashes' },
};

/** By the whole locale, then by its language; unknown ones count as English. */
export function customsOf(locale: string): Customs {
  return byLocale[locale] ?? byLocale[locale.split(/[_-]/)[0] as string] ?? english;
}

export function typedNumber(text: string, { decimal, group }: Customs): Typed | undefined {
  const canonical = canonicalNumber(text, decimal, group);
  if (canonical === null) return undefined;
  const match = /^([+-]?)(\$?)((?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d+)?(?:[eE][+-]?\d+)?)(%?)$/.exec(canonical);
  const digits = match?.[3] ?? '';
  if (match === null || !/\d/.test(digits) || /^[eE]/.test(digits)) return undefined;
  const size = Number(digits.replaceAll(',', ''));
  if (!Number.isFinite(size)) return undefined;
  const value = match[1] === '-' ? -size : size;
  if (match[4] === '%') return { value: value / 100, format: digits.includes('.') ? 'percent_decimals' : 'percent' };
  if (match[2] === '$') return { value, format: 'currency' };
  return digits.includes(',') ? { value, format: 'thousands' } : { value };
}

/** `1 234,5` and `1.234,5` as `1,234.5`; null if a separator has another meaning in this locale. */
function canonicalNumber(text: string, decimal: string, group: string): string | null {
  const isSpaced = group === '\u00a0';
  const grouped = isSpaced ? text.replaceAll(/(?<=\d)[ \u00a0\u202f](?=\d{3}(?!\d))/g, '\u00a0') : text;
  if (/[^\d.,\u00a0eE%$+-]/.test(grouped)) return null;
  if (decimal === ',' && isSpaced && grouped.includes('.')) return null;
  return grouped.replaceAll(/[.,\u00a0]/g, (mark) => (mark === decimal ? '.' : ','));
}

const epochMs = Date.UTC(1899, 11, 30);
const dayMs = 86_400_000;

export function typedDate(text: string, { date }: Customs): Typed | undefined {
  const match =
    /^(?:(\d{4})-(\d{1,2})-(\d{1,2})|(\d{1,2})([/.])(\d{1,2})\5(\d{4}))?(?:[ T]?(\d{1,2}):(\d{2})(?::(\d{2}))?)?$/.exec(
      text,
    );
  if (match === null || text === '') return undefined;
  const [, isoYear, isoMonth, isoDay, first, mark, second, localYear, hour, minute, seconds] = match;
  if (mark === '.' && date !== 'dots') return undefined;
  const [month, day] = date === 'us' ? [first, second] : [second, first];
  const year = isoYear ?? localYear;
  const days = year === undefined ? 0 : serialDay(Number(year), Number(isoMonth ?? month), Number(isoDay ?? day));
  if (days === null || Number(hour ?? 0) > 23 || Number(minute ?? 0) > 59 || Number(seconds ?? 0) > 59)
    return undefined;
  const fraction = (Number(hour ?? 0) * 3600 + Number(minute ?? 0) * 60 + Number(seconds ?? 0)) / 86_400;
  if (hour === undefined) return { value: days, format: 'date' };
  return { value: days + fraction, format: year === undefined ? 'time' : 'date_time' };
}

/** null if the day does not exist. */
function serialDay(year: number, month: number, day: number): number | null {
  const at = new Date(Date.UTC(year, month - 1, day));
  if (at.getUTCMonth() !== month - 1 || at.getUTCDate() !== day) return null;
  return (at.getTime() - epochMs) / dayMs;
}
