/** Query values that many lists accept: times, whole numbers and page cursors. */
import Type from 'typebox';
import { readPosition, type TimePosition } from '../../encodings/page-cursor.ts';
import { invalidInput } from '../../errors.ts';

const dayMs = 86_400_000;
const maxNamesLength = 1_000;
const timePattern = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d):(\d\d)(?:\.\d{1,9})?(Z|[+ -]\d\d:\d\d)?)?$/i;

/** A schema for a time; `parseTime` validates it. */
export function timeSchema(description: string) {
  return Type.String({ maxLength: 40, description, examples: ['2026-11-22T07:30:00.000Z', '2026-11-22'] });
}

/** A schema for the number of entries per page. */
export function limitSchema(most: number, usual: number) {
  return Type.Integer({ minimum: 1, maximum: most, default: usual });
}

/** A schema for one or several of `names`; `parseNames` validates it, so that the error can name an unknown one. */
export function namesSchema(names: readonly string[], description = '') {
  const meaning = `Of ${names.map((name) => `\`${name}\``).join(', ')}: one or several, with commas between or repeated.`;
  return Type.Union(
    [
      Type.String({ minLength: 1, maxLength: maxNamesLength }),
      Type.Array(Type.String({ minLength: 1, maxLength: maxNamesLength }), { minItems: 1, maxItems: names.length * 2 }),
    ],
    {
      description: `${meaning} ${description}`.trim(),
      examples: [names[0], names.slice(0, 2).join(',')],
    },
  );
}

export const cursorSchema = Type.String({
  minLength: 1,
  maxLength: 500,
  description: 'The `next_cursor` of the page before.',
});

/** Each of the given names once. Throws `INVALID_REQUEST` that quotes the first one not among `known`. */
export function parseNames<Name extends string>(
  path: string,
  given: string | readonly string[],
  known: readonly Name[],
): Name[] {
  const names = [given].flat().flatMap((text) => text.split(',').map((name) => name.trim()));
  const found = names.map((name) => {
    const one = known.find((each) => each === name);
    if (one === undefined) {
      throw invalidInput(
        path,
        `must be of ${known.join(', ')}, with commas between; "${name.slice(0, 100)}" is none of them`,
        `ожидается из ${known.join(', ')} через запятую; «${name.slice(0, 100)}» среди них нет`,
      );
    }
    return one;
  });
  return [...new Set(found)];
}

/** The position in a cursor; null: the first page. Throws `INVALID_REQUEST` for an invalid cursor. */
export function positionOf(cursor: string | undefined): TimePosition | null {
  if (cursor === undefined) return null;
  const position = readPosition(cursor);
  if (position === null)
    throw invalidInput('cursor', 'is not a cursor of this service', 'это не метка страницы этого сервиса');
  return position;
}

/**
 * Unix milliseconds of an RFC 3339 time, or of the start of a day (`2026-11-22`, UTC). A time without an offset is UTC,
 * and a blank before the offset is a `+` that the query did not encode. A leap second (RFC 3339, 5.7) is the moment
 * after it. Throws `INVALID_REQUEST` for everything else: days that do not exist, and years that no store can hold.
 */
export function parseTime(path: string, text: string): number {
  const match = timePattern.exec(text.trim());
  const atMs = match === null ? Number.NaN : momentOf(match);
  const year = Number(match?.[1]);
  if (match === null || Number.isNaN(atMs) || year < 1970 || year > 9998 || !isCalendarDay(match)) {
    throw invalidInput(
      path,
      'must be a time like 2026-11-22T07:30:00Z, or a day like 2026-11-22',
      'ожидается время вида 2026-11-22T07:30:00Z или день вида 2026-11-22',
    );
  }
  return atMs;
}

/** Like `parseTime`, for the exclusive end of a period; a day without a time is included in full. */
export function parseEndTime(path: string, text: string): number {
  return parseTime(path, text) + (/^\d{4}-\d\d-\d\d$/.test(text.trim()) ? dayMs : 0);
}

/** Throws `INVALID_REQUEST` if the end is not after the start. */
export function requireOrder(fromMs: number | undefined, toMs: number | undefined): void {
  if (fromMs !== undefined && toMs !== undefined && toMs <= fromMs) {
    throw invalidInput('to_date', 'must be later than from_date', 'конец должен быть позже начала');
  }
}

/** For a period of whole days, of which the last is included. Throws `INVALID_REQUEST` if it ends before it begins. */
export function requireDayOrder(fromDay: string, toDay: string): void {
  if (toDay < fromDay)
    throw invalidInput('to_date', 'must not be before from_date', 'конец не может быть раньше начала');
}

/** NaN if there is no such moment. Date.parse refuses second 60, which exists only as the last second of a UTC day. */
function momentOf(match: RegExpExecArray): number {
  if (match[6] !== '60') return Date.parse(completed(match));
  const afterMs = Date.parse(completed(match).replace(/:60(?:\.\d+)?/, ':59')) + 1000;
  return afterMs % dayMs === 0 ? afterMs : Number.NaN;
}

function completed([whole, , , , hour, , , offset]: RegExpExecArray): string {
  if (hour === undefined) return `${whole}T00:00:00Z`;
  if (offset === undefined) return `${whole}Z`;
  return offset.startsWith(' ') ? `${whole.slice(0, -offset.length)}+${offset.slice(1)}` : whole;
}

/** Date.parse accepts 30 February as 2 March. */
function isCalendarDay([, year, month, day]: RegExpExecArray): boolean {
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  return date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day);
}
