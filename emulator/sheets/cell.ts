/** One cell: its input, its value, its display. */
import { type Customs, customsOf, type NumberFormat, typedDate, typedNumber } from './typed.ts';

export type CellValue = string | number | boolean;

export interface Cell {
  readonly value: CellValue;
  /** Including its `=`. */
  readonly formula?: string;
  readonly format?: NumberFormat;
}

/** Day 0 of serial dates. */
const epochMs = Date.UTC(1899, 11, 30);

export type RenderOption = 'FORMATTED_VALUE' | 'UNFORMATTED_VALUE' | 'FORMULA';
export type DateTimeOption = 'SERIAL_NUMBER' | 'FORMATTED_STRING';

export function renderCell(
  cell: Cell | undefined,
  option: RenderOption,
  dateTime: DateTimeOption,
  locale = 'en_US',
): CellValue {
  if (cell === undefined) return '';
  if (option === 'FORMATTED_VALUE') return formatted(cell, customsOf(locale));
  if (option === 'FORMULA' && cell.formula !== undefined) return cell.formula;
  const isDate = cell.format === 'date' || cell.format === 'time' || cell.format === 'date_time';
  return isDate && dateTime === 'FORMATTED_STRING' ? formatted(cell, customsOf(locale)) : cell.value;
}

function formatted({ value, format }: Cell, customs: Customs): string {
  if (typeof value === 'boolean') return value ? 'TRUE' : 'FALSE';
  if (typeof value === 'string') return value;
  switch (format) {
    case 'date':
      return dateOf(value, customs);
    case 'time':
      return timeOf(value);
    case 'date_time':
      return `${dateOf(value, customs)} ${timeOf(value)}`;
    case 'percent':
      return `${Math.round(value * 100)}%`;
    case 'percent_decimals':
      return `${withDecimals((value * 100).toFixed(2), customs)}%`;
    case 'currency':
      return `${value < 0 ? '-' : ''}$${withThousands(Math.abs(value), customs)}`;
    case 'thousands':
      return withThousands(value, customs);
    default:
      return withDecimals(plainNumber(value), customs);
  }
}

/** The general format shows at most ten digits after the point. */
function plainNumber(value: number): string {
  return String(Number.isInteger(value) ? value : Number(value.toFixed(10)));
}

function withThousands(value: number, customs: Customs): string {
  const english = value.toLocaleString('en-US', { maximumFractionDigits: 2 });
  return english.replace(/[.,]/g, (mark) => (mark === ',' ? customs.group : customs.decimal));
}

function withDecimals(digits: string, { decimal }: Customs): string {
  return digits.replace('.', decimal);
}

/** en_US shows dates as `2026-03-05`, as recorded. */
function dateOf(serial: number, { date }: Customs): string {
  const [year, month, day] = instant(serial).slice(0, 10).split('-');
  if (date === 'us') return `${year}-${month}-${day}`;
  return [day, month, year].join(date === 'dots' ? '.' : '/');
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

/** USER_ENTERED: as if typed into a sheet of this locale. Formulas keep their text; the sheet computes their value. */
export function enterTyped(value: CellValue, locale = 'en_US'): Cell | undefined {
  if (typeof value !== 'string') return { value };
  if (value === '') return undefined;
  if (value.startsWith("'")) return { value: value.slice(1) };
  if (value.startsWith('=') && value.length > 1) return { value: '', formula: value };
  const text = value.trim();
  const customs = customsOf(locale);
  if (/^(true|false)$/i.test(text)) return { value: text.toLowerCase() === 'true' };
  if (customs.yes === text.toLowerCase() || customs.no === text.toLowerCase()) {
    return { value: customs.yes === text.toLowerCase() };
  }
  return typedNumber(text, customs) ?? typedDate(text, customs) ?? { value };
}
