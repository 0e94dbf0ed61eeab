/** One cell: what was typed, what it is worth, how it is shown. */

export type CellValue = string | number | boolean;

/** How a number is shown: as plain digits, or as what it was typed as. */
export type NumberFormat = 'date' | 'time' | 'date_time' | 'percent' | 'percent_decimals' | 'currency' | 'thousands';

export interface Cell {
  readonly value: CellValue;
  /** With its `=`. */
  readonly formula?: string;
  readonly format?: NumberFormat;
}

/** Day 0 of serial dates. */
const epochMs = Date.UTC(1899, 11, 30);
const dayMs = 86_400_000;

export type RenderOption = 'FORMATTED_VALUE' | 'UNFORMATTED_VALUE' | 'FORMULA';
export type DateTimeOption = 'SERIAL_NUMBER' | 'FORMATTED_STRING';

export function renderCell(cell: Cell | undefined, option: RenderOption, dateTime: DateTimeOption): CellValue {
  if (cell === undefined) return '';
  if (option === 'FORMATTED_VALUE') return formatted(cell);
  if (option === 'FORMULA' && cell.formula !== undefined) return cell.formula;
  const isDate = cell.format === 'date' || cell.format === 'time' || cell.format === 'date_time';
  return isDate && dateTime === 'FORMATTED_STRING' ? formatted(cell) : cell.value;
}

function formatted({ value, format }: Cell): string {
  if (typeof value === 'boolean') return value ? 'TRUE' : 'FALSE';
  if (typeof value === 'string') return value;
  switch (format) {
    case 'date':
      return instant(value).slice(0, 10);
    case 'time':
      return timeOf(value);
    case 'date_time':
      return `${instant(value).slice(0, 10)} ${timeOf(value)}`;
    case 'percent':
      return `${Math.round(value * 100)}%`;
    case 'percent_decimals':
      return `${(value * 100).toFixed(2)}%`;
    case 'currency':
      return `${value < 0 ? '-' : ''}$${withThousands(Math.abs(value))}`;
    case 'thousands':
      return withThousands(value);
    default:
      return plainNumber(value);
  }
}

/** The general format shows at most ten digits after the point. */
function plainNumber(value: number): string {
  return String(Number.isInteger(value) ? value : Number(value.toFixed(10)));
}

function withThousands(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 2 });
}

function instant(serial: number): string {
  return new Date(epochMs + Math.round(serial * 86_400) * 1000).toISOString();
}

/** `9:05:00`, as the en_US format shows it without a leading zero. */
function timeOf(serial: number): string {
  return instant(serial)
    .slice(11, 19)
    .replace(/^0(\d)/, '$1');
}

/** RAW: stored as given. */
export function enterRaw(value: CellValue): Cell | undefined {
  return value === '' ? undefined : { value };
}

/** USER_ENTERED: as if typed into the sheet (locale en_US). Formulas keep their text; the sheet works out their value. */
export function enterTyped(value: CellValue): Cell | undefined {
  if (typeof value !== 'string') return { value };
  if (value === '') return undefined;
  if (value.startsWith("'")) return { value: value.slice(1) };
  if (value.startsWith('=') && value.length > 1) return { value: '', formula: value };
  const text = value.trim();
  if (/^(true|false)$/i.test(text)) return { value: text.toLowerCase() === 'true' };
  return typedNumber(text) ?? typedDate(text) ?? { value };
}

function typedNumber(text: string): Cell | undefined {
  const match = /^([+-]?)(\$?)((?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d+)?(?:[eE][+-]?\d+)?)(%?)$/.exec(text);
  const digits = match?.[3] ?? '';
  if (match === null || !/\d/.test(digits) || /^[eE]/.test(digits)) return undefined;
  const size = Number(digits.replaceAll(',', ''));
  if (!Number.isFinite(size)) return undefined;
  const value = match[1] === '-' ? -size : size;
  if (match[4] === '%') return { value: value / 100, format: digits.includes('.') ? 'percent_decimals' : 'percent' };
  if (match[2] === '$') return { value, format: 'currency' };
  return digits.includes(',') ? { value, format: 'thousands' } : { value };
}

function typedDate(text: string): Cell | undefined {
  const match =
    /^(?:(\d{4})-(\d{1,2})-(\d{1,2})|(\d{1,2})\/(\d{1,2})\/(\d{4}))?(?:[ T]?(\d{1,2}):(\d{2})(?::(\d{2}))?)?$/.exec(
      text,
    );
  if (match === null || text === '') return undefined;
  const [, isoYear, isoMonth, isoDay, usMonth, usDay, usYear, hour, minute, second] = match;
  const year = isoYear ?? usYear;
  const days = year === undefined ? 0 : serialDay(Number(year), Number(isoMonth ?? usMonth), Number(isoDay ?? usDay));
  if (days === null || Number(hour ?? 0) > 23 || Number(minute ?? 0) > 59 || Number(second ?? 0) > 59) return undefined;
  const fraction = (Number(hour ?? 0) * 3600 + Number(minute ?? 0) * 60 + Number(second ?? 0)) / 86_400;
  if (hour === undefined) return { value: days, format: 'date' };
  return { value: days + fraction, format: year === undefined ? 'time' : 'date_time' };
}

/** null where the calendar has no such day. */
function serialDay(year: number, month: number, day: number): number | null {
  const at = new Date(Date.UTC(year, month - 1, day));
  if (at.getUTCMonth() !== month - 1 || at.getUTCDate() !== day) return null;
  return (at.getTime() - epochMs) / dayMs;
}
