/** A service's own time-out and retries, in place of the process's defaults. */
import { isObject } from '../encodings/tolerant.ts';
import { type InputFault, type Words, words } from '../errors.ts';

export interface ServiceTerms {
  /** Per attempt. */
  readonly timeoutMs: number | null;
  /** After the first attempt. */
  readonly maxRetries: number | null;
  readonly breaker: BreakerTerms;
}

export interface BreakerTerms {
  readonly failuresInARow: number | null;
  readonly openMs: number | null;
}

interface Range {
  readonly from: number;
  readonly to: number;
  readonly isWhole: boolean;
  readonly words: Words;
}

/** Same ranges as `REQUEST_TIMEOUT_SECONDS` and `REQUEST_MAX_RETRIES`. */
const timeoutSeconds: Range = {
  from: 0.05,
  to: 300,
  isWhole: false,
  words: words('must be seconds, 0.05 to 300', 'ожидаются секунды, от 0.05 до 300'),
};
const maxRetries: Range = {
  from: 0,
  to: 10,
  isWhole: true,
  words: words('must be a whole number, 0 to 10', 'ожидается целое число от 0 до 10'),
};
const failuresInARow: Range = {
  from: 1,
  to: 1_000,
  isWhole: true,
  words: words('must be a whole number, 1 to 1000', 'ожидается целое число от 1 до 1000'),
};
const openSeconds: Range = {
  from: 0.1,
  to: 3_600,
  isWhole: false,
  words: words('must be seconds, 0.1 to 3600', 'ожидаются секунды, от 0.1 до 3600'),
};

type Config = Readonly<Record<string, unknown>>;

/** Parsed once per configuration, because each attempt needs it. */
const known = new WeakMap<Config, ServiceTerms>();

/** Invalid values count as missing: `faultsOfTerms` refuses them before they are stored. */
export function termsOf({ config }: { readonly config: Config }): ServiceTerms {
  let terms = known.get(config);
  if (terms === undefined) {
    terms = readTerms(config);
    known.set(config, terms);
  }
  return terms;
}

function readTerms(config: Config): ServiceTerms {
  const breaker = isObject(config.breaker) ? config.breaker : {};
  return {
    timeoutMs: milliseconds(valueIn(config.timeout_seconds, timeoutSeconds)),
    maxRetries: valueIn(config.max_retries, maxRetries),
    breaker: {
      failuresInARow: valueIn(breaker.failures_in_a_row, failuresInARow),
      openMs: milliseconds(valueIn(breaker.open_seconds, openSeconds)),
    },
  };
}

export function faultsOfTerms(config: Readonly<Record<string, unknown>>): InputFault[] {
  const { breaker } = config;
  const ofBreaker = isObject(breaker) ? breaker : null;
  return [
    ...faultOf(config.timeout_seconds, timeoutSeconds, 'config.timeout_seconds'),
    ...faultOf(config.max_retries, maxRetries, 'config.max_retries'),
    ...(breaker !== undefined && ofBreaker === null
      ? [
          {
            path: 'config.breaker',
            ...words(
              'must be an object {failures_in_a_row, open_seconds}',
              'ожидается объект {failures_in_a_row, open_seconds}',
            ),
          },
        ]
      : []),
    ...faultOf(ofBreaker?.failures_in_a_row, failuresInARow, 'config.breaker.failures_in_a_row'),
    ...faultOf(ofBreaker?.open_seconds, openSeconds, 'config.breaker.open_seconds'),
  ];
}

function faultOf(value: unknown, range: Range, path: string): InputFault[] {
  return value === undefined || valueIn(value, range) !== null ? [] : [{ path, ...range.words }];
}

function valueIn(value: unknown, { from, to, isWhole }: Range): number | null {
  if (typeof value !== 'number' || !(value >= from && value <= to)) return null;
  return isWhole && !Number.isInteger(value) ? null : value;
}

function milliseconds(seconds: number | null): number | null {
  return seconds === null ? null : Math.round(seconds * 1000);
}
