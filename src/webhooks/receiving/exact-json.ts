/**
 * JSON whose numbers keep all their digits: a 64-bit id as a number, read as JavaScript reads it, becomes its neighbour's,
 * and would be passed on as such. Those that a double cannot hold stay the text that they are (ECMAScript's raw JSON),
 * which `JSON.stringify` writes as it stands.
 */

/** ECMA-262's JSON.parse source text access, which Node has and the compiler does not know yet. */
interface SourceAccess {
  parse(
    text: string,
    reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
  ): unknown;
  rawJSON(text: string): object;
  isRawJSON(value: unknown): value is { readonly rawJSON: string };
}
const json = JSON as unknown as SourceAccess;

/** What may not fit into a double: 16 digits, or an exponent of three. Rare, so most texts are parsed without a reviver. */
const maybeInexact = /[\d.]{16}|[eE]\+?\d{3}/;
const exactDigits = 15;

/** Throws `SyntaxError`. */
export function parseExactly(text: string): unknown {
  if (!maybeInexact.test(text)) return JSON.parse(text);
  return json.parse(text, (_key, value, { source = '' }) =>
    typeof value === 'number' && (source.length > exactDigits || !Number.isFinite(value)) && String(value) !== source
      ? json.rawJSON(source)
      : value,
  );
}

/** The digits of a number as they were sent; null for anything else. */
export function numberText(value: unknown): string | null {
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : null;
  return json.isRawJSON(value) ? value.rawJSON : null;
}
