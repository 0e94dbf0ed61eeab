/** A number with its original digits: an id of 18 digits is not rounded. */
export class ExactNumber {
  readonly source: string;
  constructor(source: string) {
    this.source = source;
  }
  toJSON(): unknown {
    const { rawJSON } = JSON as unknown as { rawJSON?: (text: string) => unknown };
    // A browser without this function shows the digits in quotes.
    return rawJSON === undefined ? this.source : rawJSON(this.source);
  }
}

type Reviver = (key: string, value: unknown, context?: { source?: string }) => unknown;

/** Keeps the numbers for which `isKept` returns true as `ExactNumber`. Throws `SyntaxError`. */
function parseWith(text: string, isKept: (source: string, value: number) => boolean): unknown {
  const reviver: Reviver = (_key, value, context) =>
    typeof value === 'number' && context?.source !== undefined && isKept(context.source, value)
      ? new ExactNumber(context.source)
      : value;
  return JSON.parse(text, reviver as (key: string, value: unknown) => unknown);
}

/** All numbers keep their original text. Throws `SyntaxError`. */
export function parseAsWritten(text: string): unknown {
  return parseWith(text, (source, value) => String(value) !== source);
}

/** Numbers that a double cannot represent keep their digits; all others become numbers. Throws `SyntaxError`. */
export function parseAnswer(text: string): unknown {
  if (!/[\d.]{16}|\de/i.test(text)) return JSON.parse(text);
  return parseWith(text, isRounded);
}

/** More digits than a double holds, or outside its range. */
function isRounded(source: string, value: number): boolean {
  if (!Number.isFinite(value)) return true;
  const digits = source.replace(/e.*$/i, '').replaceAll(/[-.]/g, '').replace(/^0+/, '');
  return digits.length > 15 && String(value) !== source;
}
